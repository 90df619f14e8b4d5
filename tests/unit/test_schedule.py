"""Windows of the week are read as they are written, and hold when they say."""

from __future__ import annotations

from datetime import datetime

import pytest

from hubkit.schedule import Window, number_at, parse

MORNING = "Mon-Fri 08:45-10:15 30, Sat 09:00-12:00 10"
# The 2nd of March 2026 is a Monday.


@pytest.mark.parametrize(
    ("day", "time", "number"),
    [
        pytest.param(2, (8, 44), 1, id="not yet"),
        pytest.param(2, (8, 45), 30, id="from its first minute"),
        pytest.param(6, (10, 14), 30, id="to its last"),
        pytest.param(6, (10, 15), 1, id="over"),
        pytest.param(7, (9, 0), 10, id="another day, another number"),
        pytest.param(8, (9, 30), 1, id="no day of any"),
    ],
)
def test_number(day, time, number):
    """A window's number counts from its first minute until it is over."""
    assert number_at(parse(MORNING), datetime(2026, 3, day, *time), 1) == number


def test_the_largest_counts():
    """Where several hold the largest counts, and nothing makes it smaller."""
    windows = parse("Mon 08:00-12:00 5, mon 9:00-10:00 20")
    nine = datetime(2026, 3, 2, 9)

    assert number_at(windows, nine, 1) == 20
    assert number_at(windows, nine, 40) == 40


@pytest.mark.parametrize(
    ("written", "windows"),
    [
        pytest.param("", (), id="none"),
        pytest.param("tue 0:00-24:00 3", (Window(frozenset({1}), 0, 1440, 3),), id="a whole day"),
        pytest.param(
            "Sat-Mon  10:00-11:00 0 ,", (Window(frozenset({5, 6, 0}), 600, 660, 0),), id="weekend"
        ),
    ],
)
def test_parse(written, windows):
    assert parse(written) == windows


@pytest.mark.parametrize(
    ("written", "cure"),
    [
        pytest.param("08:45-10:15 30", "such as 'Mon-Fri 08:45-10:15 30'", id="no day"),
        pytest.param("Mon 8-10 30", "such as", id="hours only"),
        pytest.param("Mon 08:45-10:15", "such as", id="no number"),
        pytest.param("Mo-Fr 08:45-10:15 3", "such as", id="short days"),
        pytest.param("Mon-Fry 08:45-10:15 3", "Mon, Tue, Wed", id="no such day"),
        pytest.param("Mon 10:15-08:45 3", "two entries over midnight", id="backwards"),
        pytest.param("Mon 10:15-10:15 3", "two entries", id="no time at all"),
        pytest.param("Mon 08:60-10:15 3", "from 00:00 to 24:00", id="no such minute"),
        pytest.param("Mon 08:00-24:01 3", "from 00:00 to 24:00", id="no such hour"),
        pytest.param("Mon 08:00-09:00 1001", "up to 1000", id="too many"),
    ],
)
def test_wrong(written, cure):
    """What is wrong is said with what is right."""
    with pytest.raises(ValueError, match=cure):
        parse(written)
