"""The pool of a hub that runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from jupyterhub.app import JupyterHub

from hubkit import stack
from hubkit.pool import control, nobody
from hubkit.pool.engine import PoolEngine
from hubkit.pool.keeper import Keeper
from hubkit.pool.pool import Pool
from hubkit.spawner.engine import ParallelEngine
from hubkit.warden.client import MounterClient

log = logging.getLogger("tornado.application")  # JupyterHub's own takes it in

AGAIN = 0.2  # seconds
AFTER_FAILURE = 10.0  # seconds


async def insist(once: Callable[[], Awaitable[None]], what: str) -> None:
    """Call *once*, and again after each failure, which the log names as *what*'s."""
    while True:
        try:
            return await once()
        except Exception:
            log.exception("%s: begun again in %s s", what, AFTER_FAILURE)
            await asyncio.sleep(AFTER_FAILURE)


async def keep(pool: Pool, ways: Sequence[str]) -> None:
    """Wait for the hub to be up, then look after *pool* until cancelled.

    Args:
        pool: What is looked after.
        ways: The words of AUTH, which say whose starts the containers are made for.
    """
    await insist(lambda: _keep(pool, ways), "The pool")


async def _keep(pool: Pool, ways: Sequence[str]) -> None:
    settings = await hub_is_up()
    server = await control.serve(pool, control.SOCKET)
    async with server:
        client = await asyncio.to_thread(_client, settings)
        engine = PoolEngine(client, ParallelEngine.calls)
        source = nobody.anybody(settings, ways)
        await Keeper(pool, engine, MounterClient(stack.MOUNTER), source).run()
        # With the pool switched off there still is somebody to say so.
        await server.serve_forever()


async def hub_is_up() -> dict[str, Any]:
    """Return the settings of the hub's web application once it listens."""
    # There is no event to wait for; by then it knows every server that runs.
    while not JupyterHub.initialized() or JupyterHub.instance().http_server is None:
        await asyncio.sleep(AGAIN)
    settings: dict[str, Any] = JupyterHub.instance().tornado_settings
    return settings


def _client(settings: dict[str, Any]) -> Any:
    return nobody.spawner(settings).client
