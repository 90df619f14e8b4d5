"""Visits end: for idleness, for their age, and then nothing is left of them."""

from __future__ import annotations

from time import sleep, time

import pytest

from tests.signin.visiting import VisitorHub
from tests.support import until

ADMIN = "admin-of-the-tests"
IDLE, AGE = 6, 12  # seconds


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    environ = {
        "AUTH": "temporary",
        "TEMPORARY_IDLE_TIMEOUT": str(IDLE),
        "TEMPORARY_MAX_AGE": str(AGE),
        "TEMPORARY_ADMIN_TOKEN": ADMIN,
    }
    made = VisitorHub(tmp_path_factory.mktemp("hub") / "hub", environ)
    try:
        yield made.start()
    finally:
        made.stop()


def test_ending(hub):
    """An idle visit ends before one in use, which ends at its age; neither leaves a trace."""
    before = hub.traces()
    idle, busy = (hub.visitor() for _ in range(2))
    first, second = idle.opens("/")[0], busy.opens("/")[0]
    began = time()

    while first in hub.names(ADMIN):
        assert time() - began < 60
        busy.get(f"/user/{second}/x")
        hub.used(second)
        sleep(0.3)

    assert second in hub.names(ADMIN)
    until(lambda: not hub.names(ADMIN), 60, "the one in use is too old")
    assert hub.traces() == before
    text = hub.visitor().get("/services/temporary/metrics").text
    assert 'ended_total{why="idle"} 1.0' in text
    assert 'ended_total{why="age"} 1.0' in text
