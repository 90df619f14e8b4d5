"""What the gateway is told: the environment, and the files it names.

``GATEWAY_PORT``
    Where it listens, 8888. A port that is taken is an error.
``GATEWAY_CERT``, ``GATEWAY_KEY``
    The gateway's own certificate (chain included) and key, ``cert.pem`` and ``key.pem`` in
    ``/run/hubkit/gateway``.
``GATEWAY_CLIENT_CA``
    Who may issue users' certificates, ``client-ca.pem`` there.
``GATEWAY_CRL``
    Revoked certificates, ``crl.pem`` there: a list of every authority. The default may be
    missing, and counts from the moment it appears; a file that is named must exist. Past
    its date a list refuses everybody.
``KG_AUTH_TOKEN`` or ``KG_AUTH_TOKEN_FILE``
    A token everybody must know besides having a certificate. By default what is in
    ``token`` there; without such a file, none.
``GATEWAY_KERNELS_PER_USER``
    How many kernels a user may run at a time, 10.
``GATEWAY_IDLE_TIMEOUT``
    Seconds after which an idle kernel that nobody is connected to ends; 0, never.
``GATEWAY_ALLOWED_ENVS``
    Names, separated by commas, that a user may set for a kernel besides ``KERNEL_…``.

Certificates, key, revocation list and a token in a file are read again when they change.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = "/run/hubkit/gateway"
TOKEN = Path(FOLDER, "token")


class Refused(Exception):
    """The gateway cannot start with what it was told.

    Attributes:
        problems: Pairs of what was set and what is wrong with it.
    """

    def __init__(self, problems: list[tuple[str, str]]):
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        listed = "".join(f"\n\n  {what}\n    {wrong}" for what, wrong in problems)
        super().__init__(f"kernel-gateway: {count} (nothing was started){listed}\n")
        self.problems = problems


@dataclass(frozen=True)
class Files:
    """What the gateway proves itself with, and what its users are judged by."""

    certificate: Path
    key: Path
    client_ca: Path
    revoked: Path


@dataclass(frozen=True)
class Settings:
    """The settings, checked. The token is not shown."""

    port: int
    files: Files
    token: str = field(repr=False)
    token_file: Path | None
    kernels_per_user: int
    idle_timeout: int
    allowed_envs: tuple[str, ...]

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Return the settings, or raise `Refused` with everything that is wrong."""
        return _Reader({name: value for name, value in environment.items() if value}).read()

    def token_now(self, previous: str) -> str:
        """Return the token its file holds now; *previous* where that cannot be used.

        A file that is gone means no token only where none need be.
        """
        path = self.token_file
        if path is None:
            return previous
        try:
            return path.read_text().strip() or previous
        except FileNotFoundError:
            return "" if path == TOKEN else previous
        except (OSError, UnicodeDecodeError):
            return previous


class _Reader:
    """Reads all settings before it complains."""

    def __init__(self, given: Mapping[str, str]):
        self.given = given
        self.problems: list[tuple[str, str]] = []

    def read(self) -> Settings:
        files = Files(
            self.file("GATEWAY_CERT", "cert.pem"),
            self.file("GATEWAY_KEY", "key.pem", secret=True),
            self.file("GATEWAY_CLIENT_CA", "client-ca.pem"),
            self.file("GATEWAY_CRL", "crl.pem", optional="GATEWAY_CRL" not in self.given),
        )
        names = self.given.get("GATEWAY_ALLOWED_ENVS", "").split(",")
        token, token_file = self.token()
        settings = Settings(
            port=self.number("GATEWAY_PORT", 8888, 1, 65535),
            files=files,
            token=token,
            token_file=token_file,
            kernels_per_user=self.number("GATEWAY_KERNELS_PER_USER", 10, 1, 1000),
            idle_timeout=self.number("GATEWAY_IDLE_TIMEOUT", 0, 0, 10**8),
            allowed_envs=tuple(filter(None, map(str.strip, names))),
        )
        if self.problems:
            raise Refused(self.problems)
        return settings

    def number(self, name: str, default: int, least: int, most: int) -> int:
        given = self.given.get(name, str(default))
        if given.isascii() and given.isdigit() and least <= int(given) <= most:
            return int(given)
        self.problems.append((f"{name}={given}", f"must be a number from {least} to {most}."))
        return default

    def file(
        self, name: str, default: str, *, secret: bool = False, optional: bool = False
    ) -> Path:
        path = Path(self.given.get(name, f"{FOLDER}/{default}"))
        if optional and not path.exists():
            return path
        wrong = unreadable(path) or (secret and exposed(path))
        if wrong:
            self.problems.append((f"{name}={path}", wrong))
        return path

    def token(self) -> tuple[str, Path | None]:
        """Return the token and the file it is in, if it is in one."""
        named = "KG_AUTH_TOKEN_FILE" in self.given
        if "KG_AUTH_TOKEN" in self.given:
            if not named:
                return self.given["KG_AUTH_TOKEN"].strip(), None
            self.problems.append(("KG_AUTH_TOKEN", "and KG_AUTH_TOKEN_FILE are both set: use one."))
        before = len(self.problems)
        path = self.file("KG_AUTH_TOKEN_FILE", TOKEN.name, secret=True, optional=not named)
        if len(self.problems) > before or not (named or path.exists()):
            return "", path
        token = path.read_text().strip()
        if not token:
            self.problems.append((f"KG_AUTH_TOKEN_FILE={path}", "is empty."))
        return token, path


def unreadable(path: Path) -> str:
    """Return why *path* cannot be read, with the cure; nothing if it can.

    Root in this container has no power over others' files.
    """
    try:
        with path.open("rb"):
            return ""
    except PermissionError:
        return "cannot be read. Let root own it: chown root FILE"
    except OSError as error:
        return f"{error.strerror}. Put it there, or mount the folder that holds it."


def exposed(path: Path) -> str:
    """Return what to do where the users' kernels, in this container too, could read *path*."""
    whole = path.resolve()
    reached = all(folder.stat().st_mode & stat.S_IXOTH for folder in whole.parents)
    if reached and whole.stat().st_mode & stat.S_IROTH:
        return "can be read by everybody, kernels included. Run: chmod 0400 FILE"
    return ""


def read() -> Settings:
    """Return the settings of this process."""
    return Settings.read(os.environ)
