"""The environment of the server's process: as it was before the launcher, to the letter."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

OWN = "HUBKIT_"  # begins the names of the launcher's own variables
CAME = "HUBKIT_ENVIRON"  # what the process was started with, NUL after each, in base64
# Read by the interpreter and its libraries, before or beside any look at `os.environ`.
EARLY = ("PYTHON", "LD_", "LC_", "LANG", "TZ", "MALLOC_", "OPENSSL_")


def cleaned(env: dict[str, str]) -> dict[str, str]:
    """Return *env* without what the kit added so that the launcher is found."""
    kept = {name: value for name, value in env.items() if not name.startswith(OWN)}
    if "PATH" in kept:
        ours = str(Path(__file__).absolute().parents[2] / "bin")
        kept["PATH"] = os.pathsep.join(
            folder for folder in kept["PATH"].split(os.pathsep) if folder != ours
        )
    return kept


def as_it_came() -> dict[str, str]:
    """Return this process's environment without what the launcher and its shell added."""
    came = os.environ.get(CAME)
    if not came:
        return cleaned(dict(os.environ))
    lines = base64.b64decode(came).split(b"\0")
    pairs = (line.partition(b"=")[::2] for line in lines if b"=" in line)
    return coerced(cleaned({os.fsdecode(name): os.fsdecode(value) for name, value in pairs}))


def coerced(env: dict[str, str]) -> dict[str, str]:
    """Return *env* with the LC_CTYPE that Python sets itself where nothing says a locale."""
    if {"LC_CTYPE", "LC_ALL"} & set(env) or "LC_CTYPE" not in os.environ:
        return env
    return {**env, "LC_CTYPE": os.environ["LC_CTYPE"]}


def replace(env: dict[str, str]) -> None:
    """Make *env* this process's environment; what it lacks is gone."""
    for name in set(os.environ) - set(env):
        del os.environ[name]
    os.environ.update(env)


class _Noting(type(os.environ)):  # type: ignore[misc]
    """The environment, noting which variables are asked for."""

    asked: set[str] = set()  # noqa: RUF012 (one environment, one set)

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return super().__getitem__(name)  # type: ignore[no-any-return]


class Reads:
    """Notes what modules read from the environment when they are imported.

    With another value they would have become something else: `stale` tells.
    """

    def __enter__(self) -> Reads:
        environ: Any = os.environ
        self._before = dict(environ)
        self._class = environ.__class__
        environ.__class__ = _Noting
        return self

    def __exit__(self, *_: object) -> None:
        environ: Any = os.environ
        environ.__class__ = self._class

    def stale(self, env: dict[str, str]) -> list[str]:
        """Return the variables that were read and are different in *env*."""
        early = {name for name in {*env, *self._before} if name.startswith(EARLY)}
        return sorted(
            name for name in _Noting.asked | early if self._before.get(name) != env.get(name)
        )
