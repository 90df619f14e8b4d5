"""The service's process: ``python -m hubkit.services.temporary``, started by the hub."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

import aiohttp
from aiohttp import web
from jupyterhub.services.auth import HubAuth

from hubkit.auth.ledger import Ledger
from hubkit.errors import HubkitError
from hubkit.services.hubapi import SECONDS
from hubkit.services.temporary.api import API
from hubkit.services.temporary.ending import Ending, Limits
from hubkit.services.temporary.handing import Desk, Hub
from hubkit.services.temporary.rolling import Rolling
from hubkit.settings import Settings
from hubkit.visitors import image_names


async def main(port: int, file: Path, pool: Path) -> None:
    """Serve at *port* and end visits until the hub ends this process.

    Args:
        port: Where the proxy finds it.
        file: The ledger's.
        pool: The socket of the hub's pool.

    Raises:
        HubkitError: The hub did not start it.
    """
    env, hub_auth = Settings.from_env(), HubAuth()
    if not hub_auth.api_token:
        raise HubkitError("this is started by the hub")
    ledger = Ledger(file, env.temporary_capacity, env.temporary_per_address)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=SECONDS, sock_read=SECONDS)
    async with aiohttp.ClientSession(
        headers={"Authorization": f"token {hub_auth.api_token}"},
        timeout=timeout,
        connector=aiohttp.TCPConnector(limit=0),
    ) as session:
        hub = Hub(session, hub_auth.api_url)
        ending = Ending(hub, ledger, Limits(env.temporary_idle_timeout, env.temporary_max_age))
        desk = Desk(hub, ledger, env, image_names(env.temporary_image))
        api = API(desk, ending, Rolling(pool, desk), env)
        runner = web.AppRunner(api.application(), access_log=None)
        await runner.setup()
        # Its container publishes nothing; the proxy comes over the network of the stack.
        await web.TCPSite(runner, "0.0.0.0", port).start()  # noqa: S104
        await ending.go_on()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="hubkit: %(message)s")
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])))
