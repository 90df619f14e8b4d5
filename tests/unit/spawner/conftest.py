"""A spawner of a real user in a real database, before an engine on loopback."""

from __future__ import annotations

import pytest
from jupyterhub import orm
from jupyterhub.objects import Hub
from jupyterhub.user import User
from traitlets.config import Config

from hubkit.spawner import kit
from hubkit.spawner.calls import Calls
from hubkit.spawner.kit import KitSpawner
from hubkit.spawner.pulling import Pulls
from hubkit.spawner.turns import Turns
from tests.unit.spawner.blocking import Blocked


class Spawner(KitSpawner):
    """A spawner with a client and threads of its own, which are kept per class."""


async def answers_at_once(*where, **how):
    """Stand in for a server: the tests' engine starts none."""


@pytest.fixture
async def spawner(db, engine, monkeypatch):
    """Return a function that makes the spawner of ada's server, speaking with *engine*."""
    monkeypatch.setattr(Spawner, "_client", None)
    monkeypatch.setattr(Spawner, "calls", Calls())
    monkeypatch.setattr(Spawner, "pulls", Pulls())
    monkeypatch.setattr(Spawner, "turns", Turns(1))
    monkeypatch.setattr(kit, "wait_until_ready", answers_at_once)
    ada = orm.User(name="ada")
    db.add(ada)
    db.commit()

    def make(server="", **traits):
        config = Config(KitSpawner={"client_kwargs": {"base_url": engine.url}, **traits})
        settings = {"spawner_class": Spawner, "config": config, "hub": Hub()}
        return User(ada, settings).get_or_create_spawner(server, "")

    yield make
    if Spawner._client:
        Spawner._client.close()


@pytest.fixture
def startable(engine):
    """Return an engine on which a server starts."""
    networks = {"users": {"IPAddress": "172.18.0.7"}}
    state = {"Id": "4f9a", "Name": "/jupyter-ada", "NetworkSettings": {"Networks": networks}}
    state |= {"State": {"Running": True, "Status": "running"}, "HostConfig": {}}
    engine.answers |= {
        ("GET", "/images/lab:1/json"): (200, {"Id": "sha256:1", "Config": {"Cmd": ["serve"]}}),
        ("POST", "/containers/create"): (201, {"Id": "4f9a", "Warnings": []}),
        ("GET", "/containers/4f9a/json"): (200, {**state, "Config": {"User": ""}}),
        ("PUT", "/containers/4f9a/archive"): (200, b""),
        ("POST", "/containers/4f9a/start"): (204, b""),
    }
    return engine


@pytest.fixture
def blocked():
    """Return a function that makes calls that block; they are let go at the end."""
    made = []

    def make(*args):
        made.append(Blocked(*args))
        return made[-1]

    yield make
    for call in made:
        call.go.set()


@pytest.fixture
def calls():
    return Calls(threads=4)
