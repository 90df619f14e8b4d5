"""JupyterLab's own files, taken out of each image once, for the edge to give out.

A page of JupyterLab is dozens of files, the same for everybody. The hub lays out those whose
names follow from their content, compressed, in a volume the edge reads. What is not there comes
from the servers, as without all this; nothing of them is changed.

- `store`: the volume
- `taking`: how files come out of an image
- `keeping`: the loop that looks which images there are
"""

from __future__ import annotations

import asyncio

from hubkit import assets, stack
from hubkit.pool import nobody, running
from hubkit.pool.engine import PoolEngine
from hubkit.services.lab.keeping import Keeper, Offered
from hubkit.services.lab.store import Store
from hubkit.services.lab.taking import Taker
from hubkit.settings import Settings
from hubkit.spawner.engine import ParallelEngine

_kept: set[asyncio.Task[None]] = set()  # a loop itself holds its tasks only weakly


def configure(env: Settings) -> None:
    """Lay out the images' files once the hub runs; `make check` begins nothing."""
    if env.server_command:
        return  # such images have none
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return
    once = running.insist(lambda: _keep(env), "JupyterLab's files")
    task = loop.create_task(once, name="lab")
    _kept.add(task)
    task.add_done_callback(_kept.discard)


async def _keep(env: Settings) -> None:
    settings = await running.hub_is_up()
    client = await asyncio.to_thread(lambda: nobody.spawner(settings).client)
    engine = PoolEngine(client, ParallelEngine.calls)
    guests = nobody.guests(settings, env.auth)
    taker = Taker(engine, env.compose_project_name)
    folders = assets.folders(env.static_files)
    await Keeper(Store(stack.LAB_FILES), taker, Offered(guests), folders).run()
