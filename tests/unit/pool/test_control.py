"""`hubkit pool` reaches the hub that runs, and nobody else does."""

from __future__ import annotations

import asyncio
import stat

import pytest

from hubkit.errors import HubkitError
from hubkit.pool import control


@pytest.fixture
async def asked(site, tmp_path):
    """Return a pool, and a function that asks the hub about it."""
    lab, path = site(1), tmp_path / "pool.socket"
    await lab.work()
    server = await control.serve(lab.pool, path)

    async def ask(**words):
        return await asyncio.to_thread(control.ask, path, **words)

    ask.path = path
    yield lab, ask
    server.close()
    await server.wait_closed()


async def test_list(asked):
    _, ask = asked

    answer = await ask(do="list")

    [one] = answer["images"]
    assert (answer["why"], one["image"], one["ready"]) == ("", "lab:1", 1)


async def test_resize(asked):
    """Another size is in effect when the answer is there."""
    lab, ask = asked

    assert await ask(do="resize", image="lab:1", size=4) == {}
    assert lab.pool.size("lab:1") == 4


async def test_drain(asked):
    lab, ask = asked

    assert await ask(do="drain", image="lab:1") == {"count": 1}
    assert all(map(lab.pool.is_replaced, lab.pool.members))


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        pytest.param({"do": "drain", "image": "r:1"}, "images are: lab:1", id="unknown image"),
        pytest.param({"do": "resize", "image": "lab:1", "size": -1}, "not understood", id="size"),
        pytest.param({"do": "dance"}, "not understood", id="unknown word"),
    ],
)
async def test_refused(asked, words, wrong):
    _, ask = asked

    with pytest.raises(HubkitError, match=wrong):
        await ask(**words)


@pytest.mark.parametrize(
    ("line", "wrong"), [(b"{", "no JSON"), (b"[]", "no object"), (b"\xff", "no JSON")]
)
async def test_other_lines(site, line, wrong):
    """Whatever comes is answered."""
    assert wrong in control.answered(site(1).pool, line)["error"]


async def test_only_the_hub_itself(asked):
    """No other account can open the socket."""
    _, ask = asked

    assert stat.S_IMODE(ask.path.stat().st_mode) == 0o600


async def test_silent_client(asked, monkeypatch):
    """Who says nothing is not waited for."""
    _, ask = asked
    monkeypatch.setattr(control, "LONGEST", 0.05)
    reader, writer = await asyncio.open_unix_connection(str(ask.path))

    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_after_a_crash(site, tmp_path):
    """A socket an earlier run of the hub left does not get in the way."""
    path = tmp_path / "pool.socket"
    first = await control.serve(site(1).pool, path)
    second = await control.serve(site(1).pool, path)

    assert (await asyncio.to_thread(control.ask, path, do="list"))["images"] == []
    for server in (first, second):
        server.close()
        await server.wait_closed()


def test_no_hub(tmp_path):
    """Without a hub the command says what to do."""
    with pytest.raises(HubkitError, match="the hub does not answer"):
        control.ask(tmp_path / "none", do="list")
