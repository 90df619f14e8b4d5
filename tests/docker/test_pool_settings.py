"""What settings and administrators say of the pool, on a hub that runs; and its metrics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.remote import User
from tests.support import close_connections, until
from tests.warm import WarmHub

pytestmark = [pytest.mark.docker, pytest.mark.thorough]

ALWAYS = "Mon-Sun 00:00-24:00"
Begun = Callable[..., WarmHub]


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Begun]:
    """Return a function that starts a hub for which *size* wait, with these settings."""
    hubs: list[WarmHub] = []

    def begin(size: int, **settings: str) -> WarmHub:
        hubs.append(WarmHub(tmp_path / "warm", size=size))
        return hubs[0].begin(**settings)

    yield begin
    for one in hubs:
        one.empty()
        close_connections()
        one.destroy()


def test_schedule(begun: Begun):
    """As many wait as the schedule says now."""
    hub = begun(2, POOL_SIZE="0", POOL_SCHEDULE=f"{ALWAYS} 2")

    assert len(hub.members()) == 2


def test_capacity(begun: Begun):
    """Servers that run leave less room for those that wait; starts are never refused."""
    hub = begun(2, POOL_CAPACITY="2")

    first = User(hub, "ada").start()
    until(lambda: hub.view()["ready"] == 1 == len(hub.members()), 60, "one waits")
    second = User(hub, "bob").start()
    until(lambda: hub.view()["ready"] == 0 == len(hub.members()), 60, "none waits")
    third = User(hub, "eve").start()

    assert [bool(hub.got(one)) for one in (first, second, third)] == [True, True, False]


def test_age(begun: Begun):
    """Who has waited too long is replaced, the new one before the old one goes."""
    hub = begun(1, POOL_MAX_AGE="60")
    [old] = hub.members()

    def replaced() -> bool:
        now = hub.members()
        assert now
        return old not in now and hub.view()["ready"] == 1

    until(replaced, 120, "another waits")


def test_metrics(begun: Begun):
    """What was handed out, refused and filled again is counted, for each image."""
    hub = begun(1)
    User(hub, "ada").start()
    hub.full()
    hub.resize(0)
    hub.ask(do="resize", image=hub.notebook, size=1)
    User(hub, "bob").start()  # nothing is ready yet

    said = hub.api("GET", "/hub/metrics").text
    found = dict(re.findall(rf'hubkit_pool_(\w+){{image="{hub.notebook}"}} (\S+)', said))

    counted = ("handed_out_total", "refused_total", "size", "hand_out_seconds_count")
    assert [float(found[name]) for name in counted] == [1, 1, 1, 1]
    assert float(found["refill_seconds_count"]) >= 2
