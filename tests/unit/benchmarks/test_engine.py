"""Commands end with whoever ran them."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks import engine


async def test_what_a_command_prints_is_returned():
    """Its input is what it is given, or nothing."""
    assert await engine.run("cat", given="a\nb") == "a\nb"
    assert await engine.run("cat") == ""


async def test_an_error_shows_the_last_words():
    """Both of what it printed and what it complained about."""
    with pytest.raises(engine.CommandFailed, match=r"(?s)exit 3.*out.*wrong"):
        await engine.run("sh", "-c", "echo out; echo wrong >&2; exit 3")


async def test_an_error_may_be_of_no_interest():
    """What is removed may be gone already."""
    assert await engine.run("sh", "-c", "echo out; exit 3", check=False) == "out\n"


async def test_a_command_has_a_time_limit():
    """Nothing hangs for ever."""
    with pytest.raises(engine.CommandFailed, match=r"not done after 0.2 s"):
        await engine.run("sleep", "60", seconds=0.2)


async def test_a_cancelled_command_takes_along_what_it_runs(tmp_path):
    """After Ctrl-C nobody goes on making what is being removed."""
    made = tmp_path / "made"
    script = f"(sleep 1; touch {made}) & wait"
    task = asyncio.create_task(engine.run("sh", "-c", script))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(1.2)

    assert not made.exists()


async def test_a_make_above_leaves_no_traces(monkeypatch):
    """A make within would print more than it does for a person."""
    monkeypatch.setenv("MAKELEVEL", "1")

    assert "MAKELEVEL" not in await engine.run("env")
