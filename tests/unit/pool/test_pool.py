"""What a start, an administrator and the metrics are told by the pool."""

from __future__ import annotations

import copy
from datetime import datetime

import pytest

from hubkit import schedule
from hubkit.errors import HubkitError
from hubkit.pool import pool as module
from hubkit.pool.pool import NOT_YET, OFF, Pool
from tests.unit.pool.conftest import LAB


class Counted:
    def __init__(self):
        self.refusals, self.refills = [], []

    def refused(self, image):
        self.refusals.append(image)

    def refilled(self, image, seconds):
        self.refills.append(image)


async def test_nothing_before_the_first_look(site):
    """Until it is known what waits, starts are cold, and nobody counts that."""
    lab = site(1)
    lab.pool.figures = Counted()

    assert lab.pool.take(LAB.key) is None
    assert lab.pool.unsupported == NOT_YET
    assert lab.pool.figures.refusals == []


async def test_counts(site):
    """Counted is who would have got one; not whose start no container fits."""
    lab = site(1)
    lab.pool.figures = Counted()
    await lab.work()

    assert lab.pool.take(LAB.key)
    assert lab.pool.take(LAB.key) is None
    assert lab.pool.take("another start") is None

    assert lab.pool.figures.refusals == ["lab:1"]
    assert lab.pool.figures.refills == ["lab:1"]


async def test_off(site):
    """A pool without size is off, and says so."""
    lab = site(0)

    assert lab.pool.unsupported == OFF
    with pytest.raises(HubkitError, match="the pool is off"):
        lab.pool.resize("lab:1", 2)


async def test_unknown_image(site):
    """For an image nobody starts there is no pool."""
    lab = site(1)
    await lab.work()

    for change in (lambda: lab.pool.drain("lab"), lambda: lab.pool.resize("lab", 1)):
        with pytest.raises(HubkitError, match="images are: lab:1"):
            change()


async def test_schedule(site, monkeypatch):
    """The size is the schedule's while it holds, in the hub's own time zone."""

    class Then(datetime):
        @classmethod
        def now(cls):
            return cls(2026, 3, 2, 9)

    monkeypatch.setattr(module, "datetime", Then)
    lab = site(0, windows=schedule.parse("Mon 00:00-24:00 3, Tue 00:00-24:00 5"))

    await lab.work()

    assert len(lab.pool.members) == lab.pool.size("lab:1") == 3


async def test_views(site):
    """An administrator sees how many wait, should wait and will be replaced."""
    lab = site(2)
    await lab.work()
    with lab.pool.starting():
        lab.pool.take(LAB.key)
        lab.pool.drain("lab:1")

    [view] = lab.pool.views()
    assert (view.image, view.size, view.ready, view.replaced) == ("lab:1", 2, 1, 1)
    assert view.trouble == ""


def test_one_pool():
    """The spawners' copies of the configuration all have the same pool."""
    pool = Pool("kit", 1)

    assert copy.deepcopy({"pool": pool})["pool"] is pool


async def test_two_starts(site):
    """It is quiet when the last start is over, and then a little later."""
    lab = site(1)
    with lab.pool.starting():
        with lab.pool.starting():
            assert lab.pool.quiet_at() is None
        assert lab.pool.quiet_at() is None

    assert lab.pool.quiet_at() == lab.pool.clock() + module.SETTLE
