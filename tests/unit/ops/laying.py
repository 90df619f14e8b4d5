"""What is laid out, as its tests look at it."""

from __future__ import annotations


def contents(folder):
    """Return the path and content of every file under *folder*."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }
