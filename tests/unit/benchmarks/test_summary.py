"""From values to rows: what is dropped, what is pooled, what has a ratio."""

from __future__ import annotations

import pytest

from benchmarks import summary
from benchmarks.plan import Metric, Sample, Workload

TIME = Metric("time", "s", ("median", "p95", "max"))


async def nothing(side, sample):
    pass


def workload(**how):
    return Workload("one", "Does something.", (TIME,), nothing, **how)


def sample(*values, cpu=0.0, failures=0, load=0.0):
    return Sample({"time": list(values)}, failures=failures, cpu=cpu, load=load)


def found(stock, hubkit, **how):
    return {row.metric: row for row in summary.rows(workload(**how), stock, hubkit)}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([3.0], 3.0, id="a single one"),
        pytest.param([1.0, 2.0], 2.0, id="of two, the larger"),
        pytest.param(list(range(1, 21)), 19, id="of twenty, the nineteenth"),
        pytest.param([5.0, 1.0, 3.0], 5.0, id="in any order"),
    ],
)
def test_p95(values, expected):
    """95 % of the values are not larger."""
    assert summary.p95(values) == expected


def test_the_first_round_is_dropped():
    """What fills caches does not count."""
    rows = found([sample(100), sample(4), sample(6)], [sample(100), sample(1), sample(2)])

    assert (rows["time, median"].stock, rows["time, median"].hubkit) == (5, 1.5)
    assert rows["time, median"].ratio == 0.3
    assert rows["time, median"].rounds == 2


def test_a_single_round_counts():
    """A quick try shows something."""
    assert found([sample(4)], [sample(1)])["time, median"].ratio == 0.25


def test_max_is_the_usual_worst():
    """Each round's largest value counts, not the worst moment of a whole run."""
    rounds = [sample(0), sample(1, 5), sample(1, 6), sample(1, 90)]

    assert found(rounds, rounds)["time, max"].stock == 6


def test_failures_are_counted_and_have_no_ratio():
    """A user who got nothing is not hidden in a median."""
    rows = found([sample(9, failures=9), sample(1, failures=2)], [sample(1), sample(1)])

    assert (rows["failures"].stock, rows["failures"].hubkit, rows["failures"].ratio) == (2, 0, None)


def test_processor_seconds():
    """The median of the rounds; nothing where they say nothing."""
    rounds = [sample(1, cpu=50), sample(1, cpu=2), sample(1, cpu=4)]

    assert found(rounds, rounds)["CPU"].stock == 3
    assert "CPU" not in found(rounds, rounds, cpu=False)


def test_a_side_that_measured_nothing_has_no_number():
    """A round in which everything failed leaves a gap, not a zero."""
    rows = found([Sample(failures=1)], [sample(1)])

    assert rows["time, median"].stock is None
    assert rows["time, median"].ratio is None
    assert rows["time, median"].hubkit == 1


def test_nothing_divides_by_zero():
    """Nothing cut on the one side is no ratio of the other."""
    assert found([sample(0)], [sample(3)])["time, median"].ratio is None


def test_numbers_have_three_digits():
    """More would pretend to be exact."""
    assert found([sample(3.0)], [sample(1.23456)])["time, median"].ratio == 0.412


def test_the_load_generator_says_its_share():
    """Of all processor seconds, how many were its own."""
    assert summary.load_share([sample(cpu=3, load=1), sample(cpu=3, load=1)]) == 0.25
    assert summary.load_share([sample()]) == 0
