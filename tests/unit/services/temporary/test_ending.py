"""When a visit ends, decided from what hub and ledger say."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import pytest

from hubkit.auth.ledger import Ledger, Visit
from hubkit.errors import HubkitError
from hubkit.services.temporary.ending import Ending, Limits, absent, why_gone

NOW = 1_800_000_000.0
LIMITS = Limits(idle=100, age=1000)
LONG_AGO = "2026-01-01T00:00:00Z"


def ago(seconds):
    return datetime.fromtimestamp(NOW - seconds, UTC).isoformat().replace("+00:00", "Z")


def user(active=0.0, started=500.0, pending=None, **more):
    server = {"last_activity": ago(active), "started": ago(started), "pending": pending}
    return {"name": "v", "servers": {"": server}, "last_activity": ago(active), **more}


@pytest.mark.parametrize(
    ("model", "since", "why"),
    [
        pytest.param(user(active=99), 500, "", id="was used lately"),
        pytest.param(user(active=100), 500, "idle", id="was not"),
        pytest.param(user(active=0), 999, "", id="young enough"),
        pytest.param(user(active=0), 1000, "age", id="too old, though in use"),
        pytest.param(user(active=900, started=900), 50, "", id="waited long before the hand-out"),
        pytest.param(user(active=900, pending="spawn"), 2000, "", id="is just starting"),
        pytest.param(user(active=900, pending="stop"), 2000, "", id="is just stopping"),
        pytest.param(user(active=10, servers={}), 500, "", id="may start again"),
        pytest.param(user(active=61, servers={}), 500, "empty", id="has no server any more"),
        pytest.param(user(servers={}, last_activity=None), 30, "", id="came a moment ago"),
        pytest.param({"name": "v"}, 90, "empty", id="never had a server"),
    ],
)
def test_why_gone(model, since, why):
    assert why_gone(model, Visit("v", "", NOW - since), LIMITS, NOW) == why


def test_no_limits():
    """Where visits have no end, only those without a server end."""
    old = user(active=10**6)

    assert why_gone(old, Visit("v", "", NOW - 10**7), Limits(0, 0), NOW) == ""


@pytest.mark.parametrize(
    ("limits", "between"),
    [(Limits(3600, 14400), 10), (Limits(20, 0), 5), (Limits(0, 0), 10), (Limits(1, 1), 0.5)],
)
def test_between(limits, between):
    """Short visits are looked at more often."""
    assert limits.between == between


def test_absent():
    """Who counts without being a user is forgotten, not while they are just being made."""
    visits = [Visit("here", "", NOW - 90), Visit("new", "", NOW - 1), Visit("gone", "", NOW - 90)]

    assert absent(visits, ["here"], NOW) == ["gone"]


class Hub:
    """Three visitors who were here for long; the second one's end fails."""

    NAMES = ("tmp-aaaaaaaaaaaa", "tmp-bbbbbbbbbbbb", "tmp-cccccccccccc")

    def __init__(self):
        self.ended = []

    async def users(self):
        server = {"started": LONG_AGO, "last_activity": LONG_AGO, "pending": None}
        return [{"name": name, "servers": {"": server}} for name in self.NAMES]

    async def end(self, name):
        if name == self.NAMES[1]:
            raise HubkitError("500")
        self.ended.append(name)
        return True


async def test_one_that_does_not_end(tmp_path, caplog):
    """It is named and ended later; the others are ended now, since when the hub knows them."""
    hub, ledger = Hub(), Ledger(tmp_path / "visitors.sqlite", 10)

    await Ending(hub, ledger, LIMITS).look()

    assert hub.ended == [Hub.NAMES[0], Hub.NAMES[2]]
    assert [one.name for one in ledger.visits()] == [Hub.NAMES[1]]
    assert f"the visit of {Hub.NAMES[1]} is ended later: 500" in caplog.text


@pytest.mark.parametrize("server", [{}, {"started": None, "pending": None}])
async def test_unknown_since_when(tmp_path, server):
    """Whoever the ledger does not know, and the hub says nothing of, has just come."""
    hub, ledger = Hub(), Ledger(tmp_path / "visitors.sqlite", 10)
    hub.users = lambda: asyncio.sleep(0, [{"name": Hub.NAMES[0], "servers": {"": server}}])

    await Ending(hub, ledger, LIMITS).look()

    assert hub.ended == []
    [visit] = ledger.visits()
    assert visit.since == pytest.approx(time.time(), abs=60)
