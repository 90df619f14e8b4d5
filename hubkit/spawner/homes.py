"""Which volume is whose home, written down once with the user and never recomputed.

The record lives in the state of the user's default server, which JupyterHub keeps as
long as it keeps the user. It survives a rename of the user and a change of the rules
in `hubkit.names`; it goes when the user is deleted.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from jupyterhub import orm

from hubkit import names

KEY = "home_volume"


def recorded(user: orm.User) -> str:
    """Return the name of *user*'s home volume, or "" before the first start."""
    default = user.orm_spawners.get("")
    state: dict[str, Any] = (default.state if default else None) or {}
    return str(state.get(KEY, ""))


def record(user: orm.User, volume: str) -> None:
    """Write down that *volume* is *user*'s home; the caller commits."""
    default = user.orm_spawners[""]
    default.state = {**(default.state or {}), KEY: volume}


def first_free(db: Any, user: str, project: str) -> str:
    """Return the name of a new home: one that is no other user's.

    It differs from `names.home_volume` of rank 1 only if that is another's home already,
    as it is after that other user, once called *user*, was renamed.
    """
    taken = {one.state.get(KEY) for one in db.query(orm.Spawner) if one.state}
    ranked = (names.home_volume(user, project, rank) for rank in count(1))
    return next(name for name in ranked if name not in taken)
