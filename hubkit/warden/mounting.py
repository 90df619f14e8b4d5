"""Mount volumes into a running container.

`mount` and `rehearse` change the mount namespace of the process they run in and are
therefore run in a child process only, which ends right after: see `hubkit.warden.forks`.
 What the container sees is opened without entering it; within
it nothing is done but the mounts themselves, because a module imported or a file read
there would be the container's.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hubkit.warden import processes, syscalls
from hubkit.warden.refusals import Reason, Refused

# Their numbers are in linux/capability.h. Mount; enter a mount namespace; look at another's
# process; pass folders, and write into a pipe, that belong to a user alone.
CAPABILITIES = {"SYS_ADMIN": 21, "SYS_CHROOT": 18, "SYS_PTRACE": 19, "DAC_OVERRIDE": 1}
OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Volume:
    """One volume to mount.

    Attributes:
        source: Absolute path of the volume's folder on the host.
        target: Absolute path in the container, of a folder that is there.
        read_only: Whether the container may only read it.
    """

    source: str
    target: str
    read_only: bool = False


def mount(process: int, container: str, wanted: Sequence[Volume], told: str) -> None:
    """Mount all of *wanted*, then tell who it is for; or do nothing. Only for a child process.

    Args:
        process: Id of the container's first process.
        container: The container's whole id.
        wanted: Volumes with different targets.
        told: A line for the standard input of the container, without its end.

    Raises:
        Refused: The container is not as it should be, and nothing was mounted.
        OSError: The kernel refused, and nothing was mounted.
    """
    # Every path below goes by this descriptor: it stays that of this very process, even
    # if it ends and another gets its number.
    try:
        proc = os.open(f"/proc/{process}", syscalls.FOLDER)
        processes.require_of(proc, container)
        taken = mount_points(processes.read(proc, "mountinfo"))
        namespace = os.open("ns/mnt", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc)
        root = os.open("root", syscalls.FOLDER, dir_fd=proc)
        ear = _standard_input(proc)
    except (FileNotFoundError, ProcessLookupError):
        raise Refused(Reason.STOPPED, "the container ended") from None
    prepared: list[tuple[int, int]] = []
    trees: dict[str, int] = {}
    for one in sorted(wanted, key=lambda one: one.target.count("/")):
        if one.target in taken:
            raise Refused(Reason.ASSIGNED, f"something is mounted at {one.target} already")
        tree, target = _volume(one.source), _target(root, trees, one.target)
        _require_content(root, tree, one.target)
        syscalls.set_flags(tree, read_only=one.read_only)
        trees[one.target] = tree
        prepared.append((tree, target))
    syscalls.enter(namespace)
    _attach(prepared, lambda: _tell(ear, told))


def _standard_input(proc: int) -> int:
    """Return the process's standard input, to be written to.

    It is a pipe, and whoever may look into the process may open its other end: proc(5).
    """
    ear = os.open("fd/0", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=proc)
    if not stat.S_ISFIFO(os.fstat(ear).st_mode):
        raise Refused(Reason.NOT_ALLOWED, "the container takes nothing on its standard input")
    return ear


def _tell(ear: int, told: str) -> None:
    line = f"{told}\n".encode()
    if os.write(ear, line) != len(line):
        raise OSError(errno.EAGAIN, "nobody reads the standard input")


def _attach(prepared: Sequence[tuple[int, int]], then: Callable[[], None]) -> None:
    done: list[int] = []
    try:
        for tree, target in prepared:
            syscalls.attach(tree, target)
            done.append(tree)
        then()
    except OSError:
        for tree in reversed(done):
            syscalls.detach(tree)
        raise


def _volume(source: str) -> int:
    try:
        return syscalls.copy_tree(source)
    except FileNotFoundError:
        message = f"{source} is not to be seen here; set DOCKER_VOLUMES to the engine's folder"
        raise Refused(Reason.FAILED, message) from None


def _target(root: int, trees: dict[str, int], target: str) -> int:
    """Return the folder to mount on, which may lie within a volume mounted before it."""
    parents = [parent for parent in trees if target.startswith(f"{parent}/")]
    parent = max(parents, key=len, default="")
    try:
        return syscalls.open_within(trees.get(parent, root), target[len(parent) :].lstrip("/"))
    except OSError as error:
        wrong = {
            errno.ELOOP: "is a symbolic link, or lies behind one",
            errno.ENOENT: "is missing in the container",
            errno.ENOTDIR: "is no folder",
        }
        if error.errno not in wrong:
            raise
        raise Refused(Reason.TARGET, f"{target} {wrong[error.errno]}") from None


def _require_content(root: int, tree: int, target: str) -> None:
    """Raise if the engine, at a cold start, would first fill the volume from the image."""
    if not _is_empty(tree):
        return
    try:
        folder = syscalls.open_within(root, target)
    except OSError:
        return
    if not _is_empty(folder):
        message = f"the volume for {target} is empty, but the image has files to put there"
        raise Refused(Reason.EMPTY, message)


def _is_empty(folder: int) -> bool:
    readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    with os.scandir(readable) as found:
        empty = next(found, None) is None
    os.close(readable)
    return empty


def mount_points(mountinfo: str) -> set[str]:
    """Return where something is mounted, out of a ``/proc/PID/mountinfo``."""
    return {_unquoted(line.split(" ")[4]) for line in mountinfo.splitlines()}


def _unquoted(path: str) -> str:
    """Return a path as it is: proc(5) writes space, tab, newline and backslash in octal."""
    return OCTAL.sub(lambda found: chr(int(found[1], 8)), path)


def rehearse(volumes: str) -> None:
    """Do what `mount` does, among this process's own mounts. Only for a child process.

    Args:
        volumes: The engine's folder of volumes.

    Raises:
        Refused: Naming the first thing that is missing here.
    """
    processes.require(CAPABILITIES)
    namespace = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    tree = _volume(volumes)
    try:
        syscalls.leave()
        target = syscalls.open_within(os.open("/", syscalls.FOLDER), volumes)
        syscalls.set_flags(tree, read_only=True)
        _attach([(tree, target)], lambda: None)
        syscalls.detach(tree)
        syscalls.enter(namespace)
    except OSError as error:
        needs = "the mounter needs Linux 5.12 and security_opt: apparmor:unconfined"
        raise Refused(Reason.FAILED, f"mounting failed ({error.strerror}); {needs}") from None
