"""How a waiting container is made, and which starts it is good for.

Both follow from what a cold start would send to the engine. What can be set later is left
out: name, labels of user and server, limits, volumes and what the environment says about
the user. All else is the key: a start with another key is cold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from hubkit.spawner import injection, labels

CPU_SHARES = 1024  # the engine's own, where nothing is said
WAITING_SHARES = 128  # of what waits, and of nothing that was given away
INSPECTED = "inspected"  # the engine's answer about the image, beside the words for creating

# Names in the environment that a user's own values come under, or begin with. The server
# reads them, not what the image does before it. With them go a kernel gateway's.
PERSONAL = frozenset(
    {"MEM_LIMIT", "MEM_GUARANTEE", "CPU_LIMIT", "CPU_GUARANTEE", "VALIDATE_KG_CERT"}
    | {"CLIENT_KEY", "CLIENT_CERT", "CLIENT_CA"}
)
PERSONAL_BEGINNINGS = ("JUPYTERHUB_", "JPY_", "JUPYTER_GATEWAY_", "KERNEL_", "KG_")
# Images of the Jupyter project's start another server where this says nothing
# (docker-stacks, start-notebook.py). It opens nothing.
TOKEN = {"JUPYTERHUB_API_TOKEN": "comes-later"}

# Words of HostConfig that are set by one update → what docker-py calls them.
LIMITS = {
    "Memory": "mem_limit",
    "MemorySwap": "memswap_limit",
    "MemoryReservation": "mem_reservation",
    "CpuPeriod": "cpu_period",
    "CpuQuota": "cpu_quota",
    "CpuShares": "cpu_shares",
}
BARE = "bare"  # beside them, too: folders that are to be the user's without a volume
OPEN = "open"  # and the ports others may reach; none where all are open
LATER = {"name", "labels", "environment", "host_config", "image", INSPECTED, BARE, OPEN}


@dataclass(frozen=True)
class Blueprint:
    """What the waiting containers of one image are made from.

    Attributes:
        image: The image's name.
        key: Equal for all starts that such a container is good for.
        words: For `docker.APIClient.create_container`, all but name and labels.
        labels: Of the site's own.
        folders: Where volumes will be mounted.
        obstacle: Why no start can be given such a container; "" where one can.
        bare: Folders that are to be the server's user's without a volume.
        open: Ports that stay open where others are to be closed; none where all are open.
    """

    image: str
    key: str
    words: Mapping[str, Any]
    labels: Mapping[str, str]
    folders: tuple[str, ...]
    obstacle: str
    bare: tuple[str, ...] = ()
    open: tuple[int, ...] = ()

    def create(self, name: str, project: str) -> dict[str, Any]:
        """Return the words for `create_container`, of a container called *name*."""
        marks = {**self.labels, labels.HUB: project, labels.POOL: self.key}
        return {**self.words, "name": name, "labels": marks}


def of(cold: Mapping[str, Any]) -> Blueprint:
    """Return the blueprint that follows from a cold start.

    Args:
        cold: The words it sends to `create_container`, and under `INSPECTED` the engine's
            answer about the image.
    """
    image = cold[INSPECTED]
    env = {name: str(value) for name, value in cold["environment"].items()}
    fixed = {name: value for name, value in env.items() if not is_personal(name)}
    host = cold["host_config"]
    later = [one for one in host.get("Mounts") or () if one["Type"] == "volume"]
    kept = [one for one in host.get("Mounts") or () if one not in later]
    rest = {word: value for word, value in host.items() if word not in {*LIMITS, "Mounts"}}
    if kept:
        rest["Mounts"] = kept
    own = {name: value for name, value in (cold.get("labels") or {}).items() if not _ours(name)}
    words = {word: value for word, value in cold.items() if word not in LATER}
    places = sorted((one["Target"], bool(one.get("ReadOnly"))) for one in later)
    document = [image["Id"], _digest(injection.archive()), words, rest, fixed, own, places]
    bare, ports = tuple(cold.get(BARE, ())), tuple(cold.get(OPEN, ()))
    document += [bare, ports]
    folders = tuple(one["Target"] for one in later)
    # detach: else the engine closes the standard input for ever when the first writer leaves.
    ways = {"stdin_open": True, "detach": True, "image": cold["image"]}
    words |= {**ways, "host_config": {**rest, "CpuShares": WAITING_SHARES}}
    words["environment"] = {**fixed, **TOKEN, injection.WAIT: "1"}
    written = json.dumps(document, sort_keys=True, default=str).encode()
    obstacle = _obstacle(folders, image, _fixed_targets(rest))
    return Blueprint(cold["image"], _digest(written), words, own, folders, obstacle, bare, ports)


def is_personal(name: str) -> bool:
    """Return whether a variable of the environment is told at the hand-out."""
    return name in PERSONAL or name.startswith(PERSONAL_BEGINNINGS)


def limits(cold: Mapping[str, Any]) -> dict[str, Any]:
    """Return the words for `docker.APIClient.update_container` that give a server its limits.

    Args:
        cold: As for `of`.
    """
    host = cold["host_config"]
    found = {ours: host[word] for word, ours in LIMITS.items() if host.get(word)}
    if "mem_limit" in found:
        # As the engine itself does where only the memory is limited at the creation.
        found.setdefault("memswap_limit", 2 * found["mem_limit"])
    shares = found.get("cpu_shares", CPU_SHARES)
    return {**found, "cpu_shares": shares + (shares == WAITING_SHARES)}


def _obstacle(folders: tuple[str, ...], image: Mapping[str, Any], fixed: set[str]) -> str:
    """Return why volumes cannot be mounted later, "" if they can."""
    own = set(image["Config"].get("Volumes") or ())
    for folder in folders:
        if folder in own:
            return f"the image declares a volume at {folder} itself"
        below = [one for one in fixed | own if PurePosixPath(one).is_relative_to(folder)]
        if below:
            return f"{below[0]} is mounted within the volume at {folder}"
    return ""


def _fixed_targets(host: Mapping[str, Any]) -> set[str]:
    """Return where something is mounted from the beginning."""
    mounts = {one["Target"] for one in host.get("Mounts") or ()}
    binds = {bind.split(":")[1] for bind in host.get("Binds") or ()}
    return mounts | binds | set(host.get("Tmpfs") or ())


def _ours(label: str) -> bool:
    return label in {labels.HUB, labels.USER, labels.SERVER, labels.POOL}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
