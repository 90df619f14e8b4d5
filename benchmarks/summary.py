"""From the values of many rounds to the rows of the table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.plan import CPU, FAILURES, Metric, Sample, Workload

Rounds = Sequence[Sequence[float]]  # for each round, the values measured in it


@dataclass(frozen=True)
class Row:
    """One number on both sides.

    Attributes:
        workload: Its name.
        metric: What was measured, and which statistic of it.
        unit: Of the numbers.
        stock: The first side's number; None where there is none.
        hubkit: The other side's.
        ratio: hubkit's in stock's; None where it would say nothing.
        rounds: How many rounds counted.
    """

    workload: str
    metric: str
    unit: str
    stock: float | None
    hubkit: float | None
    ratio: float | None
    rounds: int


def p95(values: Sequence[float]) -> float:
    """Return the value that 95 % of *values* do not exceed (nearest rank)."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


def pooled(of: Callable[[Sequence[float]], float]) -> Callable[[Rounds], float]:
    """Return a statistic of the values of all rounds together."""
    return lambda rounds: of([value for one in rounds for value in one])


# The worst of many rounds would say most about the machine's worst moment; so the
# largest value of each round counts, and of those the median.
STATISTICS: Mapping[str, Callable[[Rounds], float]] = {
    "median": pooled(median),
    "p95": pooled(p95),
    "max": lambda rounds: median([max(one) for one in rounds]),
}


def kept(samples: Sequence[Sample]) -> Sequence[Sample]:
    """Return *samples* without the first, which fills caches; a single one stays."""
    return samples[1:] or samples


def rows(workload: Workload, stock: Sequence[Sample], hubkit: Sequence[Sample]) -> list[Row]:
    """Return what the table says about *workload*."""
    sides = (kept(stock), kept(hubkit))
    found = []
    for metric in workload.metrics:
        values = [_values(samples, metric) for samples in sides]
        for statistic in metric.shown:
            numbers = [STATISTICS[statistic](one) if one else None for one in values]
            label = f"{metric.name}, {statistic}"
            found.append(_row(workload, label, metric.unit, numbers, len(sides[0])))
    if workload.cpu:
        spent = [median([sample.cpu for sample in samples]) for samples in sides]
        found.append(_row(workload, CPU, "CPU s", spent, len(sides[0])))
    failures = [float(sum(sample.failures for sample in samples)) for samples in sides]
    found.append(_row(workload, FAILURES, "count", failures, len(sides[0])))
    return found


def load_share(samples: Sequence[Sample]) -> float:
    """Return which part of the processor seconds the load generator itself used."""
    load = sum(sample.load for sample in samples)
    return load / max(load + sum(sample.cpu for sample in samples), 1e-9)


def _values(samples: Sequence[Sample], metric: Metric) -> list[list[float]]:
    return [sample.values[metric.name] for sample in samples if sample.values.get(metric.name)]


def _row(
    workload: Workload, label: str, unit: str, numbers: Sequence[float | None], rounds: int
) -> Row:
    stock, hubkit = numbers
    ratio = hubkit / stock if stock and hubkit is not None and unit != "count" else None
    return Row(workload.name, label, unit, _short(stock), _short(hubkit), _short(ratio), rounds)


def _short(value: float | None) -> float | None:
    """Return *value* with three digits that count."""
    return None if value is None else float(f"{value:.3g}")
