"""Ports are closed each time a container was started, and a start never fails for them."""

from __future__ import annotations

import asyncio

import pytest

from hubkit.spawner import closed
from hubkit.warden.client import MounterClient
from hubkit.warden.refusals import Reason, Refused

ID = "4f" * 32


class Mounter(MounterClient):
    """Remembers what it was asked to close."""

    def __init__(self):
        self.asked, self.error = [], None

    async def close(self, container, ports):
        self.asked.append((container, list(ports)))
        if self.error == "late":
            await asyncio.sleep(60)
        if self.error:
            raise self.error


@pytest.fixture
def mounter(monkeypatch):
    monkeypatch.setattr(closed, "LONGEST", 0.1)
    return Mounter()


@pytest.fixture
def ada(spawner, mounter):
    made = spawner()
    made.closer = mounter  # not by its configuration, which is copied
    return made


def found(*, started="1", running=True):
    return {"Id": ID, "State": {"Running": running, "StartedAt": started}}


async def test_closed_once(ada, mounter):
    """Of the same process once, however often it is looked at; anew after a restart."""
    for started in "112":
        await ada.runs(found(started=started))

    assert mounter.asked == [(ID, [8888])] * 2


async def test_further_ports(ada, mounter):
    ada.further_ports, ada.port = [8786], 8000

    await ada.close_ports(ID, "1")

    assert mounter.asked == [(ID, [8000, 8786])]


@pytest.mark.parametrize(
    ("trait", "running"),
    [({"further_ports": None}, True), ({"closer": None}, True), ({}, False)],
    ids=["all open", "nobody closes", "it has ended"],
)
async def test_nothing_to_close(ada, mounter, trait, running):
    for name, value in trait.items():
        setattr(ada, name, value)

    await ada.runs(found(running=running))

    assert mounter.asked == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(Refused(Reason.FAILED, "no nftables"), "no nftables", id="refused"),
        pytest.param("late", "the mounter takes too long", id="stuck"),
    ],
)
async def test_stays_open(ada, mounter, caplog, error, words):
    """The server goes on; the log says so once, and the next look tries again."""
    mounter.error = error

    for _ in range(2):
        await ada.runs(found())

    assert caplog.text.count(f"others on its network reach all its ports: {words}") == 1
    mounter.error = None
    await ada.runs(found())
    await ada.runs(found())
    assert len(mounter.asked) == 3
