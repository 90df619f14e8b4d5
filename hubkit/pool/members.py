"""The containers that wait, each of which is given away once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """A container that waits to become somebody's server.

    Attributes:
        id: The container's whole id.
        name: Its name while it waits.
        image: What the pool calls the image; see `nobody.for_visitors`.
        key: Of the blueprint it was made from.
        made: When, in seconds since 1970.
        started: The engine's own words for when its process was started; others mean that
            it was restarted.
        closed: Whether others reach only the ports they may.
    """

    id: str
    name: str
    image: str
    key: str
    made: float
    started: str
    closed: bool = False


class Members:
    """All that wait. Whoever takes one has it for themselves: there is no await in here."""

    def __init__(self) -> None:
        self._waiting: dict[str, Member] = {}

    def __iter__(self) -> Iterator[Member]:
        return iter(tuple(self._waiting.values()))

    def __len__(self) -> int:
        return len(self._waiting)

    def of(self, image: str) -> list[Member]:
        """Return those of one image."""
        return [one for one in self if one.image == image]

    def add(self, member: Member) -> None:
        """Let *member* be taken from now on."""
        self._waiting[member.id] = member

    def take(self, key: str) -> Member | None:
        """Return the oldest one made from the blueprint of this *key*; it is gone then."""
        fitting = [one for one in self if one.key == key]
        if not fitting:
            return None
        oldest = min(fitting, key=lambda one: one.made)
        return self._waiting.pop(oldest.id)

    def drop(self, identity: str) -> Member | None:
        """Return the one of this id, which cannot be taken any more; None if it was taken."""
        return self._waiting.pop(identity, None)
