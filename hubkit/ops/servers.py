"""What is known about users' servers that failed."""

from __future__ import annotations

from pathlib import Path

from hubkit import stack
from hubkit.errors import HubkitError
from hubkit.spawner import record
from hubkit.spawner.failures import Failure
from hubkit.userlist import canonical

THERE = "docker compose exec jupyterhub hubkit servers why NAME"


def last_failure(user: str, server: str | None = None, path: Path = stack.FAILURES) -> Failure:
    """Return what failed last, whether or not the server has run since.

    Args:
        user: The hub user, as it is typed.
        server: The server's name, "" for the default one; None for whichever failed last.
        path: Where the hub writes failures down.

    Raises:
        HubkitError: Nothing is on record, or the record cannot be read.
    """
    if not path.parent.is_dir():
        raise HubkitError(f"the hub's data is not here. Ask in the hub's container: {THERE}")
    name = canonical(user)
    try:
        failures = record.read(path)
    except OSError as error:
        raise HubkitError(f"{path} cannot be read: {error.strerror}.") from error
    for failure in reversed(failures):
        if failure.user == name and server in (None, failure.server):
            return failure
    what = f"the server '{server}'" if server else "a server"
    raise HubkitError(f"no failure of {what} of {name} is on record.")
