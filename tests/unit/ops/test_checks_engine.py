"""Each check of the engine finds what it is for, and all checks together run."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from hubkit.errors import EngineError, Problem
from hubkit.ops import checks, engine
from hubkit.ops.checks import Kit
from hubkit.settings import Settings

GB = 2**30


@pytest.fixture
def docker(monkeypatch):
    """Let all be well with the engine; return a function that lets it say something else."""

    def say(*, free=100 * GB, **answers):
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
        for name, answer in answers.items():
            monkeypatch.setattr(engine, name, answer)

    say(
        require=lambda: None,
        has_image=lambda _: True,
        info=lambda: {"DockerRootDir": "/var/lib/docker"},
        said_in=lambda *_: "",
        is_foreign=lambda *_: False,
        port_holder=lambda *_: None,
    )
    return say


def foreign(kind, wanted):
    """Return what makes *wanted* somebody else's."""
    return {"is_foreign": lambda found, name, _: (found, name) == (kind, wanted)}


# The check → (what the engine says, what the problem is about, words of its cure).
TROUBLE = {
    checks.ports: [
        ({"port_holder": lambda port, _: "" if port == 443 else None}, "HTTPS_PORT=443", "free"),
        ({"port_holder": lambda port, _: "nginx" if port == 80 else None}, "HTTP_PORT=80", "free"),
    ],
    checks.names: [
        (
            foreign("container", "jupyterhub"),
            "COMPOSE_PROJECT_NAME: the container jupyterhub",
            "docker container rm jupyterhub",
        ),
        (
            foreign("network", "jupyterhub-network"),
            "DOCKER_NETWORK_NAME: the network jupyterhub-network",
            "docker network rm jupyterhub-network",
        ),
        (
            foreign("network", "jupyterhub-control"),
            "COMPOSE_PROJECT_NAME: the network jupyterhub-control",
            "Set COMPOSE_PROJECT_NAME",
        ),
        (
            foreign("volume", "jupyterhub-data"),
            "DATA_VOLUME_HOST: the volume jupyterhub-data",
            "Set DATA_VOLUME_HOST",
        ),
        (
            foreign("volume", "jupyterhub-secrets"),
            "COMPOSE_PROJECT_NAME: the volume jupyterhub-secrets",
            "docker volume rm jupyterhub-secrets",
        ),
        (
            foreign("volume", "jupyterhub-acme"),
            "COMPOSE_PROJECT_NAME: the volume jupyterhub-acme",
            "docker volume rm jupyterhub-acme",
        ),
        (
            foreign("volume", "jupyterhub-mounter"),
            "COMPOSE_PROJECT_NAME: the volume jupyterhub-mounter",
            "docker volume rm jupyterhub-mounter",
        ),
    ],
    checks.images: [
        (
            {"has_image": lambda _: False},
            "DOCKER_NOTEBOOK_IMAGE=hubkit-notebook:latest",
            "make notebook_image",
        )
    ],
    checks.disk: [({"free": 2 * GB - 1}, "the engine's disk", "docker system df")],
    checks.pool: [
        (
            {"info": lambda: {"DockerRootDir": "/data/docker"}},
            "DOCKER_VOLUMES=/var/lib/docker/volumes",
            "DOCKER_VOLUMES=/data/docker/volumes",
        )
    ],
    checks.server_ports: [
        (
            {"problems_said_in": lambda *_: [Problem("servers' ports", "no.", "SERVER_PORTS=all")]},
            "servers' ports",
            "SERVER_PORTS=all",
        )
    ],
}


def look(check, **environ):
    """Return what *check* finds, with these settings."""
    return check(Kit(Path("/nowhere"), Settings.from_env(environ)))


def test_every_check_has_an_example():
    """A check nobody has seen fail may be one that cannot."""
    assert set(TROUBLE) == {*checks.ENGINE, *checks.REMARKS}


@pytest.mark.parametrize(
    ("check", "says", "what", "cure"),
    [
        pytest.param(check, *example, id=f"{check.__name__}: {example[1]}")
        for check, examples in TROUBLE.items()
        for example in examples
    ],
)
def test_trouble(docker, check, says, what, cure):
    """A check finds what the engine tells, in one problem with its cure."""
    docker(**says)

    [problem] = look(check)

    assert problem.what == what
    assert cure in problem.cure


@pytest.mark.usefixtures("docker")
@pytest.mark.parametrize("check", TROUBLE, ids=lambda check: check.__name__)
def test_no_trouble(check):
    """An engine with room, our image and nothing in the way is in order."""
    assert look(check) == []


def test_port_taken(monkeypatch):
    """A port that is really taken is said to be, with how to find by whom."""
    idle = SimpleNamespace(containers=SimpleNamespace(list=lambda **_: []))
    monkeypatch.setattr(engine, "client", lambda: idle)
    with socket.create_server(("", 0)) as taken, socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port, free = taken.getsockname()[1], other.getsockname()[1]
        other.close()

        [problem] = look(checks.ports, HTTPS_PORT=str(port), HTTP_PORT=str(free))

    assert problem.what == f"HTTPS_PORT={port}"
    assert problem.wrong == "is taken; 'ss -ltnp' shows by which program."


def test_port_of_a_container(docker):
    """The container that has the port is named."""
    docker(port_holder=lambda port, _: "the container web" if port == 80 else None)

    [problem] = look(checks.ports)

    assert problem.wrong == "is taken by the container web."


@pytest.mark.parametrize(("free", "count"), [(2 * GB, 0), (2 * GB - 1, 1), (0, 1)])
def test_disk(docker, free, count):
    """Two gigabytes must be left."""
    docker(free=free)

    assert len(look(checks.disk)) == count


def test_names_of_another_project(docker):
    """What is looked for are the names this project's stack takes."""
    seen = []
    docker(is_foreign=lambda *asked: seen.append(asked))

    look(checks.names, COMPOSE_PROJECT_NAME="lab", DOCKER_NETWORK_NAME="campus")

    assert seen == [
        ("container", "lab", "lab"),
        ("network", "campus", "lab"),
        ("network", "campus-off", "lab"),
        ("network", "lab-control", "lab"),
        ("volume", "lab-data", "lab"),
        ("volume", "lab-secrets", "lab"),
        ("volume", "lab-acme", "lab"),
        ("volume", "lab-gateway-secrets", "lab"),
        ("volume", "lab-gateway", "lab"),
        ("volume", "lab-mounter", "lab"),
        ("volume", "lab-static", "lab"),
    ]


@pytest.fixture
def quick(docker, monkeypatch):
    """Let `run` not build the configuration: other tests do."""
    monkeypatch.setattr(checks.configured, "problems", lambda *_: [])
    return docker


@pytest.mark.usefixtures("quick")
def test_run(checkout):
    """Nothing is wrong with a good checkout and a good engine."""
    assert checks.run(checkout) == []


def test_a_pool_that_cannot_work_is_no_problem(checkout, quick):
    """It is remarked upon, and keeps no stack from starting."""
    quick(info=lambda: {"DockerRootDir": "/data/docker"})

    assert checks.run(checkout) == []
    assert [one.what for one in checks.remarks(checkout)] == [
        "DOCKER_VOLUMES=/var/lib/docker/volumes"
    ]


@pytest.mark.parametrize(
    ("says", "what"),
    [
        ({}, []),
        ({"has_image": lambda _: False}, ["DOCKER_NOTEBOOK_IMAGE=hubkit-notebook:latest"]),
        ({"free": GB}, ["the engine's disk"]),
        ({"port_holder": lambda port, _: "x" if port == 80 else None}, ["HTTP_PORT=80"]),
    ],
    ids=["well", "no image", "no disk", "a port"],
)
def test_rest(checkout, quick, says, what):
    """Once images were built, what may have changed meanwhile is looked at, and no file."""
    quick(**says)
    (checkout / "userlist").unlink()

    assert [problem.what for problem in checks.rest(checkout)] == what


def test_run_without_engine(checkout, quick):
    """Without an engine what is wrong with the files is said, and that there is none."""

    def away():
        raise EngineError("does not answer")

    quick(require=away)
    (checkout / "userlist").unlink()

    whats = [problem.what for problem in checks.run(checkout)]
    assert whats == ["userlist", "the Docker engine"]


@pytest.mark.parametrize("skip", [True, False], ids=["image may be missing", "image is needed"])
def test_run_before_the_image(checkout, quick, skip):
    """Before the notebook image is built, everything else is checked all the same."""
    quick(has_image=lambda _: False, port_holder=lambda port, _: "x" if port == 80 else None)

    whats = [problem.what for problem in checks.run(checkout, skip_images=skip)]

    missing = [] if skip else ["DOCKER_NOTEBOOK_IMAGE=hubkit-notebook:latest"]
    assert whats == ["HTTP_PORT=80", *missing]
