"""Archives of folders, as the engine gives them."""

from __future__ import annotations

import io
import tarfile

JS, FONT = "1014.073326ef5d98db5e.js", "0031b1860ea4ad75.woff"


def archive(files, kind=tarfile.REGTYPE):
    """Return a tar archive of *files*: name → content."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        tar.addfile(_entry("./", tarfile.DIRTYPE, b""))
        for name, content in files.items():
            tar.addfile(_entry(name, kind, content), io.BytesIO(content))
    written.seek(0)
    return written


def _entry(name, kind, content):
    entry = tarfile.TarInfo(name)
    entry.type, entry.size = kind, len(content) if kind == tarfile.REGTYPE else 0
    entry.linkname = "/etc/passwd" if kind in {tarfile.SYMTYPE, tarfile.LNKTYPE} else ""
    return entry
