"""Failed sign-ins are counted for a name, an address, and both together."""

from __future__ import annotations

import pytest

from hubkit.auth import failures as module
from hubkit.auth.failures import MOST_PLACES, RULES, WINDOW, Failures

LIMITS = {rule.kind: rule.failures for rule in RULES}
HOME = "1.1.1.1"


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


def fail(failures, times, name="ada", address=HOME):
    for _ in range(times):
        assert failures.begin(name, address) == 0


def attack(failures, name="ada"):
    """Reach the limit of *name* from addresses that were never seen before."""
    for number in range(LIMITS["name"]):
        assert failures.begin(name, f"6.6.{number}.6") == 0
    assert failures.begin(name, "7.7.7.7") > 0


def test_ten_are_too_many(failures):
    """Nine may be mistakes; after ten the name waits there, and only there."""
    fail(failures, LIMITS["both"] - 1)
    assert failures.wait("ada", HOME) == 0

    fail(failures, 1)

    assert failures.begin("ada", HOME) == WINDOW + 1
    assert failures.wait("ada", "2.2.2.2") == 0
    assert failures.wait("grace", HOME) == 0


def test_all_at_once(failures):
    """What is not over counts: of five hundred guesses at once ten are tried."""
    answers = [failures.begin("ada", HOME) for _ in range(500)]

    assert answers.count(0) == LIMITS["both"]
    assert set(answers[LIMITS["both"] :]) == {WINDOW + 1}
    assert [failures.begin("ada", f"2.2.2.{one}") for one in range(99)].count(0) == (
        LIMITS["name"] - LIMITS["both"]
    )


def test_a_class_at_once(failures):
    """Thirty people behind one address sign in at the same time, for hours."""
    for _ in range(100):
        for number in range(30):
            assert failures.begin(f"name{number}", HOME) == 0
        for number in range(30):
            failures.success(f"name{number}", HOME)


def test_refused_ones_do_not_prolong(failures, clock):
    """Who tries while they wait does not wait longer for it."""
    fail(failures, LIMITS["both"])
    clock.now += WINDOW - 1
    assert failures.begin("ada", HOME) == 2

    clock.now += 1

    assert failures.begin("ada", HOME) == 0


def test_the_wait_ends(failures, clock):
    """A whole window after the failure that was too much; then it is counted anew."""
    fail(failures, 9)
    clock.now += WINDOW - 10
    fail(failures, 1)
    clock.now += WINDOW - 1
    assert failures.wait("ada", HOME) == 2

    clock.now += 1

    fail(failures, 9)
    assert failures.wait("ada", HOME) == 0


def test_slow_failures_are_forgiven(failures, clock):
    """Nine in one window and nine in the next are not too many."""
    fail(failures, 9)
    clock.now += WINDOW
    fail(failures, 9)

    assert failures.wait("ada", HOME) == 0


def test_an_address_with_many_names(failures):
    """Somebody who tries all names is stopped; others are not."""
    for number in range(LIMITS["address"]):
        fail(failures, 1, f"name{number}")

    assert failures.wait("grace", HOME) > 0
    assert failures.wait("grace", "2.2.2.2") == 0


def test_success(failures):
    """Who got it right begins anew there, and the attempt was no failure anywhere."""
    fail(failures, 10)
    failures.success("ada", HOME)
    fail(failures, 9)
    assert failures.wait("ada", HOME) == 0

    # 9 + 9 of them were failures of the name; what strangers tried counts with them.
    for number in range(LIMITS["name"] - 18):
        assert failures.begin("ada", f"2.2.2.{number}") == 0
    assert failures.begin("ada", "3.3.3.3") > 0


def test_two_at_once_of_one(failures):
    """Two attempts of one person that both succeed leave nothing behind."""
    for _ in range(LIMITS["address"]):
        fail(failures, 2)
        failures.success("ada", HOME)
        failures.success("ada", HOME)

    fail(failures, 9)


def test_success_of_nothing(failures):
    """Who came another way takes back no attempt of others at the same address."""
    fail(failures, 1, "mallory")
    failures.success("mallory", HOME)
    for number in range(LIMITS["address"]):
        fail(failures, 1, f"name{number}")
        failures.success("mallory", HOME)
        failures.undo("mallory", HOME)

    assert failures.begin("grace", HOME) > 0


def test_undo(failures, clock):
    """An attempt nobody could decide is none; what was counted before it stays, as long."""
    fail(failures, 9)
    clock.now += WINDOW - 1
    for _ in range(LIMITS["address"]):
        fail(failures, 1)
        failures.undo("ada", HOME)

    fail(failures, 1)
    assert failures.begin("ada", HOME) > 0
    failures.undo("ada", HOME)
    clock.now += 1
    fail(failures, 9)


def test_no_name(failures):
    """Empty forms prove nothing: they count against nobody, however many."""
    fail(failures, 2 * LIMITS["address"], "")

    assert failures.begin("ada", HOME) == 0
    assert len(failures._counts) == len(RULES)


def test_a_name_from_many_addresses(failures):
    """Somebody with many addresses is stopped, too, later; other names are not."""
    attack(failures)

    assert failures.begin("grace", "7.7.7.7") == 0


def test_owners_are_not_locked_out(failures):
    """What strangers do elsewhere does not keep who signed in here from doing so again."""
    fail(failures, 1)
    failures.success("ada", HOME)
    attack(failures)

    assert failures.begin("ada", HOME) == 0
    failures.success("ada", HOME)
    fail(failures, LIMITS["both"])
    assert failures.begin("ada", HOME) > 0


def test_places_are_bounded(failures, monkeypatch):
    """Of one name the last addresses are remembered, and not of any number of names."""
    for number in range(MOST_PLACES + 1):
        fail(failures, 1, "ada", f"1.1.1.{number}")
        failures.success("ada", f"1.1.1.{number}")
    attack(failures)

    assert failures.wait("ada", "1.1.1.0") > 0
    assert failures.wait("ada", "1.1.1.1") == 0
    monkeypatch.setattr(module, "MOST_KEYS", 30)
    for number in range(99):
        failures.success(f"name{number}", HOME)
    assert len(failures._places) == 30


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:1.2.3.4", "1.2.3.4", True),
        ("::ffff:1.2.3.4", "1.2.3.5", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("1.2.3.4", "1.2.3.5", False),
        ("", "", True),
        ("somewhere", "somewhere", True),
    ],
)
def test_addresses(failures, first, second, same):
    """One machine has a whole /64 of IPv6; in it all addresses are one."""
    fail(failures, LIMITS["both"], "ada", first)

    assert bool(failures.begin("ada", second)) == same


def test_memory_is_bounded(failures, monkeypatch):
    """The oldest are forgotten first; those who go on failing are not."""
    monkeypatch.setattr(module, "MOST_KEYS", 30)
    for number in range(100):
        failures.begin("ada", HOME)
        failures.begin(f"name{number}", f"2.2.2.{number}")

    assert len(failures._counts) <= 30
    assert failures.begin("ada", HOME) > 0
