"""What may be mounted where, and whose ports be closed: decided from the engine's own answers.

The request says what is wanted; whose a container or a volume is, only the engine says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from hubkit import names
from hubkit.settings import Settings
from hubkit.values import DOCKER_NAME, Mount
from hubkit.warden.mounting import Volume
from hubkit.warden.refusals import Reason, Refused

MOST_PORT = 65535
CONTAINER_ID = re.compile(r"[0-9a-f]{64}")
# Labels as in hubkit.spawner.labels; the spawner's package would bring JupyterHub with it,
# and this program holds too many rights for that. A test compares them.
HUB, USER, POOL = "hubkit.hub", "hubkit.user", "hubkit.pool"
# Runtimes whose containers have the kernel's own network. Of others' a rule in the namespace
# sees nothing: packets go past it into a sandbox.
RUNTIMES = {"", "runc", "crun", "youki", "nvidia", "io.containerd.runc.v2"}
SHARED = "container:"  # begins the network mode of one that lives in another's
USERNAME = "{username}"  # stands for the user's escaped name, as DockerSpawner has it


@dataclass(frozen=True)
class Request:
    """What the hub asks for.

    Attributes:
        container: Whole id of a running container of the pool.
        user: The user's name, as on the label of the home volume.
        mounts: Volumes by name, the home among them; targets all different. None at all for
            somebody who has no home.
        told: The line its standard input gets once they are mounted; it may hold tokens.
    """

    container: str
    user: str
    mounts: tuple[Mount, ...]
    told: str = field(default="", repr=False)


@dataclass(frozen=True)
class Rules:
    """What this site allows.

    Attributes:
        project: The hub's project, on the label of everything it made.
        home: Where a home is mounted.
        extra: What else every server mounts.
    """

    project: str
    home: str
    extra: tuple[Mount, ...] = ()

    @classmethod
    def of(cls, env: Settings) -> Rules:
        """Return the rules that follow from the settings."""
        return cls(env.compose_project_name, env.docker_notebook_dir, env.extra_volumes)

    def check_request(self, request: Request) -> None:
        """Raise `Refused` unless every path, and every further volume, is of this site."""
        homes = [one for one in request.mounts if one.target == _plain(self.home)]
        if request.mounts and [one.read_only for one in homes] != [False]:
            raise Refused(Reason.NOT_ALLOWED, f"no home to write to, at {self.home}")
        allowed = [_for_user(one, request.user) for one in self.extra]
        for one in request.mounts:
            if one not in (*homes, *allowed):
                message = f"{one.source} at {one.target} is not in EXTRA_VOLUMES"
                raise Refused(Reason.NOT_ALLOWED, message)

    def targets(self) -> set[str]:
        """Return where something may be mounted later, for a user without odd characters."""
        return {_plain(self.home), *(_plain(one.target) for one in self.extra)}

    def process(self, container: Mapping[str, Any]) -> int:
        """Return the id of the first process of a waiting container of this hub's pool.

        Args:
            container: What the engine says of it.

        Raises:
            Refused: It is another hub's, no member of the pool, somebody's, or not running.
        """
        found, state = _labels(container), container["State"]
        if found.get(HUB) != self.project or not found.get(POOL):
            raise Refused(Reason.NOT_ALLOWED, "the container is not of this hub's pool")
        if USER in found:
            raise Refused(Reason.NOT_ALLOWED, "the container was made for a user")
        if not state["Running"] or state["Paused"] or state["Pid"] <= 0:
            raise Refused(Reason.STOPPED, "the container does not run")
        return int(state["Pid"])

    def own_network(self, container: Mapping[str, Any]) -> int:
        """Return the id of the first process of a server, or of one that waits.

        Args:
            container: What the engine says of it.

        Raises:
            Refused: It is another hub's, not running, or has its network with others.
        """
        found, state = _labels(container), container["State"]
        if found.get(HUB) != self.project or not (found.get(POOL) or USER in found):
            raise Refused(Reason.NOT_ALLOWED, "the container is no server of this hub")
        mode = container["HostConfig"]["NetworkMode"]
        sandbox = container.get("NetworkSettings", {}).get("SandboxKey") or ""
        if mode == "host" or mode.startswith(SHARED) or sandbox.endswith("/default"):
            raise Refused(Reason.NOT_ALLOWED, f"the container has no network of its own ({mode})")
        if (runtime := container["HostConfig"].get("Runtime") or "") not in RUNTIMES:
            message = f"the runtime {runtime} passes its network by the kernel's rules"
            raise Refused(Reason.NOT_ALLOWED, message)
        if not state["Running"] or state["Pid"] <= 0:
            raise Refused(Reason.STOPPED, "the container does not run")
        return int(state["Pid"])

    def volume(self, wanted: Mount, user: str, volume: Mapping[str, Any]) -> Volume:
        """Return how to mount a volume of the user's.

        Args:
            wanted: One of a request that `check_request` let pass.
            user: The user's name.
            volume: What the engine says of it.

        Raises:
            Refused: It is another hub's or user's, or not a plain folder of the engine's.
        """
        found = _labels(volume)
        mine = {HUB: self.project, USER: user}
        is_home = wanted.target == _plain(self.home)
        for label, value in mine.items():
            if found.get(label) != value and (is_home or label in found):
                message = f"the volume {wanted.source} is not that of the user {user}"
                raise Refused(Reason.NOT_ALLOWED, message)
        if volume["Driver"] != "local" or volume.get("Options"):
            # The engine mounts such a volume when a container of it starts, not before.
            message = f"the volume {wanted.source} has a driver or options of its own"
            raise Refused(Reason.NOT_ALLOWED, message)
        return Volume(volume["Mountpoint"], wanted.target, wanted.read_only)


def parse(body: Any) -> Request:
    """Return the request in a JSON document.

    Raises:
        Refused: It is not of the form the `Request` has.
    """
    match body:
        case {
            "container": str(container),
            "user": str(user),
            "mounts": [*given],
            "told": str(told),
        }:
            mounts = tuple(_mount(one) for one in given)
        case _:
            raise Refused(Reason.MALFORMED, "container, user, mounts and told are needed")
    if "\n" in told:
        raise Refused(Reason.MALFORMED, "what is told must be one line")
    if not CONTAINER_ID.fullmatch(container):
        raise Refused(Reason.MALFORMED, "container must be a whole id")
    _require_different([one.target for one in mounts])
    return Request(container, user, mounts, told)


def parse_ports(body: Any) -> tuple[int, ...]:
    """Return the ports that stay open, out of a JSON document.

    Raises:
        Refused: It is not of the form ``{"open": [8888, …]}``.
    """
    match body:
        case {"open": [_, *_] as ports} if all(map(_is_port, ports)):
            return tuple(ports)
    raise Refused(Reason.MALFORMED, "open, a list of ports, is needed")


def _is_port(given: Any) -> bool:
    return type(given) is int and 0 < given <= MOST_PORT


def _mount(given: Any) -> Mount:
    match given:
        case {"volume": str(name), "target": str(target), "read_only": bool(read_only)}:
            if DOCKER_NAME.fullmatch(name) and target.startswith("/"):
                return Mount(name, _plain(target), read_only)
    raise Refused(Reason.MALFORMED, "a mount has a volume's name, a target and read_only")


def _require_different(targets: Sequence[str]) -> None:
    if len(set(targets)) < len(targets):
        raise Refused(Reason.MALFORMED, "two volumes have the same target")


def _for_user(volume: Mount, user: str) -> Mount:
    source, target = (
        text.replace(USERNAME, names.escape(user)) for text in (volume.source, volume.target)
    )
    return Mount(source, _plain(target), volume.read_only)


def _plain(path: str) -> str:
    """Return *path* as the kernel writes it: no slash at its end, none double."""
    return "/" + str(PurePosixPath(path)).lstrip("/")


def _labels(answer: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the labels in an answer of the engine about a container or a volume."""
    return answer.get("Config", answer).get("Labels") or {}
