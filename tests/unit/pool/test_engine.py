"""The pool asks the engine in the threads of the hub."""

from __future__ import annotations

import threading

import pytest

from hubkit.pool.engine import PoolEngine
from hubkit.spawner.calls import Calls, EngineSilent


class Client:
    """Says what it was asked, and in which thread."""

    def inspect_container(self, name, **words):
        return name, words, threading.current_thread().name

    def rename(self):
        raise KeyError("refused")


@pytest.fixture
def engine():
    return PoolEngine(Client(), Calls(2))


async def test_docker(engine):
    """A method of the client is called with what was given, beside the hub's loop."""
    name, words, thread = await engine.docker("inspect_container", "x", size=True)

    assert (name, words) == ("x", {"size": True})
    assert thread != threading.current_thread().name


async def test_errors(engine):
    """What the engine refuses is raised."""
    with pytest.raises(KeyError):
        await engine.docker("rename")


async def test_asking(engine):
    """Several calls may be one step, with the time limit of the method that says so."""
    assert await engine.asking("put_archive", lambda *words: words, 1, 2) == (1, 2)


async def test_time_limit(engine, monkeypatch):
    """No call lasts for ever."""
    over = threading.Event()
    monkeypatch.setattr("hubkit.pool.engine.limit_of", lambda _: 0.05)

    with pytest.raises(EngineSilent):
        await engine.asking("put_archive", over.wait)
    over.set()
