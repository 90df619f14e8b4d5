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

    await ada.runs(found())

    assert mounter.asked == [(ID, [8000, 8786])]


async def test_closed_while_it_waited(ada, mounter):
    """One of the pool comes with its ports closed; after a restart it does not."""
    ada.are_closed(ID, "1")

    await ada.runs(found())
    assert mounter.asked == []
    await ada.runs(found(started="2"))
    assert mounter.asked == [(ID, [8888])]


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


async def test_stays_open(ada, mounter, caplog):
    """It is tried at each look, and said once of each; not of hub and mounter just starting."""
    mounter.error = Refused(Reason.FAILED, "no nftables")
    said = "others on its network reach all its ports: no nftables"

    for count, started in enumerate("12"):
        await ada.runs(found(started=started))
        assert caplog.text.count(said) == count
        for _ in range(3):
            await ada.runs(found(started=started))
        assert caplog.text.count(said) == count + 1

    mounter.error = None
    for _ in range(2):
        await ada.runs(found(started="2"))
    assert len(mounter.asked) == 9


async def test_never_to_be_closed(ada, mounter, caplog):
    """What the mounter will never do is said at once, and not asked for again."""
    mounter.error = Refused(Reason.NOT_ALLOWED, "no network of its own (host)")

    for _ in range(3):
        await ada.runs(found())

    assert caplog.text.count("no network of its own (host)") == 1
    assert len(mounter.asked) == 1


@pytest.mark.parametrize("status", [404, 500])
async def test_a_start_does_not_fail_for_it(ada, mounter, startable, status):
    """An engine that does not say how the new container is leaves it to the next look."""
    ada.object_id = "4f9a"
    startable.answers["GET", "/containers/4f9a/json"] = (status, {"message": "no"})

    await ada.start_object()

    assert mounter.asked == []


async def test_a_start_does_not_wait_for_it(ada, mounter, startable):
    """A mounter that hangs costs it a moment; the next look tries again."""
    ada.object_id, mounter.error = "4f9a", "late"
    state = {"Running": True, "StartedAt": "1"}
    startable.answers["GET", "/containers/4f9a/json"] = (200, {"Id": ID, "State": state})

    await ada.start_object()
    mounter.error = None
    await ada.runs(found())

    assert mounter.asked == [(ID, [8888])] * 2


async def test_closed_at_the_start(ada, mounter, startable):
    ada.object_id = "4f9a"
    state = {"Running": True, "StartedAt": "1"}
    startable.answers["GET", "/containers/4f9a/json"] = (200, {"Id": ID, "State": state})

    await ada.start_object()

    assert mounter.asked == [(ID, [8888])]
