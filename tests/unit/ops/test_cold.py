"""Why starts are cold: what settings and engine tell, and what the running hub knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubkit.errors import HubkitError, Problem
from hubkit.ops import checks, cold
from hubkit.pool import control
from hubkit.pool.pool import NOT_YET, OFF
from hubkit.settings import Settings

WELL = {"SecurityOptions": ["name=seccomp,profile=builtin"], "DockerRootDir": "/var/lib/docker"}
VIEW = {"image": "lab:1", "size": 1, "ready": 1, "replaced": 0, "oldest": 5, "trouble": ""}


@pytest.fixture
def engine(monkeypatch):
    """Let the engine be as a pool needs it, and nobody answer in the hub's container."""

    class Engine:
        facts, said, asked = dict(WELL), [], []

        def info(self):
            return self.facts

        def problems_said_in(self, *asked):
            self.asked = [*self.asked, asked]
            return self.said

    made = Engine()
    monkeypatch.setattr(cold, "engine", made)
    return made


@pytest.fixture
def hub(monkeypatch):
    """Let the hub that runs answer what is put into it, or raise it."""

    class Hub:
        answer = {"why": "", "images": [VIEW]}  # noqa: RUF012 (replaced, never changed)

        def ask(self, **asked):
            assert asked == {"do": "list"}
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

    made = Hub()
    monkeypatch.setattr(control, "ask", made.ask)
    return made


def reasons(**environ):
    return checks.pool(checks.Kit(Path("/nowhere"), Settings.from_env(environ)))


def test_nothing_to_say(engine):
    """An engine that can, and a hub that does not run, leave nothing to say."""
    assert reasons() == []
    assert engine.asked == [("jupyterhub", ("hubkit", "check", "--pool"))]


@pytest.mark.parametrize(
    ("environ", "facts", "what", "words"),
    [
        pytest.param(
            {"SERVER_TUNING": "false"}, {}, "SERVER_TUNING=false", "POOL_SIZE=0", id="no launcher"
        ),
        pytest.param(
            {"SERVER_COMMAND": "app {port}"},
            {},
            "SERVER_COMMAND=app {port}",
            "all starts are cold",
            id="a program",
        ),
        pytest.param(
            {"POOL_SIZE": "0", "POOL_SCHEDULE": "Mon 09:00-10:00 3", "SERVER_TUNING": "false"},
            {},
            "SERVER_TUNING=false",
            "SERVER_TUNING=true",
            id="no launcher, on by schedule",
        ),
        pytest.param(
            {}, {"SecurityOptions": ["name=rootless"]}, cold.POOL, "(rootless)", id="rootless"
        ),
        pytest.param(
            {},
            {"SecurityOptions": ["name=userns"], "DockerRootDir": "/var/lib/docker/1.1"},
            cold.POOL,
            "(userns-remap)",
            id="user namespaces",
        ),
        pytest.param(
            {},
            {"DockerRootDir": "/data/docker"},
            "DOCKER_VOLUMES=/var/lib/docker/volumes",
            "Write DOCKER_VOLUMES=/data/docker/volumes",
            id="volumes elsewhere",
        ),
    ],
)
def test_before_the_hub(engine, environ, facts, what, words):
    """What settings and engine tell needs no hub."""
    engine.facts = {**WELL, **facts}

    [found] = reasons(**environ)

    assert found.what == what
    assert words in f"{found.wrong} {found.cure}"
    assert engine.asked == []


def test_volumes_named_as_they_are(engine):
    """A folder of volumes that was named is the right one, with a slash at its end too."""
    engine.facts = {**WELL, "DockerRootDir": "/data/docker"}

    assert reasons(DOCKER_VOLUMES="/data/docker/volumes") == []
    assert reasons(DOCKER_VOLUMES="/data/docker/volumes/") == []


def test_no_pool_is_wanted(engine):
    """Where no server is to wait, nothing is wrong with that, and nobody is asked."""
    engine.facts = {}

    assert reasons(POOL_SIZE="0", SERVER_TUNING="false") == []
    assert engine.asked == []


def test_the_hub_is_asked(engine):
    """What the running hub knows arrives as it was said."""
    engine.said = [Problem("the warm pool", "nobody gets one.", "Start it.")]

    assert reasons(COMPOSE_PROJECT_NAME="lab") == engine.said
    assert engine.asked == [("lab", cold.ASK_HUB)]


@pytest.mark.parametrize("why", ["", OFF, NOT_YET])
def test_hub_content(hub, why):
    """A pool that works, is off, or is about to begin leaves nothing to say."""
    hub.answer = {"why": why, "images": [VIEW] if not why else []}

    assert cold.known_to_hub() == []


def test_hub_without_mounter(hub):
    """The mounter's reason is passed on once, and not again for each image."""
    why = "the mounter does not answer (ClientConnectorError)"
    hub.answer = {"why": why, "images": [{**VIEW, "trouble": why}]}

    [found] = cold.known_to_hub()

    assert found.wrong == f"nobody gets a waiting server: {why}."
    assert "docker compose logs mounter" in found.cure


def test_hub_with_an_image_that_cannot_wait(hub):
    """An image of which no server waits is named, with its reason in one line."""
    trouble = "it does not come to wait: it says\nmany things"
    hub.answer = {"why": "", "images": [VIEW, {**VIEW, "image": "r:2", "trouble": trouble}]}

    [found] = cold.known_to_hub()

    assert found.what == "the image r:2"
    assert found.wrong.endswith("it does not come to wait: it says many things.")


def test_hub_that_does_not_answer(hub):
    """A hub that says nothing of its pool is worth a remark."""
    hub.answer = HubkitError("the hub does not answer")

    [found] = cold.known_to_hub()

    assert "does not say" in found.wrong
