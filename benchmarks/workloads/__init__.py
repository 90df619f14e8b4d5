"""All workloads, by name, in the order in which they run."""

from __future__ import annotations

from benchmarks.plan import Workload
from benchmarks.workloads import (
    cells,
    cycles,
    memory,
    page,
    proxy,
    remote,
    restart,
    starts,
    stops,
    users,
    visits,
    warm,
)

SHORT = ("cold", "warm", "burst10", "stops10", "cells", "memory")
ALL = {
    workload.name: workload
    for module in (
        *(starts, warm, visits, cycles, stops, cells),
        *(restart, memory, remote, proxy, page, users),
    )
    for workload in module.WORKLOADS
}


def chosen(words: list[str]) -> list[Workload]:
    """Return the workloads *words* name; all of them for "all", the short form for none.

    Raises:
        ValueError: There is none of that name; the message lists those there are.
    """
    wanted = set(words) or set(SHORT)
    if "all" in wanted:
        wanted = set(ALL)
    if unknown := sorted(wanted - ALL.keys()):
        known = " ".join(ALL)
        raise ValueError(f"WORKLOADS: no workload {', '.join(unknown)}. There are: {known}")
    return [workload for name, workload in ALL.items() if name in wanted]
