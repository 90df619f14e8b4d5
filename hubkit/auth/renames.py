"""Notice that an administrator renamed a hub user, for which JupyterHub has no hook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakMethod

from jupyterhub import orm
from sqlalchemy import event, inspect

Told = Callable[[str, str], None]


def follow(told: Told) -> None:
    """Call the method *told* with the old and the new name of each hub user renamed.

    Its object is not kept alive by this.
    """
    method = WeakMethod(told)

    def on_set(user: Any, new: str, old: Any, _: Any) -> None:
        tell, state = method(), inspect(user)
        # Of this hub's database, and no other that is open in this process.
        ours = getattr(getattr(tell, "__self__", None), "_deprecated_db_session", None)
        if ours is not None and state.session is not ours:
            return
        if tell and state.persistent and isinstance(old, str) and old != new:
            tell(old, new)

    event.listen(orm.User.name, "set", on_set, active_history=True)
