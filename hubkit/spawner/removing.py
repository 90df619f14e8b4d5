"""Remove a container, however it is."""

from __future__ import annotations

from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any, Protocol

from docker.errors import APIError, NotFound


class Engine(Protocol):
    """The Docker engine, asked in threads; spawners are such ones."""

    def docker(self, method: str, *args: Any, **kwargs: Any) -> Awaitable[Any]:
        """Call *method* of the client."""


async def remove(engine: Engine, identity: str) -> None:
    """Remove a container by force; volumes with a name stay.

    Raises:
        hubkit.errors.EngineSilent: The engine took longer than that may take.
        docker.errors.APIError: It refused.
    """
    try:
        await engine.docker("remove_container", identity, v=True, force=True)
    except NotFound:
        pass
    except APIError as error:
        if error.status_code != HTTPStatus.CONFLICT:  # else it is being removed already
            raise
