"""What the kernel says of a process: whose it is, and what this one may do."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from hubkit.warden.refusals import Reason, Refused


def read(proc: int, name: str) -> str:
    """Return a file of the process whose folder in /proc is the descriptor *proc*."""
    descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc)
    with os.fdopen(descriptor, "rb") as file:
        return os.fsdecode(file.read())


def require_of(proc: int, container: str) -> None:
    """Raise unless the process belongs to *container*, whose id its control groups bear."""
    if container not in read(proc, "cgroup"):
        message = "the container's process is not to be seen here; the mounter needs pid: host"
        raise Refused(Reason.FAILED, message)


def require(capabilities: Mapping[str, int]) -> None:
    """Raise unless this process may use all *capabilities*: name → number."""
    effective = _effective()
    lacking = [name for name, bit in capabilities.items() if not effective >> bit & 1]
    if lacking:
        raise Refused(Reason.FAILED, f"the mounter lacks cap_add: {', '.join(lacking)}")


def _effective() -> int:
    """Return the capabilities this process may use, as bits."""
    status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return int(found[1], 16) if found else 0
