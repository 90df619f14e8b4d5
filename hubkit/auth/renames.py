"""Notice that an administrator renamed a hub user, for which JupyterHub has no hook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyterhub import orm
from sqlalchemy import event, inspect

Told = Callable[[str, str], None]


def follow(told: Told) -> None:
    """Call *told* with the old and the new name of each hub user who is renamed."""

    def on_set(user: Any, new: str, old: Any, _: Any) -> None:
        if inspect(user).persistent and isinstance(old, str) and old != new:
            told(old, new)

    event.listen(orm.User.name, "set", on_set, active_history=True)
