"""What has to be done so that the pool is as it should be. Decides, and touches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spare:
    """A waiting container, as far as the plan is concerned.

    Attributes:
        id: Of the container.
        age: Seconds since it was made.
        usable: Whether a start of today could be given it.
        replace: Whether another one should take its place: too old, or drained.
    """

    id: str
    age: float
    usable: bool = True
    replace: bool = False


@dataclass(frozen=True)
class Plan:
    """What to do now; afterwards a new plan is made.

    Attributes:
        remove: Ids, before anything is started.
        start: How many are to be started, one after the other.
    """

    remove: tuple[str, ...] = ()
    start: int = 0


def plan(spares: Sequence[Spare], size: int, room: int | None = None) -> Plan:
    """Return the next steps towards *size* spares of which none has to be replaced.

    One that has to be replaced goes when the new one is there; only then is there one more
    than *size*. Where *room* does not allow that, it goes first, unless it is the last one.

    Args:
        spares: Those of one image, all of them ready.
        size: How many there should be.
        room: How many more containers may be started, negative where there are too many
            already; None for no limit.
    """
    useless = [one for one in spares if not one.usable]
    young = sorted((one for one in spares if one.usable), key=lambda one: one.age)
    most = size + 1 if room is None else min(size + 1, len(spares) + room)
    wanted = max(0, min(size, most))
    fresh = [one for one in young if not one.replace][:wanted]
    stale = [one for one in young if one.replace][: wanted - len(fresh)]
    missing = wanted - len(fresh)
    if stale and len(fresh) + len(stale) == most > 1:
        stale.pop()
    kept = len(fresh) + len(stale)
    start = max(0, min(missing, max(1, size - kept), most - kept))
    gone = [*useless, *(one for one in young if one not in [*fresh, *stale])]
    return Plan(tuple(one.id for one in gone), start)
