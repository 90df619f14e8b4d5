"""The end of visits: who has to go, decided purely, and the loop that carries it out."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hubkit.auth.ledger import Ledger, Visit
from hubkit.errors import HubkitError
from hubkit.services.temporary.handing import Hub
from hubkit.visitors import is_visitor

IDLE, AGE, EMPTY, ABSENT = "idle", "age", "empty", "absent"
GRACE = 60.0  # seconds a visitor may be without a server: it may just be starting again
TROUBLE = HubkitError, sqlite3.Error, OSError  # another time it may work
LEAST_BETWEEN, MOST_BETWEEN = 0.5, 10.0  # seconds between two looks

log = logging.getLogger("hubkit.temporary")


@dataclass(frozen=True)
class Limits:
    """How long visits last, in seconds; 0 for no limit.

    Attributes:
        idle: Without activity.
        age: From the hand-out.
    """

    idle: float
    age: float

    @property
    def between(self) -> float:
        """Seconds between two looks."""
        quarters = [limit / 4 for limit in (self.idle, self.age) if limit]
        return max(min([*quarters, MOST_BETWEEN]), LEAST_BETWEEN)


def why_gone(user: dict[str, Any], visit: Visit, limits: Limits, now: float) -> str:
    """Return why the visitor *user*, a model of the hub's API, has to go, or "".

    The age counts from the hand-out, which is when they were admitted; a server that is
    starting or stopping is left to itself.
    """
    server = (user.get("servers") or {}).get("")
    if server and server.get("pending"):
        return ""
    if limits.age and now - visit.since >= limits.age:
        return AGE
    if server is None:
        return EMPTY if now - max(visit.since, _seconds(user, "last_activity")) >= GRACE else ""
    began = max(visit.since, visit.ready, _seconds(server, "started"))
    active = max(began, _seconds(server, "last_activity"))
    return IDLE if limits.idle and now - active >= limits.idle else ""


def _seconds(model: dict[str, Any], key: str) -> float:
    """Return a time of the hub's API as seconds since 1970, 0 where there is none."""
    text = model.get(key)
    return datetime.fromisoformat(str(text).replace("Z", "+00:00")).timestamp() if text else 0.0


def _since(users: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Return when visitors' servers were started, of those where the hub says so.

    That is when they came, but for what they started anew; when a user was made is not said
    to the service.
    """
    servers = {name: (one.get("servers") or {}).get("") or {} for name, one in users.items()}
    return {name: at for name, one in servers.items() if (at := _seconds(one, "started"))}


def absent(visits: Iterable[Visit], there: Iterable[str], now: float) -> list[str]:
    """Return the names that count although the hub has no such user."""
    known = set(there)
    return [one.name for one in visits if one.name not in known and now - one.since >= GRACE / 2]


class Ending:
    """Ends visits.

    Args:
        hub: The hub.
        ledger: Knows since when they are here.
        limits: How long they may be.
    """

    def __init__(self, hub: Hub, ledger: Ledger, limits: Limits):
        self._hub, self._ledger, self._limits = hub, ledger, limits

    async def look(self) -> None:
        """End every visit that has to end now."""
        now = time.time()
        visits = self._ledger.visits()  # before: who comes meanwhile is in the hub's answer only
        users = {one["name"]: one for one in await self._hub.users() if is_visitor(one["name"])}
        self._ledger.keep(users, _since(users))
        for name in absent(visits, users, now):
            self._ledger.leave(name)
        known = {one.name: one for one in self._ledger.visits()}
        due = {
            name: why
            for name in sorted(set(users) & set(known))
            if (why := why_gone(users[name], known[name], self._limits, now))
        }
        await asyncio.gather(*(self._end_due(name, why) for name, why in due.items()))

    async def _end_due(self, name: str, why: str) -> None:
        """End one visit; if it does not end now, that holds up no other's end."""
        try:
            await self.end(name, why)
        except TROUBLE as error:
            log.warning("the visit of %s is ended later: %s", name, error)

    async def end(self, name: str, why: str) -> bool:
        """End one visit; return whether it is over."""
        gone = await self._hub.end(name)
        if gone:
            self._ledger.leave(name)
            self._ledger.count(f"ended_{why}")
            log.info("ended the visit of %s: %s", name, why)
        return gone

    async def go_on(self) -> None:
        """Look for ever, whatever the hub answers."""
        while True:
            try:
                await self.look()
            except TROUBLE as error:
                log.warning("will look again: %s", error)
            await asyncio.sleep(self._limits.between)
