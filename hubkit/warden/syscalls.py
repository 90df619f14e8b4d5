"""System calls for mounts and namespaces, by ctypes: Python 3.11 offers none of them.

The numbers are the same on every architecture Docker runs on, because they were given
out after the tables were unified; see ``include/uapi/asm-generic/unistd.h`` of Linux.
Every function raises OSError as the modules of the standard library do.
"""

from __future__ import annotations

import ctypes
import os

OPEN_TREE, MOVE_MOUNT, OPENAT2, MOUNT_SETATTR = 428, 429, 437, 442

AT_EMPTY_PATH = 0x1000
AT_RECURSIVE = 0x8000
OPEN_TREE_CLONE = 1
MOVE_MOUNT_F_EMPTY_PATH = 0x04
MOVE_MOUNT_T_EMPTY_PATH = 0x40
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_IN_ROOT = 0x10
MOUNT_ATTR_RDONLY = 1
MS_PRIVATE, MS_SLAVE = 1 << 18, 1 << 19
CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MNT_DETACH = 2
FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long


class _OpenHow(ctypes.Structure):
    """``struct open_how`` of ``linux/openat2.h``."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


class _MountAttr(ctypes.Structure):
    """``struct mount_attr`` of ``linux/mount.h``."""

    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns", ctypes.c_uint64),
    )


def open_within(root: int, path: str) -> int:
    """Return a descriptor of the folder *path*, as seen by who has *root* as its root.

    A symbolic link anywhere on the way is an error (ELOOP), so nobody can lead it astray,
    not even while it is on its way.
    """
    how = _OpenHow(FOLDER, 0, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
    return _call(OPENAT2, root, os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how))


def copy_tree(path: str) -> int:
    """Return a descriptor of the mounts at *path* and below, copied and attached nowhere."""
    flags = OPEN_TREE_CLONE | os.O_CLOEXEC | AT_RECURSIVE
    return _call(OPEN_TREE, -1, os.fsencode(path), flags)


def set_flags(tree: int, *, read_only: bool) -> None:
    """Make all mounts of *tree* read-only, or the first one writable.

    And make them as Docker makes a volume's: what the host mounts within appears in the
    container, nothing goes the other way.
    """
    attr = _MountAttr(MOUNT_ATTR_RDONLY if read_only else 0, 0, MS_SLAVE, 0)
    _set(tree, AT_EMPTY_PATH | AT_RECURSIVE, attr)
    if not read_only:
        _set(tree, AT_EMPTY_PATH, _MountAttr(0, MOUNT_ATTR_RDONLY, 0, 0))


def _set(tree: int, flags: int, attr: _MountAttr) -> None:
    _call(MOUNT_SETATTR, tree, b"", flags, ctypes.byref(attr), ctypes.sizeof(attr))


def attach(tree: int, target: int) -> None:
    """Mount *tree* on the folder *target*, both descriptors.

    The folder must be in the mount namespace of this process.
    """
    _call(MOVE_MOUNT, tree, b"", target, b"", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)


def detach(tree: int) -> None:
    """Unmount *tree*, which `attach` has mounted."""
    os.fchdir(tree)
    _check(_libc.umount2(b".", MNT_DETACH))


def enter(namespace: int) -> None:
    """Move this process, which must have one thread only, into a mount namespace."""
    _check(_libc.setns(namespace, CLONE_NEWNS))


def enter_network(namespace: int) -> None:
    """Move this process into a network namespace."""
    _check(_libc.setns(namespace, CLONE_NEWNET))


def leave_network() -> None:
    """Move this process into a network namespace of its own."""
    _check(_libc.unshare(CLONE_NEWNET))


def leave() -> None:
    """Move this process into a mount namespace of its own, a copy that nobody else sees."""
    _check(_libc.unshare(CLONE_NEWNS))
    root = os.open("/", FOLDER)
    _set(root, AT_EMPTY_PATH | AT_RECURSIVE, _MountAttr(0, 0, MS_PRIVATE, 0))
    os.close(root)


def _call(number: int, *args: object) -> int:
    return _check(_syscall(ctypes.c_long(number), *args))


def _check(answer: int) -> int:
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return int(answer)
