"""The warm pool: servers started ahead that wait to be told whose they are.

A start with a container of the pool takes a fraction of the time, and is otherwise what it
would have been. Where the pool cannot help, starts are as they are without it.

- `plan`, `members`, `blueprint`: what is decided, without touching anything
- `keeper`: makes, looks at and removes containers, with `spares`
- `pool`: what a start asks; `handout`: how a container becomes somebody's
- `nobody`: what a start would do before anybody has come
- `control`: how `hubkit pool` reaches the hub
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hubkit.pool.pool import Pool
    from hubkit.settings import Settings


def configure(c: Any, env: Settings) -> Pool:
    """Give starts a pool, and let it be looked after once the hub runs.

    `make check` reads the configuration, too; then nothing is begun.
    """
    # Not above: the spawner's package imports parts of this one.
    from hubkit.pool import running  # noqa: PLC0415
    from hubkit.pool.pool import Pool  # noqa: PLC0415

    pool = Pool(
        env.compose_project_name,
        env.pool_size if env.launched else 0,
        capacity=env.pool_capacity,
        max_age=env.pool_max_age,
        windows=env.pool_schedule if env.launched else (),
    )
    c.KitSpawner.pool = pool
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return pool
    pool.kept = loop.create_task(running.keep(pool, env.auth), name="pool")
    return pool
