"""What the Docker engine says when it refuses, as a word and a sentence for people.

The engine has no codes for these, only texts: here as Docker 26.1 writes them, and
tests/docker/test_failures.py provokes most. One that is not in the table is passed on.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

LONGEST = 300  # characters of a text that is passed on
WHOEVER_MADE_IT = "Ask whoever made the image, or choose another."
CHECK_MOUNTS = "For an administrator: check EXTRA_VOLUMES and HOST_DIRECTORIES in .env."
CHECK_IMAGE = "For an administrator: check DOCKER_NOTEBOOK_IMAGE in .env."
TRY_LATER = "Try again later, or ask an administrator."


@dataclass(frozen=True)
class Attempt:
    """What was to run.

    Attributes:
        image: The image's name.
        command: What runs in it, as one line.
        mem_limit: Bytes, 0 for no limit.
        port: Where it listens in its container.
    """

    image: str = ""
    command: str = ""
    mem_limit: int = 0
    port: int = 8888

    @classmethod
    def of(cls, container: Mapping[str, Any], port: int) -> Attempt:
        """Return what an existing container was made for; settings may have changed since.

        Args:
            container: An answer of the engine.
            port: Where it listens.
        """
        config, host = container["Config"], container["HostConfig"]
        words = [*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())]
        return cls(config["Image"], shlex.join(words), host.get("Memory") or 0, port)


@dataclass(frozen=True)
class Cause:
    """Why something failed.

    Attributes:
        reason: One word, for metrics.
        sentence: For the user, with a cure where there is one.
    """

    reason: str
    sentence: str


Words = Callable[["re.Match[str]", Attempt], str]


def _missing_command(found: re.Match[str], attempt: Attempt) -> str:
    command = found[1]
    wrong = f"The image {attempt.image} has no command {command}"
    if command.rpartition("/")[2] == "jupyterhub-singleuser":
        return f"{wrong}: it is not made for JupyterHub. Install the package jupyterhub in it."
    return f"{wrong}. {WHOEVER_MADE_IT}"


def _registry(found: re.Match[str], attempt: Attempt) -> str:
    said = shortened(found[1] or found[0])
    return (
        f"The image {attempt.image} is not on this machine, and its registry did not give it: "
        f"{said}. For an administrator: docker pull {attempt.image}"
    )


def _not_found(_: re.Match[str], attempt: Attempt) -> str:
    return f"The image {attempt.image} was not found. {CHECK_IMAGE}"


def _platform(_: re.Match[str], attempt: Attempt) -> str:
    return f"The image {attempt.image} was made for another kind of processor."


def _limit(found: re.Match[str], attempt: Attempt) -> str:
    return (
        f"A memory limit of {size(attempt.mem_limit)} is less than the engine allows, {found[1]}. "
        "For an administrator: raise MEM_LIMIT in .env."
    )


def _plain(sentence: str) -> Words:
    """Return *sentence* with ``{1}``, ``{2}`` and ``{image}`` filled in."""

    def words(found: re.Match[str], attempt: Attempt) -> str:
        return sentence.format(
            found[0], *map(shortened, found.groups()), image=attempt.image, port=attempt.port
        )

    return words


TABLE: tuple[tuple[str, str, Words], ...] = (
    (
        r"no space left on device|disk quota exceeded",
        "disk",
        _plain("No space is left on the machine's disk. Ask an administrator to make room."),
    ),
    (
        r"does not match the (?:specified|detected host) platform|no matching manifest for"
        r"|exec format error",
        "platform",
        _platform,
    ),
    (
        r"No such image|manifest for .* not found|manifest unknown|pull access denied"
        r"|repository .* not found|repository does not exist",
        "image",
        _not_found,
    ),
    (
        r"invalid reference format",
        "image",
        _plain(f"'{{image}}' is no name of an image. {CHECK_IMAGE}"),
    ),
    (
        r'(?:Get|Head) "https?://[^"]+": (.+)|toomanyrequests: .+|unauthorized: .+',
        "registry",
        _registry,
    ),
    (r'exec: "([^"]+)": (?:executable file not found|stat )', "command", _missing_command),
    (
        r'exec: "([^"]+)": permission denied',
        "permission",
        _plain(f"The image {{image}} may not execute its command {{1}}. {WHOEVER_MADE_IT}"),
    ),
    (
        r"unable to find (?:user|group) ([^:]+):",
        "user",
        _plain(f"The image {{image}} does not know the user or group {{1}}. {WHOEVER_MADE_IT}"),
    ),
    (
        r"bind source path does not exist: (.+)",
        "mount",
        _plain(f"The folder {{1}} is not on this machine. {CHECK_MOUNTS}"),
    ),
    (
        r'error mounting "([^"]+)" to rootfs at "([^"]+)"',
        "mount",
        _plain(
            f"{{1}} cannot be mounted at {{2}}: one is a folder and the other a file, or it "
            f"may not be read. {CHECK_MOUNTS}"
        ),
    ),
    (
        r"Duplicate mount point: (.+)",
        "mount",
        _plain(f"Two volumes are to be mounted at {{1}}. {CHECK_MOUNTS}"),
    ),
    (
        r"error while mounting volume '([^']+)': (?:failed to mount local volume: )?(.+)",
        "mount",
        _plain("A volume cannot be mounted: {2}. For an administrator: it is {1}."),
    ),
    (
        r'invalid mount config for type "\w+": (.+)|(invalid mount path: .+)'
        r"|error while creating mount source path (.+)|(create \S+: .*volume.+)",
        "mount",
        lambda found, _: (
            f"A volume cannot be mounted: {shortened(next(filter(None, found.groups())))}. "
            f"{CHECK_MOUNTS}"
        ),
    ),
    (
        r"no available IPv[46] addresses on this network's address pools: (\S+)",
        "addresses",
        _plain(
            "The network {1} has no free address left. Stop a server that nobody needs, or ask "
            "an administrator for a larger network."
        ),
    ),
    (
        r"could not find an available, non-overlapping IPv[46] address pool"
        r"|all predefined address pools have been fully subnetted",
        "addresses",
        _plain(
            "The engine has no address pool left for another network. For an administrator: "
            "docker network prune, or more default-address-pools in its daemon.json."
        ),
    ),
    (
        r"network (\S+) not found",
        "network",
        _plain("The network {1} does not exist. For an administrator: 'make up' makes it."),
    ),
    (
        r"port is already allocated|address already in use",
        "port",
        _plain("A port of this machine that the server is to have is taken."),
    ),
    (
        r"driver failed programming external connectivity on endpoint \S+ \(\w+\): +(.+)",
        "network",
        _plain("The engine could not connect the server to its network: {1}."),
    ),
    (
        r'container name "/?([^"]+)" is already in use',
        "name",
        _plain(
            "A container named {1} exists already. For an administrator: docker rm {1}, if "
            "nobody needs it."
        ),
    ),
    (r"Minimum memory limit allowed is (\w+)", "limit", _limit),
    (
        r"Range of CPUs is from [\d.]+ to ([\d.]+)",
        "limit",
        _plain(
            "The server may use more processors than this machine has, which is {1}. "
            "For an administrator: lower CPU_LIMIT in .env."
        ),
    ),
    (
        r"init was OOM-killed",
        "memory",
        _plain("The memory limit is too small to start anything. Ask an administrator for more."),
    ),
    (
        r"cannot allocate memory|resource temporarily unavailable",
        "memory",
        _plain(f"The machine has no memory, or too many processes, to start it. {TRY_LATER}"),
    ),
    (
        r"unknown or invalid runtime name: (\S+)",
        "runtime",
        _plain("The engine has no runtime named {1}."),
    ),
    (
        r"could not select device driver \S* ?with capabilities: \[+([^\]]*)\]+",
        "device",
        _plain(
            "The engine has no driver for this kind of device: {1}. For an administrator: "
            "install it."
        ),
    ),
    (
        r'custom device "([^"]+)"',
        "device",
        _plain("The device {1} is not on this machine."),
    ),
    (
        r"engine (?:does|did) not answer|Is the docker daemon running",
        "engine",
        _plain(f"The Docker engine does not answer. {TRY_LATER}"),
    ),
)


def of_engine(text: str, attempt: Attempt) -> Cause:
    """Return what an engine's refusal means.

    Args:
        text: ``explanation`` of a ``docker.errors.APIError``, ``error`` of a pull's event or
            ``State.Error`` of a container; secrets are to be taken out before.
        attempt: What was to run.
    """
    for pattern, reason, words in TABLE:
        found = re.search(pattern, text, re.IGNORECASE)
        if found:
            return Cause(reason, words(found, attempt))
    return Cause("engine", f"The Docker engine refused: {shortened(text)}.")


def unanswered() -> Cause:
    """Return what to say where the engine did not answer at all, or not in time."""
    return of_engine("the engine does not answer", Attempt())


def shortened(text: str | None) -> str:
    """Return one line of *text*, without the names of the engine's inner parts and its dot."""
    line = " ".join((text or "").split()).removesuffix(": unknown").rstrip(".")
    line = line.rpartition("unable to start container process: ")[2]
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def size(count: int) -> str:
    """Return *count* bytes as people say it: ``512 MiB``, ``1.5 GiB``."""
    for unit, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if count >= unit:
            return f"{round(count / unit, 1):g} {name}"
    return f"{count} bytes"
