"""The volume the edge reads: the files of each image, and of all of them together.

``images/KEY/`` holds one image's files, ``sets/…/`` hard links to those of several, and ``now``
leads to the set that is given out. Folders and the link get their names when they are complete.
"""

from __future__ import annotations

import filecmp
import gzip
import hashlib
import os
import secrets
import shutil
import tarfile
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from hubkit import assets
from hubkit.errors import HubkitError

# What gets smaller; pictures and fonts of the web are compressed already.
TEXT = {".js", ".mjs", ".css", ".svg", ".json", ".map", ".wasm", ".html", ".txt", ".ttf", ".eot"}
LEVEL = 6  # 9 takes half as long again for 0.4 % less
MOST, LARGEST = 20_000, 2**28  # files, and bytes of all, of one image; JupyterLab has 700 and 17 MB
DEPTH = 2  # of a file right within the folder that was asked for: FOLDER/FILE
READABLE, ENTERED = 0o644, 0o755  # the edge is another account


class NoFiles(HubkitError):
    """An image has nothing that could be given out; the message says why."""


class Store:
    """What is laid out.

    Args:
        root: The volume; nobody else writes there.
    """

    def __init__(self, root: Path):
        self._images, self._sets = root / "images", root / "sets"
        self._now = root / "now"

    def tidy(self) -> None:
        """Make the folders, and remove what was left half done.

        Raises:
            OSError: The volume cannot be written.
        """
        for folder in (self._images, self._sets):
            folder.mkdir(mode=ENTERED, exist_ok=True)
            for part in folder.glob(".*"):
                shutil.rmtree(part)
        self._now.with_name(".now").unlink(missing_ok=True)

    def has(self, key: str) -> bool:
        """Return whether an image's files are there."""
        return (self._images / key).is_dir()

    def spool(self) -> IO[bytes]:
        """Return a file without a name, for an archive; the hub's own folders are in memory."""
        return tempfile.TemporaryFile(dir=self._images)

    def put(self, key: str, archive: IO[bytes]) -> int:
        """Lay out an image's files, and return how many there are.

        Args:
            key: Names the image.
            archive: A tar archive of the folder that has them.

        Raises:
            NoFiles: None has a name that follows from its content, or they are too many.
            tarfile.TarError: It is no such archive.
            OSError: They cannot be written.
        """
        part = self._images / f".{key}-{secrets.token_hex(4)}"
        part.mkdir(mode=ENTERED)
        try:
            found = _unpack(archive, part)
            if not found:
                raise NoFiles("no file there has a name that follows from its content")
            for path in [path for path in part.iterdir() if path.suffix in TEXT]:
                _compress(path)
            part.rename(self._images / key)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return found

    def serve(self, keys: Collection[str]) -> int:
        """Let the files of these images be given out, and no others; return how many.

        A name that has another content in another image is nobody's: servers give it out.

        Raises:
            OSError: The volume cannot be written.
        """
        wanted = sorted(key for key in set(keys) if self.has(key))
        name = hashlib.sha256(" ".join(wanted).encode()).hexdigest()[:16]
        if not (self._sets / name).is_dir():
            self._join(wanted, self._sets / name)
        if not self._now.is_symlink() or self._now.readlink().name != name:
            link = self._now.with_name(".now")
            link.unlink(missing_ok=True)
            link.symlink_to(Path(self._sets.name) / name)
            link.rename(self._now)
        for folder, kept in ((self._sets, {name}), (self._images, {*wanted})):
            for path in folder.iterdir():
                if path.name not in kept:
                    shutil.rmtree(path)
        return sum(1 for _ in (self._sets / name).iterdir())

    def _join(self, keys: Collection[str], target: Path) -> None:
        first: dict[str, Path] = {}
        other: set[str] = set()
        for path in (path for key in keys for path in (self._images / key).iterdir()):
            before = first.setdefault(path.name, path)
            if before is not path and not filecmp.cmp(before, path, shallow=False):
                other |= {path.name, f"{path.name}.gz", path.name.removesuffix(".gz")}
        part = target.with_name(f".{target.name}")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=ENTERED)
        for name, path in first.items():
            if name not in other:
                (part / name).hardlink_to(path)
        part.rename(target)


def _unpack(archive: IO[bytes], target: Path) -> int:
    found = size = 0
    with tarfile.open(fileobj=archive, mode="r|") as tar:
        for name, member in _hashed(tar):
            found, size = found + 1, size + member.size
            if found > MOST or size > LARGEST:
                raise NoFiles(f"more than {MOST} files or {LARGEST} bytes are there")
            content = tar.extractfile(member)
            if content is not None and not (target / name).exists():
                with (target / name).open("xb") as file:
                    shutil.copyfileobj(content, file)
                (target / name).chmod(READABLE)
    return found


def _hashed(tar: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    for member in tar:
        parts = PurePosixPath(member.name).parts
        if member.isfile() and len(parts) <= DEPTH and assets.is_hashed(parts[-1]):
            yield parts[-1], member


def _compress(path: Path) -> None:
    """Put beside a file what the edge sends to those who take gzip, where that is less."""
    smaller = gzip.compress(path.read_bytes(), LEVEL, mtime=0)
    if len(smaller) < path.stat().st_size:
        target = path.with_name(f"{path.name}.gz")
        target.write_bytes(smaller)
        target.chmod(READABLE)
        os.utime(target, (path.stat().st_atime, path.stat().st_mtime))
