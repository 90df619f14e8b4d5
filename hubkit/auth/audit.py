"""Who signed in, or tried to: one JSON object a line, in the data volume.

Never a password, and of what a stranger typed as a name only the beginning.
"""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

LARGEST, KEPT = 10 * 2**20, 5  # bytes of one file; files besides it
ONCE_IN = 60.0  # seconds between two lines about one person's ended sessions
LONGEST_NAME = 64  # characters; 1 MB of a name would be somebody filling the disk


class Audit:
    """The log of sign-ins.

    Args:
        path: The file; older ones beside it end in ``.1`` to ``.5``.
    """

    def __init__(self, path: Path):
        self._handler = RotatingFileHandler(
            path, maxBytes=LARGEST, backupCount=KEPT, delay=True, encoding="utf-8"
        )
        self._ended: dict[str, float] = {}

    def write(self, result: str, *, name: str, address: str, way: str, reason: str = "") -> None:
        """Add a line.

        Args:
            result: ``signed-in``, ``failed`` (not proved who they are), ``refused``
                (proved it, but may not), ``limited`` (too many failures), ``unavailable``
                (nobody could say) or ``ended`` (a session, because access was taken away).
            name: What was typed, or the hub user.
            address: Where the request came from.
            way: The provider's word in AUTH.
            reason: What the person was told.
        """
        if result == "ended" and not self._first(name):
            return
        line = {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "result": result,
            "name": shortened(name),
            "address": address,
            "way": way,
            "reason": reason,
        }
        text = json.dumps({key: value for key, value in line.items() if value})
        self._handler.emit(logging.LogRecord("audit", logging.INFO, "", 0, text, None, None))
        self._handler.close()  # opened again by the next line, wherever it was moved to

    def _first(self, name: str) -> bool:
        """Return whether no session of *name* was ended within the last minute.

        A page that was left open asks the hub again and again.
        """
        now = time.monotonic()
        first = now - self._ended.get(name, -ONCE_IN) >= ONCE_IN
        if first:
            self._ended[name] = now
        return first


def shortened(name: str) -> str:
    """Return *name*, cut where it is longer than a name may be shown."""
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[:LONGEST_NAME]}… ({len(name)} characters)"
