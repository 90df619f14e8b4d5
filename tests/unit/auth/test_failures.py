"""Failed sign-ins are counted for a name, an address, and both together."""

from __future__ import annotations

import pytest

from hubkit.auth import failures as module
from hubkit.auth.failures import RULES, WINDOW, Failures

LIMITS = {rule.kind: rule.failures for rule in RULES}


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def failures(clock):
    return Failures(clock)


def fail(failures, times, name="ada", address="1.1.1.1"):
    for _ in range(times):
        failures.add(name, address)


def test_ten_are_too_many(failures):
    """Nine may be mistakes; after ten the name waits there, and only there."""
    fail(failures, LIMITS["both"] - 1)
    assert failures.wait("ada", "1.1.1.1") == 0

    fail(failures, 1)

    assert failures.wait("ada", "1.1.1.1") == WINDOW + 1
    assert failures.wait("ada", "2.2.2.2") == 0
    assert failures.wait("grace", "1.1.1.1") == 0


def test_the_wait_ends(failures, clock):
    """A whole window after the failure that was too much; then it is counted anew."""
    fail(failures, 9)
    clock.now += WINDOW - 10
    fail(failures, 1)
    clock.now += WINDOW - 1
    assert failures.wait("ada", "1.1.1.1") == 2

    clock.now += 1

    assert failures.wait("ada", "1.1.1.1") == 0
    fail(failures, 9)
    assert failures.wait("ada", "1.1.1.1") == 0


def test_slow_failures_are_forgiven(failures, clock):
    """Nine in one window and nine in the next are not too many."""
    fail(failures, 9)
    clock.now += WINDOW
    fail(failures, 9)

    assert failures.wait("ada", "1.1.1.1") == 0


def test_a_name_from_many_addresses(failures):
    """Somebody with many addresses is stopped, too, later."""
    for number in range(LIMITS["name"]):
        assert failures.wait("ada", "9.9.9.9") == 0
        failures.add("ada", f"1.1.1.{number}")

    assert failures.wait("ada", "9.9.9.9") > 0
    assert failures.wait("grace", "9.9.9.9") == 0


def test_an_address_with_many_names(failures):
    """Somebody who tries all names is stopped; others are not."""
    for number in range(LIMITS["address"]):
        failures.add(f"name{number}", "1.1.1.1")

    assert failures.wait("grace", "1.1.1.1") > 0
    assert failures.wait("grace", "2.2.2.2") == 0


def test_clear(failures):
    """Who got it right begins anew there; what strangers tried elsewhere still counts."""
    fail(failures, 9)
    failures.clear("ada", "1.1.1.1")
    fail(failures, 9)
    assert failures.wait("ada", "1.1.1.1") == 0

    for number in range(LIMITS["name"] - 18):
        failures.add("ada", f"2.2.2.{number}")

    assert failures.wait("ada", "1.1.1.1") > 0


def test_memory_is_bounded(failures, monkeypatch):
    """The oldest are forgotten first; those who go on failing are not."""
    monkeypatch.setattr(module, "MOST_KEYS", 30)
    for number in range(100):
        failures.add("ada", "1.1.1.1")
        failures.add(f"name{number}", f"2.2.2.{number}")

    assert len(failures._counts) <= 30
    assert failures.wait("ada", "1.1.1.1") > 0
