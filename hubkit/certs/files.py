"""Write keys and certificates: whole or not at all, readable by their owner only."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

FILE, FOLDER = 0o600, 0o700


def make_folder(path: Path) -> None:
    """Make the folder *path* and those above it where they are missing."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(mode=FOLDER)


def write(path: Path, content: bytes) -> None:
    """Replace the file at *path* in one step; after a crash it is the old or the new one."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)


def replace_folder(folder: Path, contents: Mapping[str, bytes], keep: Path) -> None:
    """Make *folder* hold exactly *contents*; what it held before is then at *keep*.

    Nobody sees files of two generations side by side: the new ones are written
    elsewhere and the whole folder is moved into place.
    """
    make_folder(folder.parent)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(mode=FOLDER)
        for name, content in contents.items():
            write(part / name, content)
        moved = folder.exists()
        if moved:
            make_folder(keep.parent)
            remove(keep)
            folder.rename(keep)
        try:
            part.rename(folder)
        except OSError:
            if moved:
                keep.rename(folder)
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def remove(folder: Path) -> None:
    """Remove *folder* if it is there: first out of sight, then its files."""
    if folder.is_dir():
        gone = folder.with_name(f".{folder.name}.gone")
        shutil.rmtree(gone, ignore_errors=True)
        folder.rename(gone)
        shutil.rmtree(gone)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Wait until no other command changes what is in *folder*, and keep others waiting."""
    make_folder(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
