"""What a user's container may use and may not do, as words of Docker's HostConfig."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def with_defaults(given: Mapping[str, Any], pids_limit: int) -> dict[str, Any]:
    """Return *given* with the safe word wherever it says nothing.

    Args:
        given: The HostConfig DockerSpawner would send; what an administrator set through
            ``extra_host_config`` is in it and wins.
        pids_limit: Processes and threads, 0 for no limit.
    """
    words: dict[str, Any] = {
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
    }
    if given.get("Memory"):
        # Memory and swap together: a server that swaps is felt as a broken machine.
        words["MemorySwap"] = given["Memory"]
    if pids_limit:
        words["PidsLimit"] = pids_limit
    return words | {word: value for word, value in given.items() if value is not None}
