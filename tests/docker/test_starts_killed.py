"""The hub is killed at each step of a start and of a stop: nothing is lost, nothing is left."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.faults import FaultyEngine
from tests.hubprocess import HubProcess
from tests.remote import User
from tests.support import run, until

pytestmark = pytest.mark.docker
IDENTITY = "/containers/[0-9a-f]{64}"


def containers(user: User) -> list[str]:
    """Return the names of the running or dead containers of *user*'s name."""
    project = user.lab.project
    listed = run("docker", "ps", "-a", "--filter", f"name={project}-", "--format", "{{.Names}}")
    return [name for name in listed.stdout.split() if name.endswith(f"-{user.name}")]


def volumes(user: User) -> list[str]:
    mine = ("--filter", f"label=hubkit.hub={user.lab.project}")
    mine += ("--filter", f"label=hubkit.user={user.name}")
    return str(run("docker", "volume", "ls", "-q", *mine).stdout).split()


def killed_by(hub: HubProcess, ask: Callable[[], object]) -> threading.Thread:
    """Ask the hub for something that it dies of."""

    def asking() -> None:
        with pytest.raises(requests.RequestException):
            ask()

    thread = threading.Thread(target=asking)
    thread.start()
    return thread


def dying(hub: HubProcess, when: str) -> dict[str, Any]:
    """Return a fault: the hub dies before the engine is asked, or once it has answered."""

    def die() -> int:
        hub.kill()
        return 503

    return {when: die}


def home_of(user: User) -> str:
    """Return the volume that is mounted as the home of *user*'s running server."""
    words = ("inspect", "--format", "{{range .Mounts}}{{.Name}} {{end}}", user.container)
    return str(run("docker", *words).stdout).split()[0]


STEPS = [
    pytest.param(
        "GET", "/volumes/.+", "before", id="looking for the home", marks=pytest.mark.thorough
    ),
    pytest.param(
        "POST",
        "/containers/create",
        "before",
        id="before the container is made",
        marks=pytest.mark.thorough,
    ),
    pytest.param("POST", "/containers/create", "after", id="after it was made"),
    pytest.param("PUT", f"{IDENTITY}/archive", "after", id="files were placed"),
    pytest.param(
        "POST", f"{IDENTITY}/start", "before", id="before it is started", marks=pytest.mark.thorough
    ),
    pytest.param("POST", f"{IDENTITY}/start", "after", id="after it was started"),
    pytest.param(
        "GET",
        f"{IDENTITY}/json",
        "after",
        id="its address was asked for",
        marks=pytest.mark.thorough,
    ),
]


@pytest.mark.parametrize(("method", "path", "when"), STEPS)
def test_killed_while_starting(
    hub: HubProcess, faulty_engine: FaultyEngine, method: str, path: str, when: str
):
    """None or one container, the right volume; the next start works."""
    user = User(hub, f"s{STEPS.index(next(s for s in STEPS if s.values == (method, path, when)))}")

    with faulty_engine.fault(method, path, times=1, **dying(hub, when)) as fault:
        asking = killed_by(hub, lambda: hub.api("POST", user.server, json={"image": "usual"}))
        assert fault.met.wait(30)
        asking.join(30)
    hub.start()

    until(lambda: hub.settled(user.name), 30, "the hub knows what is")
    assert len(containers(user)) == len(user.servers()) <= 1
    if not user.servers():
        user.start(image="usual")
    assert containers(user) == [user.container]
    assert volumes(user) == [home_of(user)] == [f"{hub.project}-user-{user.name}"]
    user.stop()


@pytest.mark.thorough
def test_killed_while_pulling(hub: HubProcess, faulty_engine: FaultyEngine):
    """Nothing was made yet: nothing is left, and the next start works."""
    user = User(hub, "pulls")

    with faulty_engine.fault("POST", "/images/create", times=1, **dying(hub, "before")) as fault:
        asking = killed_by(hub, lambda: hub.api("POST", user.server, json={"image": "missing"}))
        assert fault.met.wait(30)
        asking.join(30)
    hub.start()

    until(lambda: hub.settled(user.name), 30, "the hub knows what is")
    assert not user.servers()
    assert containers(user) == []
    user.start(image="usual").stop()


STOPS = [
    pytest.param(
        "POST", f"{IDENTITY}/stop", "before", id="before it is stopped", marks=pytest.mark.thorough
    ),
    pytest.param("POST", f"{IDENTITY}/stop", "after", id="after it was stopped"),
    pytest.param(
        "DELETE", IDENTITY, "before", id="before it is removed", marks=pytest.mark.thorough
    ),
    pytest.param(
        "DELETE", IDENTITY, "after", id="after it was removed", marks=pytest.mark.thorough
    ),
]


@pytest.mark.parametrize(("method", "path", "when"), STOPS)
def test_killed_while_stopping(
    hub: HubProcess, faulty_engine: FaultyEngine, method: str, path: str, when: str
):
    """The server runs or is gone, with all of it; its home stays."""
    user = User(hub, f"e{STOPS.index(next(s for s in STOPS if s.values == (method, path, when)))}")
    user.start(image="usual")

    with faulty_engine.fault(method, path, times=1, **dying(hub, when)) as fault:
        asking = killed_by(hub, lambda: hub.api("DELETE", user.server))
        assert fault.met.wait(30)
        asking.join(30)
    hub.start()

    until(lambda: hub.settled(user.name), 30, "the hub knows what is")
    assert len(containers(user)) == len(user.servers()) <= 1
    if not user.servers():
        user.start(image="usual")
    assert volumes(user) == [home_of(user)]
    user.stop()
    assert volumes(user) == [f"{hub.project}-user-{user.name}"]
