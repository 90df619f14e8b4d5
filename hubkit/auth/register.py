"""What the hub remembers about people beside JupyterHub's own database.

Who is on the userlist as it was last applied, who was added by an administrator, whose
account at the provider a name belongs to, and who is blocked. It lies in a file of its
own in the data volume, so that the hub and the commands beside it see one truth, each
change whole or not at all.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hubkit.auth.datafile import DataFile
from hubkit.userlist import Userlist

WAIT = 1.0  # seconds for another process that writes; its writes take milliseconds
COLUMNS = (
    "name, origin, listed, listed_admin, admin_by, blocked, denied, checked, stale_since, ended"
)
TABLES = """
CREATE TABLE IF NOT EXISTS people (
    name TEXT PRIMARY KEY,
    origin TEXT NOT NULL DEFAULT '',
    listed INTEGER NOT NULL DEFAULT 0,
    listed_admin INTEGER NOT NULL DEFAULT 0,
    admin_by TEXT NOT NULL DEFAULT '',
    blocked INTEGER NOT NULL DEFAULT 0,
    denied INTEGER NOT NULL DEFAULT 0,
    checked REAL NOT NULL DEFAULT 0,
    stale_since REAL NOT NULL DEFAULT 0,
    ended INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS identities (
    identity TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
"""


@dataclass(frozen=True)
class Person:
    """One name the hub knows.

    Attributes:
        name: The hub user's name.
        origin: How they first came: ``listed`` on the userlist, ``added`` by an
            administrator, ``admitted`` by ALLOW, or ``found`` in a database that is
            older than the register.
        listed: Whether the userlist names them now.
        listed_admin: Whether it names them as administrator.
        admin_by: What made them administrator: ``list``, ``group`` or, by hand, "".
            ``lost``: neither does any more, but the hub's database may still say so.
        blocked: Whether an administrator keeps them out.
        denied: Whether the provider said, at the last look, that they left.
        checked: When the provider last confirmed them, seconds since 1970.
        stale_since: Since when the provider wants a fresh sign-in, likewise; 0 for not.
        ended: Whether sessions begun before now count for nothing.
    """

    name: str
    origin: str = ""
    listed: bool = False
    listed_admin: bool = False
    admin_by: str = ""
    blocked: bool = False
    denied: bool = False
    checked: float = 0.0
    stale_since: float = 0.0
    ended: bool = False


class Register:
    """The people of one hub.

    Args:
        path: The file; made where missing.
    """

    def __init__(self, path: Path):
        self._file = DataFile(path, TABLES, WAIT)

    def apply(self, users: Userlist) -> None:
        """Make *users* the list that counts; who is no longer on it is remembered."""
        gone = {one.name for one in self.people() if one.listed} - set(users.members)
        with self._file.changing() as database:
            database.execute("UPDATE people SET listed = 0, listed_admin = 0")
            for name in gone:
                database.execute("UPDATE people SET ended = 1 WHERE name = ?", (name,))
            for name in users.members:
                database.execute(
                    "INSERT INTO people (name, origin, listed, listed_admin) "
                    "VALUES (?, 'listed', 1, ?) ON CONFLICT (name) DO UPDATE SET "
                    "origin = 'listed', listed = 1, listed_admin = excluded.listed_admin",
                    (name, name in users.admins),
                )

    def people(self) -> list[Person]:
        """Return everybody known, by name."""
        with self._file.reading() as database:
            rows = database.execute(f"SELECT {COLUMNS} FROM people ORDER BY name").fetchall()  # noqa: S608
        return [_person(row) for row in rows]

    def person(self, name: str) -> Person | None:
        """Return what is known about *name*, or None."""
        with self._file.reading() as database:
            wanted = f"SELECT {COLUMNS} FROM people WHERE name = ?"  # noqa: S608
            row = database.execute(wanted, (name,)).fetchone()
        return _person(row) if row else None

    def put_back(self, name: str) -> None:
        """Forget that *name* was taken off the list, so that they can be let in again."""
        with self._file.changing() as database:
            database.execute(
                "UPDATE people SET origin = '' WHERE name = ? AND origin = 'listed' AND NOT listed",
                (name,),
            )

    def came(self, name: str, origin: str) -> None:
        """Remember how *name* came, if they are new or came differently before."""
        self._set(name, "origin", origin)

    def set_admin_by(self, name: str, source: str) -> None:
        """Remember what made *name* an administrator: ``list``, ``group`` or ""."""
        self._set(name, "admin_by", source)

    def listed_rights(self, name: str, *, admin: bool) -> bool | None:
        """Return whether *name* has to become or cease to be administrator; None for neither.

        It says so until the hub's database agrees: an answer may get lost on its way.

        Args:
            name: A hub user.
            admin: Whether they administer the hub now.
        """
        person = self.person(name)
        if person and person.listed_admin:
            if person.admin_by != "list":
                self.set_admin_by(name, "list")
            return None if admin else True
        if person and person.admin_by in {"list", "lost"}:
            self.set_admin_by(name, "lost" if admin else "")
            return False if admin else None
        return None

    def block(self, name: str, *, blocked: bool) -> None:
        """Keep *name* out, or no longer."""
        self._set(name, "blocked", int(blocked))
        if blocked:
            self.end(name)

    def end(self, name: str) -> None:
        """Make sessions of *name* begun before now count for nothing."""
        self._set(name, "ended", 1)

    def begin(self, name: str) -> None:
        """Remember that *name* has signed in: what was held against older sessions is over."""
        self.confirm(name)
        self._set(name, "ended", 0)

    def stale(self, name: str) -> float:
        """Remember that *name* has to sign in again; return since when, seconds since 1970."""
        person = self.person(name)
        since = (person.stale_since if person else 0.0) or time.time()
        self._set(name, "stale_since", since)
        return since

    def confirm(self, name: str) -> None:
        """Remember that the provider knew *name* just now and has them still."""
        self._set(name, "checked", time.time())
        self._set(name, "denied", 0)
        self._set(name, "stale_since", 0)

    def deny(self, name: str) -> None:
        """Remember that the provider said *name* has left."""
        self._set(name, "denied", 1)
        self.end(name)

    def forget(self, name: str) -> None:
        """Forget *name*, whose hub user was deleted; list, block and identity stay.

        The identity stays because the home does: whoever comes next under this name
        must not get it by accident.
        """
        with self._file.changing() as database:
            database.execute(
                "DELETE FROM people WHERE name = ? AND NOT blocked AND NOT listed", (name,)
            )

    def rename(self, old: str, new: str) -> None:
        """Follow a hub user who is called *new* from now on."""
        with self._file.changing() as database:
            known = database.execute("SELECT 1 FROM people WHERE name = ?", (old,)).fetchone()
            if not known:
                return
            database.execute(
                "INSERT INTO people (name, origin, admin_by, blocked, denied, checked) "
                "SELECT ?, CASE WHEN listed THEN 'added' ELSE origin END, "
                "admin_by, blocked, denied, checked FROM people WHERE name = ? "
                "ON CONFLICT (name) DO UPDATE SET origin = CASE WHEN listed THEN 'listed' "
                "ELSE excluded.origin END, admin_by = excluded.admin_by, "
                "blocked = excluded.blocked, denied = excluded.denied, checked = excluded.checked",
                (new, old),
            )
            database.execute("DELETE FROM identities WHERE name = ?", (new,))
            database.execute("DELETE FROM people WHERE name = ? AND NOT listed", (old,))
            database.execute("UPDATE identities SET name = ? WHERE name = ?", (new, old))

    def name_of(self, identity: str) -> str:
        """Return the hub user's name of an account at a provider, or ""."""
        with self._file.reading() as database:
            row = database.execute(
                "SELECT name FROM identities WHERE identity = ?", (identity,)
            ).fetchone()
        return str(row[0]) if row else ""

    def identity_of(self, name: str) -> str:
        """Return the account at a provider that *name* belongs to, or ""."""
        with self._file.reading() as database:
            row = database.execute(
                "SELECT identity FROM identities WHERE name = ?", (name,)
            ).fetchone()
        return str(row[0]) if row else ""

    def bind(self, identity: str, name: str) -> None:
        """Make *name* belong to the account *identity*, and to no other."""
        with self._file.changing() as database:
            database.execute(
                "DELETE FROM identities WHERE identity = ? OR name = ?", (identity, name)
            )
            database.execute("INSERT INTO identities VALUES (?, ?)", (identity, name))

    def release(self, name: str) -> None:
        """Forget whose account *name* belongs to: the next to come gets it, home included."""
        with self._file.changing() as database:
            database.execute("DELETE FROM identities WHERE name = ?", (name,))
        self.end(name)

    def _set(self, name: str, column: str, value: object) -> None:
        with self._file.changing() as database:
            database.execute(
                f"INSERT INTO people (name, {column}) VALUES (?, ?) "  # noqa: S608 (our column)
                f"ON CONFLICT (name) DO UPDATE SET {column} = excluded.{column}",
                (name, value),
            )


def _person(row: tuple[Any, ...]) -> Person:
    name, origin, listed, listed_admin, admin_by, blocked, denied, checked, stale, ended = row
    flags = map(bool, (listed, listed_admin, blocked, denied, ended))
    is_listed, is_admin, is_blocked, is_denied, is_ended = flags
    return Person(
        name, origin, is_listed, is_admin, admin_by, is_blocked, is_denied, checked, stale, is_ended
    )
