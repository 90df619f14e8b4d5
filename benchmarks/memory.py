"""How much memory containers use, as the kernel counts it in two ways."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import docker

from benchmarks import engine

MIB = 2**20


def charged(stats: dict[str, Any]) -> float:
    """Return the MiB a cgroup is charged for, without files it could drop at once.

    The way ``docker stats`` counts: the name differs between cgroup versions.
    """
    memory = stats["memory_stats"]
    detail = memory["stats"]
    droppable = detail.get("total_inactive_file", detail.get("inactive_file", 0))
    return float(memory["usage"] - droppable) / MIB


def proportional(rollup: str) -> float:
    """Return the MiB in the text of ``/proc/PID/smaps_rollup``: shared pages in parts."""
    line = next(line for line in rollup.splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) / 1024


def _charged_now(names: Sequence[str]) -> list[float]:
    client = docker.from_env()
    try:
        return [charged(client.api.stats(name, stream=False, one_shot=True)) for name in names]
    finally:
        client.close()


async def cgroup(names: Sequence[str]) -> list[float]:
    """Return the MiB of each container by its cgroup."""
    return await asyncio.to_thread(_charged_now, names)


async def pss(name: str) -> float:
    """Return the MiB of all processes of a container; needs root."""
    listed = await engine.docker("top", name, "-eo", "pid")
    total = 0.0
    for pid in listed.split()[1:]:
        total += proportional(Path(f"/proc/{pid}/smaps_rollup").read_text())
    return total
