"""Unix accounts for the gateway's users, made when they are first needed.

``passwd`` in the data volume is the register: who has which uid. Nothing is ever removed
from it, so a uid keeps its owner and a home stays its owner's, whatever happens to the
container. The C library reads the same file (libnss-extrausers), so ``whoami`` works.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

FIRST_UID = 20000  # above what distributions and administrators give out
PLAIN = re.compile(r"[a-z_][a-z0-9_-]{0,30}")
CODED = "u-"
SHELL = "/bin/bash"


@dataclass(frozen=True)
class Account:
    """One user's account; its group has the same name and number."""

    user: str
    name: str
    uid: int
    home: Path

    def line(self) -> str:
        """Return the account as a line of passwd; the user's name is the comment."""
        comment = quote(self.user, safe="@ ")
        return f"{self.name}:x:{self.uid}:{self.uid}:{comment}:{self.home}:{SHELL}"

    @classmethod
    def parse(cls, line: str) -> Account:
        """Return the account a line of passwd is about."""
        name, _, uid, _, comment, home, _ = line.split(":")
        return cls(unquote(comment), name, int(uid), Path(home))


def unix_name(user: str, reserved: frozenset[str]) -> str:
    """Return the account's name for *user*: the same, where Unix admits it.

    Any other name, those of the system's accounts (*reserved*) and whatever looks like a
    coded name are coded: the same always as the same, different ones differently.
    """
    if PLAIN.fullmatch(user) and not user.startswith(CODED) and user not in reserved:
        return user
    return CODED + hashlib.sha256(user.encode()).hexdigest()[:24]


class Accounts:
    """The register and the homes.

    Args:
        register: Folder of ``passwd`` and ``group``; root's, everybody may read.
        homes: Folder of the homes; root's, everybody may pass through.
        reserved: Names of the system's accounts and groups.
    """

    def __init__(self, register: Path, homes: Path, reserved: frozenset[str]):
        self.register, self.homes, self.reserved = register, homes, reserved
        for folder, mode in ((register, 0o755), (homes, 0o711)):
            folder.mkdir(exist_ok=True)
            folder.chmod(mode)
        with self._locked():
            self._write(self.all())

    def all(self) -> list[Account]:
        """Return every account there is."""
        try:
            lines = (self.register / "passwd").read_text(encoding="ascii").splitlines()
        except FileNotFoundError:
            return []
        return [Account.parse(line) for line in lines]

    def get(self, user: str) -> Account:
        """Return the account of *user*; account and home are made if missing."""
        with self._locked():
            accounts = self.all()
            found = next((account for account in accounts if account.user == user), None)
            account = found or self._new(user, accounts)
            self._make_home(account)
            if not found:
                self._write([*accounts, account])
        return account

    def _new(self, user: str, accounts: list[Account]) -> Account:
        """Return an account nobody has; a home that is there already keeps its owner."""
        name = unix_name(user, self.reserved)
        home = self.homes / name
        if any(account.name == name for account in accounts):
            raise ValueError(f"two users would share the account {name}")
        taken = {account.uid for account in accounts}
        owners = {path.lstat().st_uid for path in self.homes.iterdir()}
        owner = home.lstat().st_uid if home.exists() else 0
        if owner >= FIRST_UID and owner not in taken:
            return Account(user, name, owner, home)
        return Account(user, name, 1 + max({FIRST_UID - 1} | taken | owners), home)

    def _make_home(self, account: Account) -> None:
        # Nobody but root can have put anything here, so nothing can be a trap. What was
        # left half made belongs to root and is finished.
        if not account.home.exists():
            account.home.mkdir(mode=0o700)
        if account.home.lstat().st_uid != account.uid:
            account.home.chmod(0o700)
            os.chown(account.home, account.uid, account.uid)

    def _write(self, accounts: list[Account]) -> None:
        """Replace both files, each as a whole."""
        groups = [f"{account.name}:x:{account.uid}:" for account in accounts]
        for name, lines in (
            ("group", groups),
            ("passwd", [account.line() for account in accounts]),
        ):
            new = self.register / f"{name}.new"
            with new.open("w", encoding="ascii") as file:
                file.writelines(f"{line}\n" for line in lines)
                file.flush()
                os.fsync(file.fileno())
            new.chmod(0o644)
            new.replace(self.register / name)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.register / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def end_processes(account: Account) -> None:
    """Kill whatever still runs as *account*; nobody else's processes can be hit."""
    everything = ["/bin/sh", "-c", "kill -9 -1"]
    subprocess.run(
        everything,
        user=account.uid,
        group=account.uid,
        extra_groups=[],
        env={},
        cwd="/",
        check=False,
        capture_output=True,
        timeout=10,
    )
