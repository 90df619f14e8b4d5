"""A spawner that takes its containers from a pool, before an engine that is but answers."""

from __future__ import annotations

from jupyterhub import orm
from jupyterhub.objects import Hub
from jupyterhub.user import User
from traitlets.config import Config

from hubkit.spawner.kit import KitSpawner
from hubkit.spawner.warm import WarmServer
from tests.unit.pool.engine import cold


class Spawner(KitSpawner, WarmServer):
    """One whose engine is set for each test."""

    client = None
    engine = None  # set for each test

    async def docker(self, method, *args, **kwargs):
        return await self.engine.docker(method, *args, **kwargs)

    async def asking(self, method, call, *args, **kwargs):
        return await self.engine.asking(method, call, *args, **kwargs)

    async def blueprint_kwargs(self):
        return cold(environment={**cold()["environment"], "JUPYTERHUB_USER": self.user.name})


def spawner_of(db, site, name, server, **traits):
    """Return the spawner of a user's server, as after a restart of the hub."""
    user = db.query(orm.User).filter_by(name=name).first() or orm.User(name=name)
    db.add(user)
    db.commit()
    given = {"pool": site.pool, "project": "kit", "image": "lab:1", "network_name": "users"}
    config = Config(KitSpawner={**given, **traits})
    settings = {"spawner_class": Spawner, "config": config, "hub": Hub()}
    one = User(user, settings).get_or_create_spawner(server, "")
    one.mounts = [
        {"type": "volume", "source": f"home-{name}", "target": "/home/jovyan/work"},
    ]
    one.load_state(one.orm_spawner.state or {})
    return one
