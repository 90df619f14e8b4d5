"""When a number is a larger one: `Mon-Fri 08:45-10:15 30, Sat 09:00-12:00 10`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ENTRY = re.compile(
    r"(?P<first>[a-z]{3})(-(?P<last>[a-z]{3}))?\s+"
    r"(?P<begin>\d{1,2}:\d\d)-(?P<end>\d{1,2}:\d\d)\s+(?P<number>\d+)"
)
MOST = 1000
DAY = 24 * 60  # minutes


@dataclass(frozen=True)
class Window:
    """A part of some days of the week.

    Attributes:
        days: 0 is Monday, as for `datetime.weekday`.
        begin: First minute of the day.
        end: The minute it is over.
        number: What counts meanwhile.
    """

    days: frozenset[int]
    begin: int
    end: int
    number: int

    def holds(self, when: datetime) -> bool:
        """Return whether *when*, in the clock's own time zone, lies within."""
        minute = when.hour * 60 + when.minute
        return when.weekday() in self.days and self.begin <= minute < self.end


def parse(written: str) -> tuple[Window, ...]:
    """Return the windows written with commas between them.

    Raises:
        ValueError: The message completes "must be …".
    """
    return tuple(_window(part) for part in map(str.strip, written.split(",")) if part)


def number_at(windows: Iterable[Window], when: datetime, least: int) -> int:
    """Return the largest number of the windows that hold at *when*, at least *least*."""
    return max([least, *(one.number for one in windows if one.holds(when))])


def _window(written: str) -> Window:
    match = ENTRY.fullmatch(written.lower())
    if not match:
        raise ValueError(
            "days, times and a number such as 'Mon-Fri 08:45-10:15 30', with commas between"
        )
    first, last = _day(match["first"]), _day(match["last"] or match["first"])
    days = frozenset((first + more) % 7 for more in range((last - first) % 7 + 1))
    begin, end = _minute(match["begin"]), _minute(match["end"])
    if begin >= end:
        raise ValueError("times that end later on the same day; write two entries over midnight")
    if int(match["number"]) > MOST:
        raise ValueError(f"numbers up to {MOST}")
    return Window(days, begin, end, int(match["number"]))


def _day(written: str) -> int:
    if written not in DAYS:
        raise ValueError("days called Mon, Tue, Wed, Thu, Fri, Sat or Sun")
    return DAYS.index(written)


def _minute(written: str) -> int:
    hours, minutes = map(int, written.split(":"))
    if minutes > 59 or hours * 60 + minutes > DAY:
        raise ValueError("times from 00:00 to 24:00")
    return hours * 60 + minutes
