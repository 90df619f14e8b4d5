"""When the hub begins to lay out files, and for whose images."""

from __future__ import annotations

import asyncio

import pytest
from docker.errors import DockerException

from hubkit import stack
from hubkit.pool import nobody
from hubkit.services import lab
from hubkit.settings import Settings


def test_configuration_only_read():
    """`make check` begins nothing."""
    lab.configure(Settings.from_env({}))

    assert lab._kept == set()


async def test_an_engine_that_does_not_answer_yet(monkeypatch, tmp_path):
    """It is asked again."""
    tries, begun = [], asyncio.Event()

    async def up():
        return {"base_url": "/"}

    async def run(self):
        begun.set()

    def spawner(settings):
        tries.append(settings)
        if len(tries) < 3:
            raise DockerException("no answer")
        return type("Spawner", (), {"client": 1})

    monkeypatch.setattr(stack, "LAB_FILES", tmp_path)
    monkeypatch.setattr(lab.running, "hub_is_up", up)
    monkeypatch.setattr(lab.running, "AFTER_FAILURE", 0)
    monkeypatch.setattr(lab.nobody, "spawner", spawner)
    monkeypatch.setattr(lab.Keeper, "run", run)

    lab.configure(Settings.from_env({}))
    await asyncio.wait(lab._kept)

    assert begun.is_set()
    assert len(tries) == 3


@pytest.mark.parametrize(
    ("auth", "names"),
    [
        ("native", [nobody.NAME]),
        ("temporary", [nobody.VISITOR]),
        ("native,temporary", [nobody.NAME, nobody.VISITOR]),
    ],
)
async def test_whose_images(monkeypatch, tmp_path, auth, names):
    """Those of whoever may start a server, once the hub is up; it ends with the hub."""
    asked, begun = [], asyncio.Event()

    async def up():
        return {"base_url": "/"}

    async def run(self):
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(stack, "LAB_FILES", tmp_path)
    monkeypatch.setattr(lab.running, "hub_is_up", up)
    monkeypatch.setattr(lab.nobody, "spawner", lambda _: type("Spawner", (), {"client": 1}))
    monkeypatch.setattr(lab.nobody, "Nobody", lambda _, name: asked.append(name))
    monkeypatch.setattr(lab.Keeper, "run", run)

    lab.configure(Settings.from_env({"AUTH": auth}))
    await begun.wait()
    [task] = lab._kept
    task.cancel()
    await asyncio.wait([task])
    await asyncio.sleep(0)

    assert asked == names
    assert lab._kept == set()
