"""Servers of visitors: no home, images and limits of their own, one for each."""

from __future__ import annotations

import re

import pytest
from jupyterhub import orm
from jupyterhub.objects import Hub
from jupyterhub.spawner import SpawnException
from jupyterhub.user import User
from tornado.web import HTTPError
from traitlets.config import Config

from hubkit.settings import Settings
from hubkit.spawner import temporary
from hubkit.spawner.temporary import TemporaryServer, origin_words
from hubkit.values import Mount

VISITOR = "tmp-abcdefghijkl"
IMAGES = {"TEMPORARY_IMAGE": "x/python:1,x/r:2"}
LIMITS = {"TEMPORARY_MEM_LIMIT": "1G", "TEMPORARY_CPU_LIMIT": "0"}


class Server(TemporaryServer):
    """A server with a client of its own, as DockerSpawner keeps one per class."""


@pytest.fixture
def server(db, engine, monkeypatch):
    """Return a function that makes the server of a hub user, before an engine on loopback."""
    monkeypatch.setattr(Server, "_client", None)

    def make(user, name="", environ=None, **traits):
        config = Config(TemporaryServer={"client_kwargs": {"base_url": engine.url}, **traits})
        temporary.configure(config, Settings.from_env(environ or {}))
        person = orm.User(name=user)
        db.add(person)
        db.commit()
        settings = {"spawner_class": Server, "config": config, "hub": Hub()}
        return User(person, settings).get_or_create_spawner(name, "")

    yield make
    if Server._client:
        Server._client.close()


async def test_no_home(server):
    """A visitor's server mounts no home, and what all share only to read."""
    made = server(VISITOR, extra_volumes=[Mount("data", "/srv/data"), Mount("/mnt/x", "/x", True)])

    await made.prepare_mounts()

    mounts = [(one["Type"], one["Source"], one["ReadOnly"]) for one in made.mount_binds]
    assert mounts == [("volume", "data", True), ("bind", "/mnt/x", True)]


async def test_folders_of_the_host(server):
    """HOST_DIRECTORIES are as they were written, for visitors, too."""
    folders = [Mount("/srv/a", "/a"), Mount("/srv/b", "/b", True)]
    made = server(VISITOR, extra_volumes=[Mount("/mnt/x", "/x")], host_directories=folders)

    await made.prepare_mounts()

    mounts = [(one["Source"], one["ReadOnly"]) for one in made.mount_binds]
    assert mounts == [("/mnt/x", True), ("/srv/a", False), ("/srv/b", True)]


@pytest.mark.parametrize(
    ("user", "runs_as", "folders"),
    [
        (VISITOR, "", ("/work",)),
        (VISITOR, "4242", ("/home/ada", "/work")),
        ("ada", "", ()),
        ("ada", "4242", ("/home/ada",)),
    ],
)
def test_own_folders(server, user, runs_as, folders):
    """HOME is another user's than the image's, and the folder of who has no home."""
    made = server(user, server_user=runs_as, notebook_dir="/work")
    made._image = {"Config": {"Env": ["PATH=/bin", "HOME=/home/ada/"]}}

    assert made.own_folders() == folders


@pytest.mark.parametrize("env", [None, [], ["HOME=/"], ["HOME="], ["HOME=ada"]])
def test_no_home_to_give(server, env):
    """The root folder, or none, is given to nobody."""
    made = server("ada", server_user="4242")
    made._image = {"Config": {"Env": env}}

    assert made.own_folders() == ()


async def test_one_server(server):
    """A visitor gets no second server."""
    with pytest.raises(SpawnException) as refused:
        await server(VISITOR, "second").prepare_mounts()

    assert refused.value.status_code == 403


@pytest.mark.parametrize(("user", "memory", "cpu"), [(VISITOR, 2**30, None), ("ada", 2**31, 2.0)])
async def test_limits(server, user, memory, cpu):
    """Visitors have limits of their own; everybody else keeps theirs."""
    made = server(user, environ={**IMAGES, **LIMITS}, mem_limit="2G", cpu_limit=2.0, image="lab:1")

    await made.prepare_mounts()

    assert (made.mem_limit, made.cpu_limit) == (memory, cpu)
    assert made.image == ("x/python:1" if user == VISITOR else "lab:1")


async def test_as_everybody(server):
    """Where nothing is said of visitors, they have what everybody has."""
    made = server(VISITOR, mem_limit="2G", cpu_limit=2.0, image="lab:1")

    await made.prepare_mounts()

    assert (made.mem_limit, made.cpu_limit, made.image) == (2**31, 2.0, "lab:1")


async def test_images(server):
    """A visitor chooses among what is offered, and nobody else chooses by that."""
    made = server(VISITOR, environ=IMAGES)

    assert await made.check_allowed("r") == "x/r:2"
    assert await made.check_allowed("x/r:2") == "x/r:2"
    with pytest.raises(HTTPError, match="Unknown image evil; there are: python"):
        await made.check_allowed("evil")
    with pytest.raises(HTTPError):
        await server("ada", environ=IMAGES).check_allowed("r")


@pytest.mark.parametrize("user", [VISITOR, "ada"])
def test_origins(server, user):
    """Pages of the origins named may use visitors' servers, and those only."""
    made = server(user, environ={"CORS_ORIGINS": "https://a.org"})

    assert any("allow_origin" in word for word in made.get_args()) == (user == VISITOR)


@pytest.mark.parametrize(
    ("origin", "admitted"),
    [
        ("https://a.org", True),
        ("https://b.org:8443", True),
        ("https://aXorg", False),
        ("https://a.org.evil.example", False),
        ("https://evil.example/https://a.org", False),
    ],
)
def test_pattern(origin, admitted):
    """Jupyter Server matches the origin from its beginning; the pattern is the whole of it."""
    [word] = origin_words(["https://a.org", "https://b.org:8443"])

    pattern = word.partition("=")[2]
    assert bool(re.match(pattern, origin)) == admitted


def test_every_origin():
    """All origins are one word, none is none."""
    assert origin_words(["*"]) == ["--ServerApp.allow_origin=*"]
    assert origin_words([]) == []
