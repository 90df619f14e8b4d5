"""What a workload is: what it does, what it measures, and what it hands back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks import cpu

if TYPE_CHECKING:
    from benchmarks.sides.side import Side

STATISTICS = ("median", "p95", "max")
CPU, FAILURES = "CPU", "failures"


@dataclass(frozen=True)
class Metric:
    """One thing a workload measures.

    Attributes:
        name: As the table shows it.
        unit: Of its values, e.g. s, ms, MiB.
        shown: Which of `STATISTICS`; a total has none of them.
    """

    name: str
    unit: str
    shown: tuple[str, ...] = ("median",)


@dataclass
class Sample:
    """What one workload measured on one side in one round.

    Attributes:
        values: Metric → its values.
        failures: How many users did not get what they came for.
        cpu: Processor seconds of the machine without the load generator's.
        load: Processor seconds of the load generator.
        notes: What went wrong, in a sentence each.
    """

    values: dict[str, list[float]] = field(default_factory=dict)
    failures: int = 0
    cpu: float = 0.0
    load: float = 0.0
    notes: list[str] = field(default_factory=list)

    def add(self, metric: str, *values: float) -> None:
        """Add *values* to those of *metric*."""
        self.values.setdefault(metric, []).extend(values)

    def fail(self, reason: str) -> None:
        """Count one failure."""
        self.failures += 1
        self.notes.append(reason)

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Count the processor seconds of what is done within."""
        before = cpu.now()
        yield
        spent = cpu.now() - before
        self.cpu += spent.others
        self.load += spent.own


@dataclass(frozen=True)
class Workload:
    """One thing people or machines do to a hub.

    Attributes:
        name: What `make bench WORKLOADS=…` calls it.
        says: What is done, in a sentence.
        metrics: What is measured.
        run: Does it once on one side.
        users: Names of the accounts it needs.
        compares: What the two columns are, where they are not stock and hubkit.
        cpu: Whether processor seconds say anything here.
        shows: Which of its rows the picture shows.
        on_stock: Does what stands in the first column, where that is something else.
        visitors: Whether it needs hubs that let in anybody, as one without an account.
    """

    name: str
    says: str
    metrics: tuple[Metric, ...]
    run: Callable[[Side, Sample], Awaitable[None]]
    users: tuple[str, ...] = ()
    compares: tuple[str, str] = ("stock", "hubkit")
    cpu: bool = True
    shows: str = ""
    on_stock: Callable[[Side, Sample], Awaitable[None]] | None = None
    visitors: bool = False
