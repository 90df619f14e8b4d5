"""Close a running container's ports: by rules in its own network, which it may not change.

Whoever is on a server's network reaches every port its programs listen on. What answers
there besides the server itself asks nobody for a sign-in.

`close` and `rehearse` change the network they run in and are therefore run in a child process
only, see `hubkit.warden.forks`. The rules are made by nftables' own program, of this image.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hubkit.warden import processes, syscalls
from hubkit.warden.refusals import Reason, Refused

NFT = "/usr/sbin/nft"
SECONDS = 4
CAPABILITIES = {"NET_ADMIN": 12}
# The first two lines take the place of an earlier table, in the same step. What a server asks
# for is answered; IPv6 finds its neighbours by messages nobody asked for.
RULES = """
table inet hubkit
delete table inet hubkit
table inet hubkit {{
    chain input {{
        type filter hook input priority filter; policy drop;
        iif lo accept
        ct state established,related accept
        icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert }} accept
        tcp dport {{ {ports} }} accept
        reject
    }}
}}
"""


def rules(ports: Sequence[int]) -> str:
    """Return the rules that leave *ports* open for TCP, and nothing else."""
    return RULES.format(ports=", ".join(map(str, sorted(set(ports)))))


def close(process: int, container: str, ports: Sequence[int]) -> None:
    """Close all but *ports* of a container. Only for a child process.

    Args:
        process: Id of the container's first process.
        container: The container's whole id.
        ports: Stay open; at least one.

    Raises:
        Refused: Nothing was changed.
    """
    try:
        proc = os.open(f"/proc/{process}", syscalls.FOLDER)
        processes.require_of(proc, container)
        network = os.open("ns/net", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc)
    except (FileNotFoundError, ProcessLookupError):
        raise Refused(Reason.STOPPED, "the container ended") from None
    if _is_of_the_machine(network):
        raise Refused(Reason.NOT_ALLOWED, "the container's network is this machine's")
    syscalls.enter_network(network)
    _apply(rules(ports))


def _is_of_the_machine(network: int) -> bool:
    """Return whether a network namespace is the first process's; the engine said no before."""
    try:
        return os.path.samestat(os.fstat(network), Path("/proc/1/ns/net").stat())
    except PermissionError:  # a first process that nobody may look into
        return False  # the engine has said that it is not


def rehearse() -> None:
    """Do what `close` does, in a network that nobody else sees. Only for a child process.

    Raises:
        Refused: Naming what is missing here.
    """
    processes.require(CAPABILITIES)
    syscalls.leave_network()
    _apply(rules([1]))


def _apply(wanted: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # who forked this process ignores its own
    try:
        done = subprocess.run(
            [NFT, "--file", "-"],
            input=wanted,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise Refused(Reason.FAILED, f"{NFT} is missing; 'make build' adds it") from None
    except subprocess.TimeoutExpired:
        raise Refused(Reason.FAILED, f"{NFT} took longer than {SECONDS} s") from None
    if done.returncode:
        said = " ".join(done.stderr.split())[:200] or f"exit code {done.returncode}"
        raise Refused(Reason.FAILED, f"the kernel takes no rules of nftables: {said}")
