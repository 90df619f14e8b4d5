"""The warm pool of the hub that runs, as an administrator sees and steers it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hubkit.pool import control

HEAD = ("IMAGE", "SIZE", "READY", "REPLACED", "OLDEST", "")


def listing(path: Path = control.SOCKET) -> str:
    """Return a table of what waits.

    Raises:
        HubkitError: The hub does not answer.
    """
    answer = control.ask(path, do="list")
    lines = [HEAD, *map(_line, answer["images"])] if answer["images"] else []
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    table = [
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    if answer["why"]:
        table.append(f"Nobody gets a waiting server: {answer['why']}.")
    return "\n".join(table)


def drain(image: str, path: Path = control.SOCKET) -> str:
    """Have all that wait replaced, one by one; return a sentence.

    Raises:
        HubkitError: Nothing waits for this image, or the hub does not answer.
    """
    count = control.ask(path, do="drain", image=image)["count"]
    if not count:
        return f"Nothing waits with the image {image}."
    return f"{count} waiting with the image {image}: each goes when another one is ready."


def resize(image: str, size: int, path: Path = control.SOCKET) -> str:
    """Let another number wait until the hub is restarted; return a sentence.

    Raises:
        HubkitError: Nothing waits for this image, or the hub does not answer.
    """
    control.ask(path, do="resize", image=image, size=size)
    return f"{size} will wait with the image {image}, until the hub is restarted."


def _line(view: Mapping[str, Any]) -> tuple[str, ...]:
    numbers = (str(view[name]) for name in ("size", "ready", "replaced"))
    return (view["image"], *numbers, _age(view["oldest"]), view["trouble"])


def _age(seconds: int) -> str:
    """Return a span of time in its largest unit."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
