"""What a user's container may use and may not do, as words of Docker's HostConfig."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def with_defaults(
    given: Mapping[str, Any],
    pids_limit: int,
    cpu_shares: int = 0,
    extra_hosts: Sequence[str] = (),
) -> dict[str, Any]:
    """Return *given* with the safe word wherever it says nothing.

    Args:
        given: The HostConfig DockerSpawner would send; what an administrator set through
            ``extra_host_config`` is in it and wins.
        pids_limit: Processes and threads, 0 for no limit.
        cpu_shares: Weight where processors are short, 0 for the engine's own.
        extra_hosts: ``name:address`` pairs.
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
    if cpu_shares:
        words["CpuShares"] = cpu_shares
    if extra_hosts:
        words["ExtraHosts"] = list(extra_hosts)
    return words | {word: value for word, value in given.items() if value is not None}
