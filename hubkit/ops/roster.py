"""Who may use the hub: show it, apply the userlist while the hub runs, block and release.

Each function runs in the hub's container and speaks to the register and to the hub.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hubkit import auth, stack
from hubkit.auth.policy import LIST
from hubkit.auth.register import Person, Register
from hubkit.errors import ConfigError, HubkitError, Problem
from hubkit.listing import UNCHANGED, Difference
from hubkit.services.hubapi import connected
from hubkit.services.roster import Ended, end_access, refused
from hubkit.settings import Settings
from hubkit.userlist import Userlist, canonical

COLUMNS = ("NAME", "CAME", "ADMIN", "ACCESS", "SERVERS", "ACCOUNT")


@dataclass(frozen=True)
class Row:
    """One name as `hubkit users list` shows it.

    Attributes:
        name: The hub user's name.
        came: ``listed``, ``added`` or ``admitted``.
        admin: Whether they administer the hub.
        blocked: Whether an administrator keeps them out.
        refusal: Why they may not use the hub, or "".
        servers: Names of their servers; "" is the usual one.
        account: The account at a provider the name belongs to, or "".
    """

    name: str
    came: str
    admin: bool
    blocked: bool
    refusal: str
    servers: tuple[str, ...]
    account: str

    def json(self) -> dict[str, Any]:
        """Return the row as JSON shows it."""
        return asdict(self)

    def cells(self) -> tuple[str, ...]:
        """Return the row as the table shows it."""
        access = "blocked" if self.blocked else "no" if self.refusal else "yes"
        servers = ",".join(one or "running" for one in self.servers)
        admin = "admin" if self.admin else ""
        return self.name, self.came, admin, access, servers, self.account


@dataclass(frozen=True)
class Done:
    """What a command did.

    Attributes:
        lines: A sentence for each thing.
        failed: Why some of it was not done, or "".
    """

    lines: tuple[str, ...]
    failed: str = ""


def overview(env: Settings) -> list[Row]:
    """Return everybody the hub knows, by name.

    Raises:
        HubkitError: The hub does not answer.
    """
    register, policy = Register(stack.REGISTER), auth.policy(env)
    users = {user["name"]: user for user in asyncio.run(_users())}
    people = {person.name: person for person in register.people()}
    people |= {name: Person(name) for name in users if name not in people}
    return [
        Row(
            name,
            person.origin,
            _is_admin(person, bool(users.get(name, {}).get("admin"))),
            person.blocked,
            policy.refusal(person),
            tuple(sorted(users.get(name, {}).get("servers") or {})),
            register.identity_of(name),
        )
        for name, person in sorted(people.items())
    ]


def table(rows: Iterable[Row]) -> list[str]:
    """Return *rows* as lines with a headline, columns aligned."""
    cells: Sequence[tuple[str, ...]] = [COLUMNS, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]


def sync(env: Settings, userlist: Path) -> Done:
    """Make the file *userlist* the list that counts, and end the access of who is off it.

    Raises:
        ConfigError: The file is wrong; nothing was changed.
    """
    try:
        new = Userlist.read(userlist)
    except ConfigError as error:
        raise ConfigError(error.problems, UNCHANGED) from None
    register, policy = Register(stack.REGISTER), auth.policy(env)
    people = register.people()
    old = Userlist(
        tuple(person.name for person in people if person.listed),
        tuple(person.name for person in people if person.listed_admin),
    )
    register.apply(new)
    change = Difference.between(old, new)
    changes = change.lines() or ["the userlist is as it was"]
    others = sorted(policy.allow - {LIST})
    if change.removed and others:
        changes.append(f"ALLOW={','.join(others)} may still let them in; 'users block' does not")
    return _end(refused(register, policy), changes)


def block(name: str, *, blocked: bool) -> Done:
    """Keep *name* out from now on, or no longer.

    Raises:
        ConfigError: The hub does not know *name*.
    """
    register = Register(stack.REGISTER)
    person = _known(register, name)
    register.block(person.name, blocked=blocked)
    if blocked:
        return _end([person.name], [f"{person.name} is blocked"])
    if not person.blocked:
        return Done((f"{person.name} was not blocked",))
    return Done((f"{person.name} is not blocked any more",))


def release(name: str) -> Done:
    """Forget whose account *name* belongs to.

    Raises:
        ConfigError: *name* belongs to no account.
    """
    register, name = Register(stack.REGISTER), canonical(name)
    account = register.identity_of(name)
    if not account:
        problem = Problem(name, "belongs to no account.", "'users list' shows which do.")
        raise ConfigError([problem], UNCHANGED)
    register.release(name)
    lines = [
        f"{name} no longer belongs to {account}",
        f"the next who signs in as {name} gets that name and its home, files included",
    ]
    return _end([name], lines)


def _known(register: Register, written: str) -> Person:
    person = register.person(canonical(written))
    if person is None:
        problem = Problem(written, "is nobody the hub knows.", "'users list' shows who is.")
        raise ConfigError([problem], UNCHANGED)
    return person


def _is_admin(person: Person, now: bool) -> bool:
    """Return whether *person* administers, with what their next request will change."""
    return person.listed_admin or (now and person.admin_by != "list")


def _end(names: Collection[str], lines: list[str]) -> Done:
    try:
        ended = asyncio.run(_end_access(names))
    except HubkitError as error:
        later = "They are refused already; the hub stops their servers once it answers."
        return Done(tuple(lines), f"servers and tokens are left: {error}\n  {later}")
    return Done((*lines, *(line for one in ended for line in one.lines())))


async def _users() -> list[dict[str, Any]]:
    async with connected() as hub:
        return await hub.users()


async def _end_access(names: Collection[str]) -> list[Ended]:
    async with connected() as hub:
        return await end_access(hub, names)
