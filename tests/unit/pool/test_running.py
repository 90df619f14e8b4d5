"""The pool begins when the hub is up, and not when its configuration is merely read."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from traitlets.config import Config

from hubkit import pool
from hubkit.pool import control, running
from hubkit.settings import Settings
from tests.unit.pool.conftest import LAB
from tests.unit.pool.engine import FakeEngine, FakeMounter, FakeSource


class FakeHub:
    """A hub that is up once it listens."""

    http_server, tornado_settings = None, {"base_url": "/"}
    there = False

    @classmethod
    def initialized(cls):
        return cls.there

    @classmethod
    def instance(cls):
        assert cls.there
        return cls


@pytest.fixture
def hub(monkeypatch):
    """A hub that is not up yet, and what the pool of it asks."""
    monkeypatch.setattr(running, "AGAIN", 0.01)
    monkeypatch.setattr(running, "JupyterHub", FakeHub)
    monkeypatch.setattr(FakeHub, "there", False)
    monkeypatch.setattr(FakeHub, "http_server", None)
    engine = FakeEngine()
    monkeypatch.setattr(running, "PoolEngine", lambda *_: engine)
    monkeypatch.setattr(running, "MounterClient", lambda _: FakeMounter())
    monkeypatch.setattr(running.nobody, "Nobody", lambda *_: FakeSource(LAB))
    monkeypatch.setattr(running.nobody, "spawner", lambda _: SimpleNamespace(client=1))
    return engine


def test_configuration_only_read():
    """`make check` makes no container, and finds no mistake in that."""
    c = Config()
    made = pool.configure(c, Settings.from_env({"POOL_SIZE": "3", "POOL_CAPACITY": "9"}))

    assert c.KitSpawner.pool is made
    assert (made.on, made.capacity, made.kept) == (True, 9, None)


@pytest.mark.parametrize(
    ("env", "on"),
    [
        pytest.param({}, True, id="by default"),
        pytest.param({"POOL_SIZE": "0"}, False, id="off"),
        pytest.param({"POOL_SIZE": "0", "POOL_SCHEDULE": "Mon 8:00-9:00 3"}, True, id="at times"),
        pytest.param({"SERVER_TUNING": "false"}, False, id="without the launcher"),
        pytest.param({"SERVER_COMMAND": "app {port}"}, False, id="a program"),
    ],
)
def test_on(env, on):
    """Nothing waits where nothing is to wait, or where no launcher may be placed."""
    assert pool.configure(Config(), Settings.from_env(env)).on == on


@pytest.mark.parametrize("size", ["1", "0"], ids=["on", "off"])
async def test_begins_with_the_hub(hub, tmp_path, monkeypatch, size):
    """Nothing is asked before the hub listens; then the pool is filled and can be asked."""
    socket = tmp_path / "pool.socket"
    monkeypatch.setattr(running.control, "SOCKET", socket)
    made = pool.configure(Config(), Settings.from_env({"POOL_SIZE": size}))
    await asyncio.sleep(0.05)
    FakeHub.there = True
    await asyncio.sleep(0.05)
    assert not hub.asked

    FakeHub.http_server = "listening"

    async def asked():
        while len(made.members) < int(size) or not hub.asked:
            await asyncio.sleep(0.01)

    await asyncio.wait_for(asked(), 20)
    answer = await asyncio.to_thread(control.ask, socket, do="list")
    assert len(answer["images"]) == int(size)
    made.kept.cancel()
    await asyncio.wait([made.kept])
    assert made.kept.cancelled()
