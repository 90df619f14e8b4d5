"""What is done less often, or later, until the server has started."""

from __future__ import annotations

import functools
import gc
import sys
from collections.abc import Callable
from typing import Any

MANY = 1_000_000  # objects; never reached in a start, and soon if a start never ends

_undo: list[Callable[[], None]] = []


def begin() -> None:
    """Hold what a start has no use for."""
    _collect_no_garbage()
    if sys.version_info >= (3, 10):  # noqa: UP036 (the image's Python)
        _read_entry_points_once()


def end() -> None:
    """Go on as always: the server has started."""
    while _undo:
        _undo.pop()()


def _collect_no_garbage() -> None:
    thresholds = gc.get_threshold()
    gc.set_threshold(MANY, *thresholds[1:])
    _undo.append(lambda: gc.set_threshold(*thresholds))


def _read_entry_points_once() -> None:
    # Each of a start's six questions would read the metadata of all packages.
    from importlib import metadata  # noqa: PLC0415 (costly where it is not used)

    real: Any = metadata.entry_points
    known: list[Any] = []

    @functools.wraps(real)
    def entry_points(**params: Any) -> Any:
        if not _undo or not params:
            return real(**params)
        if not known:
            known.append(real())
        return known[0].select(**params)

    metadata.entry_points = entry_points
    _undo.append(known.clear)
