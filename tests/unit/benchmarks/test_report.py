"""The page's tables are those of the results."""

from __future__ import annotations

import re

import pytest

from benchmarks import report, results
from benchmarks.plan import Metric, Workload
from benchmarks.results import About
from benchmarks.summary import Row
from benchmarks.workloads import ALL


async def nothing(side, sample):
    pass


ONE = Workload("one", "Does something.", (Metric("time", "s"),), nothing, compares=("a", "b"))
ABOUT = {"one": About("2026-01-02", "abc1234", "2 processors", 0.031)}
TIME = Row("one", "time, median", "s", 2.66, 1.2, 0.451, 5)


def test_the_page_is_up_to_date():
    """What docs/performance.md shows is what was measured last."""
    page = report.PAGE.read_text(encoding="utf-8")

    assert page == report.inserted(page, report.tables(*results.read(), ALL))


def test_the_page_names_every_workload():
    """Whatever can be asked for is explained."""
    page = report.PAGE.read_text(encoding="utf-8")

    assert set(ALL) <= set(re.findall(r"`([\w-]+)`", page))


def test_a_table():
    """Columns are named, units stand beside the metric, and how it was measured below."""
    text = report.tables([TIME], ABOUT, {"one": ONE})

    assert "Measured on 2 processors." in text
    assert "| | a | b | ratio |" in text
    assert "| time, median (s) | 2.66 | 1.2 | 0.451 |" in text
    assert "2026-01-02, abc1234, 5 rounds; load generator 3.1% of the processor time." in text


@pytest.mark.parametrize(("stock", "hubkit", "shown"), [(0, 0, False), (0, 2, True), (1, 0, True)])
def test_failures_are_shown_where_there_are_any(stock, hubkit, shown):
    """A row of zeros says nothing."""
    failures = Row("one", "failures", "count", stock, hubkit, None, 5)

    assert ("| failures |" in report.tables([TIME, failures], ABOUT, {"one": ONE})) == shown


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0"), (0.0421, "0.0421"), (12.3, "12.3"), (9504.0, "9,504")],
)
def test_numbers(value, text):
    """As a person writes them; a gap is a dash."""
    assert report.number(value) == text


def test_only_what_is_between_the_marks_changes():
    """A second run replaces the first's tables and touches no other word."""
    page = f"# A\n\n{report.BEGIN}\nold\n{report.END}\nrest\n"
    once = report.inserted(page, "new")

    assert once == f"# A\n\n{report.BEGIN}\n\nnew\n\n{report.END}\nrest\n"
    assert report.inserted(once, "new") == once


def test_a_page_without_marks_is_refused():
    """Nothing is lost by writing over it."""
    with pytest.raises(ValueError, match="lacks"):
        report.inserted("# A\n", "new")
