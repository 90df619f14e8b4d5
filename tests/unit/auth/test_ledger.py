"""The ledger of visitors: never more than there may be, whoever counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from hubkit.auth import ledger
from hubkit.auth.ledger import ADDRESS, FULL, Ledger, NoRoom


@pytest.fixture
def make(tmp_path):
    return lambda capacity, share=0: Ledger(tmp_path / "visitors.sqlite", capacity, share)


def refused(book, name, address="192.0.2.1"):
    with pytest.raises(NoRoom) as caught:
        book.admit(name, address)
    return caught.value


def test_capacity(make):
    """As many as there may be, and one more when somebody left."""
    book = make(2)
    book.admit("a", "192.0.2.1", "r")
    book.admit("b", "192.0.2.2")

    full = refused(book, "c")

    assert (full.why, full.wait) == (FULL, ledger.RETRY[FULL])
    book.leave("a")
    book.admit("c", "192.0.2.3")
    assert [one.name for one in book.visits()] == ["b", "c"]
    assert book.visit("a") is None
    assert book.counts() == {"admitted": 3, "refused_full": 1, "refused_full ": 1}


@pytest.mark.parametrize(
    "addresses",
    [("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::2"), ("::ffff:192.0.2.1", "192.0.2.1")],
)
def test_share(make, addresses):
    """One address has its share, a /64 of IPv6 being one address."""
    book = make(10, 1)
    book.admit("a", addresses[0])

    assert refused(book, "b", addresses[1]).why == ADDRESS
    book.admit("c", "198.51.100.1")


def test_full_before_share(make):
    """Whoever has their share in a full hub reads that it is full."""
    book = make(1, 1)
    book.admit("a", "192.0.2.1")

    assert refused(book, "b").why == FULL


def test_many_at_once(make):
    """Claims at the same moment, from several processes' files, never exceed the capacity."""

    def claim(number):
        try:
            make(5).admit(f"v{number}", f"192.0.2.{number}")
        except NoRoom:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(claim, range(40)))

    assert sum(got) == len(make(5).visits()) == 5


def test_same_name(make):
    """A claim that fails changes nothing, its count included."""
    book = make(5)
    book.admit("a", "192.0.2.1")

    with pytest.raises(Exception, match="UNIQUE"):
        book.admit("a", "192.0.2.2")

    assert book.counts() == {"admitted": 1}


def test_hand_out(make, monkeypatch):
    """The time until a server was ready counts once, in its bucket."""
    book, clock = make(5), [1000.0]
    monkeypatch.setattr(ledger.time, "time", lambda: clock[0])
    for name, seconds in (("a", 0.25), ("b", 500.0)):
        book.admit(name, "192.0.2.1")
        clock[0] += seconds
        book.is_ready(name)
        book.is_ready(name)
    book.is_ready("nobody")

    counts = book.counts()

    assert counts["handout_0.3"] == counts["handout_inf"] == 1
    assert counts["handout_seconds"] == pytest.approx(500.25)
    assert book.visit("a").ready == 1000.25


def test_by_image(make):
    """Refusals and hand-outs are counted once more for the image that was asked for."""
    book = make(1)
    book.admit("a", "192.0.2.1", "r")
    book.is_ready("a")
    with pytest.raises(NoRoom):
        book.admit("b", "192.0.2.1", "python")

    counts = book.counts()

    assert counts["refused_full"] == counts[ledger.of_image("refused_full", "python")] == 1
    assert counts["handout_0.1"] == counts[ledger.of_image("handout_0.1", "r")] == 1
    assert counts["handout_seconds"] == counts[ledger.of_image("handout_seconds", "r")]


def test_lost_file(make):
    """Visitors the file has forgotten are counted again, and those it knows keep their age."""
    book = make(5)
    book.admit("a", "192.0.2.1")
    [before] = book.visits()

    book.keep(["a", "b"], {"b": 7.0})

    assert book.visits() == [ledger.Visit("b", "", 7.0), before]
