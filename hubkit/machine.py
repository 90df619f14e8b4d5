"""What every server may have of the machine and of the network: read, and checked together.

Parsers are as in `hubkit.values`: ``ValueError`` completes the sentence "must be …".
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from pathlib import PurePosixPath
from string import Formatter

from hubkit import values
from hubkit.errors import Problem
from hubkit.values import Mount

# The engine's own bounds; Linux takes no others (sched_group_set_shares, kernel/sched/fair.c).
LEAST_SHARES, MOST_SHARES = 2, 262144
MOST_ID = 2**32 - 2  # of a user or a group; one more means "none" to Linux
HOST_GATEWAY = "host-gateway"  # the engine's word for this machine, as containers reach it
CONTAINERD = "/run/containerd/containerd.sock"  # the engine below the engine
PROGRAM_PORT = 8889  # where SERVER_COMMAND's program listens; nobody but its edge reaches it
PLACEHOLDERS = ("base_path", "port", "ip", "token")  # tmpnb's own
KNOWN = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
DIRECTORIES = "/folder:/path, with :rw behind it where servers may write, with commas between them"


def shares(written: str) -> int:
    """Return a weight as Docker takes it."""
    return values.whole(LEAST_SHARES, MOST_SHARES)(written)


def user(written: str) -> str:
    """Return a user's number, and a group's behind a colon; never root's."""
    match = re.fullmatch(r"([0-9]{1,10})(?::([0-9]{1,10}))?", written)
    if not match or not 0 < int(match[1]) <= MOST_ID or int(match[2] or 0) > MOST_ID:
        raise ValueError("numbers such as 1000 or 1000:100, the user's not 0: that is root")
    return written


def ports(written: str) -> tuple[int, ...] | None:
    """Return ports; None for the word ``all``."""
    if written == "all":
        return None
    pieces = [piece.strip() for piece in written.split(",")]
    try:
        return tuple(values.whole(1, 65535)(piece) for piece in filter(None, pieces))
    except ValueError:
        raise ValueError("ports such as 8786, with commas between them; or all") from None


def command(written: str) -> str:
    """Return a program's command, whose words in braces are known."""
    wanted = f"a command with {{port}} in it, and no braces but {KNOWN}"
    try:
        found = words_in(written)
    except ValueError:
        raise ValueError(wanted) from None
    if "port" not in found or found - set(PLACEHOLDERS):
        raise ValueError(wanted)
    try:
        shlex.split(written)
    except ValueError:
        raise ValueError("a command whose quotes are closed") from None
    return written


def words_in(command: str) -> set[str]:
    """Return the words in braces in *command*.

    Raises:
        ValueError: A brace is not closed.
    """
    return {name for _, name, _, _ in Formatter().parse(command) if name is not None}


def hosts(written: str) -> tuple[str, ...]:
    """Return ``name:address`` pairs, written with commas between them."""
    found = []
    for part in filter(None, (piece.strip() for piece in written.split(","))):
        name, _, address = part.partition(":")
        try:
            at = address if address == HOST_GATEWAY else str(ip_address(address.strip("[]")))
            found.append(f"{values.host(name)}:{at}")
        except ValueError:
            wanted = f"name:address pairs such as db:10.0.0.1 or host:{HOST_GATEWAY}"
            raise ValueError(f"{wanted}, with commas between them") from None
    return tuple(found)


def network(written: str) -> str:
    """Return ``off``, the only word there is: Compose cannot compare, only see that it is set."""
    if written != "off":
        raise ValueError("off; leave it empty where servers may reach the network")
    return written


def directories(written: str) -> tuple[Mount, ...]:
    """Return folders of this machine, read-only unless ``:rw`` stands behind one."""
    found = []
    for part in filter(None, (piece.strip() for piece in written.split(","))):
        match = values.MOUNT.fullmatch(part)
        if not match or not match["source"].startswith("/"):
            raise ValueError(DIRECTORIES)
        source, target = (_plain(match[name]) for name in ("source", "target"))
        if target == "/" or ".." in f"{source}/{target}".split("/"):
            raise ValueError(f"{DIRECTORIES}, without '..'")
        found.append(Mount(source, target, match["mode"] != "rw"))
    return tuple(found)


def clashes(
    given: Iterable[Mount], others: Mapping[str, Iterable[str]], secret: Iterable[str]
) -> Iterator[Problem]:
    """Yield what is wrong with where HOST_DIRECTORIES come from, and with where they go.

    Args:
        given: The folders.
        others: Setting → where something is mounted because of it.
        secret: Paths that make whoever can write there root of this machine.
    """
    within = {_plain(target): name for name, targets in others.items() for target in targets}
    taken = dict(within)
    for one in given:
        shown = f"HOST_DIRECTORIES: {one.source}:{one.target}"
        if one.target in taken:
            wrong = f"is where something else is mounted: see {taken[one.target]}."
            yield Problem(shown, wrong, "Give it a path of its own.")
        for path, name in within.items():
            if path != one.target and PurePosixPath(path).is_relative_to(one.target):
                wrong = f"would have {path} in it, which is mounted: see {name}."
                yield Problem(shown, wrong, "Give it a path of its own.")
        taken[one.target] = "HOST_DIRECTORIES itself"
        if any(_holds(one.source, path) for path in secret):
            wrong = "would give every server what makes it root of this machine."
            yield Problem(shown, wrong, "Name the one folder that is needed, below it.")


def unreachable(gateway: str, extra_hosts: Iterable[str]) -> Iterator[Problem]:
    """Yield what servers are told to use and cannot reach with NETWORK_ACCESS=off.

    Args:
        gateway: Address of a kernel gateway elsewhere, "" for none.
        extra_hosts: As `hosts` returns them.
    """
    if gateway:
        wrong = "cannot be reached by servers with NETWORK_ACCESS=off."
        cure = "Empty one of them, or set COMPOSE_PROFILES=gateway for a gateway of this stack."
        yield Problem(f"KG_URL={gateway}", wrong, cure)
    for one in extra_hosts:
        if one.endswith(f":{HOST_GATEWAY}"):
            wrong = "is this machine, which servers cannot reach with NETWORK_ACCESS=off."
            yield Problem(f"EXTRA_HOSTS: {one}", wrong, "Remove one of them.")


def _holds(folder: str, path: str) -> bool:
    """Return whether *path* is *folder* or in it; /var/run is /run by another name."""
    return any(PurePosixPath(one).is_relative_to(_real(folder)) for one in {path, _real(path)})


def _real(path: str) -> str:
    return path.removeprefix("/var") if f"{path}/".startswith("/var/run/") else path


def _plain(path: str) -> str:
    """Return *path* without a slash at its end, and without double ones."""
    return "/" + str(PurePosixPath(path)).lstrip("/")
