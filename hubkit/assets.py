"""JupyterLab's own files, as the setting STATIC_FILES and their names tell of them."""

from __future__ import annotations

import re

AUTO, OFF = "auto", "off"
LAB = "share/jupyter/lab/static"  # below the prefix JupyterLab is installed at
# This kit's own image, the Jupyter project's, pip's, and Debian's.
USUAL = tuple(f"{prefix}/{LAB}" for prefix in ("/opt/notebook", "/opt/conda", "/usr/local", "/usr"))
# What JupyterLab's build names after its content, so that a name never means another content:
# 1014.073326ef5d98db5e.js, 0031b1860ea4ad75.woff (webpack.prod.config.js, 16 or 20 digits).
HASHED = re.compile(r"([A-Za-z0-9_~-]+\.)*[0-9a-f]{16,32}(\.[a-z0-9]+)+")


def parse(written: str) -> str:
    """Return *written*: ``auto``, ``off``, or an absolute path without a slash at its end."""
    path = written.rstrip("/")
    if written in {AUTO, OFF}:
        return written
    if not path.startswith("/") or {".", "..", ""} & set(path.split("/")[1:]):
        raise ValueError(f"{AUTO}, {OFF}, or an absolute path in the image, without '..'")
    return path


def folders(setting: str) -> tuple[str, ...]:
    """Return where in an image the files may be, the first one there being meant."""
    if setting == OFF:
        return ()
    return USUAL if setting == AUTO else (setting,)


def is_hashed(name: str) -> bool:
    """Return whether a file called *name* never changes under that name."""
    return bool(HASHED.fullmatch(name))
