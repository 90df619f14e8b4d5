"""The engine as the pool asks it: with the hub's own connection and threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hubkit.spawner.calls import UNORDERED, Calls, limit_of


class PoolEngine:
    """Asks the engine for one thing after the other.

    Args:
        client: A ``docker.APIClient``.
        calls: The threads that starts use, too.
    """

    def __init__(self, client: Any, calls: Calls):
        self.client, self._calls = client, calls

    async def docker(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call *method* of the client.

        Raises:
            EngineSilent: The engine took longer than such a call may.
            docker.errors.APIError: It refused.
        """
        call = getattr(self.client, method)
        return await self._calls.run(UNORDERED, call, *args, limit=limit_of(method), **kwargs)

    async def asking(self, method: str, call: Callable[..., Any], *args: Any) -> Any:
        """Run *call* with the time limit of *method*.

        Raises:
            EngineSilent: The engine took longer than such a call may.
            docker.errors.APIError: It refused.
        """
        return await self._calls.run(UNORDERED, call, *args, limit=limit_of(method))
