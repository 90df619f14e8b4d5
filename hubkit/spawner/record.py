"""The failures of servers on disk, because their containers and logs are gone by then.

One JSON object a line. A line without a reason says that what was before it is over.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from hubkit import stack
from hubkit.spawner.failures import Failure

log = logging.getLogger("hubkit.record")

LARGEST = 2 * 2**20  # bytes of a file; there are at most two, the older one ends in ".1"
PRIVATE = 0o600  # lines of a log are their user's
MOST = 2000  # servers whose failure pages show; the oldest are dropped

Lookup = Callable[[str, str], Failure | None]


class Record:
    """What failed last, for each server of each user.

    Only one process writes; any number may read the files, with `read`.

    Args:
        path: The file; it need not exist.
    """

    def __init__(self, path: Path):
        self._path = path
        self._lock = threading.Lock()
        self._current: dict[tuple[str, str], Failure] | None = None

    def write(self, failure: Failure) -> None:
        """Keep *failure*; a full disk is only logged, and does not make a start worse."""
        with self._lock:
            _keep(self._known(), failure)
            self._append(_line(failure))

    def over(self, user: str, server: str = "") -> None:
        """Say that the server runs, or is gone for good: no page shows its failure any more."""
        with self._lock:
            if self._known().pop((user, server), None):
                self._append({"user": user, "server": server, "time": _now()})

    def renamed(self, old: str, new: str) -> None:
        """Give the failures of the user *old* to *new*: the old name may become another's."""
        with self._lock:
            mine = [one for (user, _), one in self._known().items() if user == old]
        for failure in mine:
            self.over(old, failure.server)
            self.write(replace(failure, user=new))

    def current(self, user: str, server: str = "") -> Failure | None:
        """Return the server's last failure, unless it is over."""
        with self._lock:
            return self._known().get((user, server))

    def shown_to(self, viewer: Any) -> Lookup:
        """Return `current`, as *viewer* may see it: of their own servers, or as administrator.

        Args:
            viewer: JupyterHub's user or service, or None; what a template variable is given.
        """
        return partial(self._shown, getattr(viewer, "name", None), getattr(viewer, "admin", False))

    def _shown(self, viewer: str | None, admin: bool, user: str, server: str) -> Failure | None:
        return self.current(user, server) if admin or viewer == user else None

    def _known(self) -> dict[tuple[str, str], Failure]:
        if self._current is None:
            self._current = {}
            try:
                self._recall(self._current)
            except OSError as error:
                log.error("%s cannot be read: %s", self._path, error.strerror)
        return self._current

    def _recall(self, known: dict[tuple[str, str], Failure]) -> None:
        for key, failure in _read(self._path):
            if failure:
                _keep(known, failure)
            else:
                known.pop(key, None)

    def __deepcopy__(self, memo: object) -> Record:
        # traitlets copies what is configured; there is one record.
        return self

    def _append(self, line: dict[str, Any]) -> None:
        data = json.dumps(line).encode() + b"\n"
        try:
            self._path.touch(PRIVATE)
            with self._path.open("r+b") as file:
                end = file.seek(0, os.SEEK_END)
                if end:
                    file.seek(end - 1)
                    # A line that was cut short must not spoil this one.
                    data = data if file.read(1) == b"\n" else b"\n" + data
                file.write(data)
            if end + len(data) > LARGEST:
                self._path.replace(_older(self._path))
        except OSError as error:
            log.error("%s cannot be written: %s", self._path, error.strerror)


def read(path: Path) -> list[Failure]:
    """Return every failure on disk, the newest last.

    Raises:
        OSError: The file is there and cannot be read.
    """
    return [failure for _, failure in _read(path) if failure]


def configure(c: Any) -> Record:
    """Let pages show failures, by the template variable ``last_failure``; return the record.

    To be called after `hubkit.auth.configure`, which sets the others.
    """
    record = Record(stack.FAILURES)
    # JupyterHub calls it with whoever looks at the page.
    c.JupyterHub.template_vars.update(last_failure=record.shown_to)
    return record


def _keep(known: dict[tuple[str, str], Failure], failure: Failure) -> None:
    key = failure.user, failure.server
    known.pop(key, None)
    known[key] = failure
    if len(known) > MOST:
        known.pop(next(iter(known)))


def _older(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")


def _read(path: Path) -> Iterator[tuple[tuple[str, str], Failure | None]]:
    """Yield every line as (user, server) and its failure, None where one is over."""
    # The newer file first: while the two are read, it may grow and become the older.
    newer, older = _content(path), _content(_older(path))
    whole = older if older.startswith(newer) else b"\n".join([older, newer])
    for line in whole.split(b"\n"):
        try:
            found = json.loads(line)
            yield (str(found["user"]), str(found["server"])), _failure(found)
        except (ValueError, KeyError, TypeError):
            continue  # cut short when the hub was killed


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _line(failure: Failure) -> dict[str, Any]:
    return {
        "time": failure.when.astimezone(UTC).isoformat(timespec="seconds"),
        "user": failure.user,
        "server": failure.server,
        "reason": failure.reason,
        "died": failure.died,
        "sentence": failure.sentence,
        "log": failure.log,
    }


def _failure(line: dict[str, Any]) -> Failure | None:
    if "reason" not in line:
        return None
    return Failure(
        reason=line["reason"],
        sentence=line["sentence"],
        log=tuple(line["log"]),
        when=datetime.fromisoformat(line["time"]),
        user=line["user"],
        server=line["server"],
        died=line["died"],
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
