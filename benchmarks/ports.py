"""Free ports of this machine."""

from __future__ import annotations

import contextlib
import socket


def free_ports(count: int) -> list[int]:
    """Return *count* different ports nothing listens on."""
    with contextlib.ExitStack() as stack:
        found = []
        for _ in range(count):
            probe = stack.enter_context(socket.socket())
            probe.bind(("", 0))
            found.append(int(probe.getsockname()[1]))
        return found
