"""Processor seconds: of the whole machine, and of the load generator."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass
from pathlib import Path

STAT = Path("/proc/stat")
TICKS = os.sysconf("SC_CLK_TCK")
# proc(5): user nice system idle iowait irq softirq steal; guests are part of user.
BUSY = (1, 2, 3, 6, 7)


@dataclass(frozen=True)
class Spent:
    """Processor seconds.

    Attributes:
        own: This process and the commands it ran.
        others: All else on the machine: engine, hub, proxies, servers, strangers.
    """

    own: float
    others: float

    def __sub__(self, before: Spent) -> Spent:
        return Spent(self.own - before.own, self.others - before.others)


def busy(stat: str) -> float:
    """Return the processor seconds the text of ``/proc/stat`` counts as not idle."""
    words = stat.split("\n", 1)[0].split()
    return sum(int(words[place]) for place in BUSY) / TICKS


def now() -> Spent:
    """Return what was spent since some moment in the past."""
    own = sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
    return Spent(own, busy(STAT.read_text()) - own)
