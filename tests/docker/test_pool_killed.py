"""The hub is killed at each step of a hand-out: nobody loses anything, nothing is left."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.faults import FaultyEngine
from tests.lab import PORT, address
from tests.remote import User
from tests.support import close_connections, run, until
from tests.warm import WarmHub, home_of, read, volumes, write

pytestmark = pytest.mark.docker
IDENTITY = "/containers/[0-9a-f]{64}"


@pytest.fixture(scope="module")
def one_hub(
    faulty_engine: FaultyEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WarmHub]:
    made = WarmHub(tmp_path_factory.mktemp("killed"), client=faulty_engine.client)
    try:
        yield made.begin()
    finally:
        close_connections()
        made.destroy()


@pytest.fixture
def hub(one_hub: WarmHub) -> Iterator[WarmHub]:
    """A hub with one container that waits."""
    one_hub.full()
    yield one_hub
    one_hub.empty()


def ask(hub: WarmHub, method: str, path: str) -> threading.Thread:
    """Ask the hub for something that it dies of."""

    def asking() -> None:
        with pytest.raises(requests.RequestException):
            hub.api(method, path)

    thread = threading.Thread(target=asking)
    thread.start()
    return thread


def dying(hub: WarmHub, when: str) -> dict[str, Any]:
    """Return a fault: the hub dies before the engine is asked, or once it has answered."""

    def die() -> int:
        hub.kill()
        return 503

    return {when: die}


def require_as_before(hub: WarmHub, user: User) -> None:
    """Fail unless *user* has their home, once, and can go on; and nothing else is left."""
    until(lambda: hub.settled(user.name), 90, "the hub knows what is")
    hub.require_tidy(*([user] if user.servers() else []))
    if user.servers():
        user.url = f"http://{address(user.container)}:{PORT}/user/{user.name}"
    else:
        user.start()
    assert volumes(user) == [home_of(user)] == [f"{hub.project}-user-{user.name}"]
    write(user, "new.txt", user.name)
    assert read(user, "new.txt") == user.name
    hub.require_tidy(user)


NEW = [
    pytest.param(
        "POST",
        "/containers/create",
        "before",
        id="before the home is made",
        marks=pytest.mark.thorough,
    ),
    pytest.param("POST", "/containers/create", "after", id="after the home was made"),
    pytest.param(
        "GET",
        f"{IDENTITY}/archive",
        "after",
        id="before the home is given",
        marks=pytest.mark.thorough,
    ),
    pytest.param(
        "DELETE",
        IDENTITY,
        "before",
        id="before what made it is removed",
        marks=pytest.mark.thorough,
    ),
]
STEPS = [
    pytest.param(
        "POST",
        f"{IDENTITY}/update",
        "before",
        id="before it has limits",
        marks=pytest.mark.thorough,
    ),
    pytest.param(
        "POST", f"{IDENTITY}/update", "after", id="after it has limits", marks=pytest.mark.thorough
    ),
    pytest.param("POST", f"{IDENTITY}/rename", "before", id="before it has the name"),
    pytest.param(
        "POST",
        f"{IDENTITY}/rename",
        "after",
        id="after it has the name",
        marks=pytest.mark.thorough,
    ),
]


@pytest.mark.parametrize(("method", "path", "when"), NEW)
def test_killed_at_the_first_start(
    hub: WarmHub, faulty_engine: FaultyEngine, method: str, path: str, when: str
):
    """None or one container, one home, which is the user's; the next start works."""
    at = [one.values for one in NEW].index((method, path, when))
    user = User(hub, f"new{at}")

    with faulty_engine.fault(method, path, times=1, **dying(hub, when)) as fault:
        asking = ask(hub, "POST", user.server)
        assert fault.met.wait(30)
        asking.join(30)
    hub.start()

    require_as_before(hub, user)


@pytest.mark.parametrize(("method", "path", "when"), STEPS)
def test_killed_at_a_later_start(
    hub: WarmHub, faulty_engine: FaultyEngine, method: str, path: str, when: str
):
    """So it is with a home that has something in it."""
    at = [one.values for one in STEPS].index((method, path, when))
    user = User(hub, f"old{at}").start()
    write(user, "kept.txt", user.name)
    user.stop()
    hub.full()

    with faulty_engine.fault(method, path, times=1, **dying(hub, when)) as fault:
        asking = ask(hub, "POST", user.server)
        assert fault.met.wait(30)
        asking.join(30)
    hub.start()

    require_as_before(hub, user)
    assert read(user, "kept.txt") == user.name


def unanswered() -> int:
    """Return how many connections to a mounter were not accepted yet: they have no inode."""
    lines = map(str.split, Path("/proc/net/unix").read_text().splitlines())
    return sum(line[6:] == ["0", "/run/hubkit/mounter/socket"] for line in lines)


@pytest.mark.parametrize(
    "first", [pytest.param("the mounter", marks=pytest.mark.thorough), "the hub"]
)
def test_killed_while_the_mounter_is_asked(hub: WarmHub, first: str):
    """What the mounter does for a hub that is dead does not make a server of nobody's."""
    user = User(hub, first.replace(" ", ""))
    run("docker", "pause", hub.mounter)
    try:
        asking = ask(hub, "POST", user.server)
        # The pool's own question is one of them.
        until(lambda: unanswered() > 1, 9, "the mounter is asked")
        hub.kill()
        asking.join(30)
        if first == "the hub":
            hub.start()
    finally:
        run("docker", "unpause", hub.mounter)
    if first != "the hub":
        hub.start()

    require_as_before(hub, user)


@pytest.mark.parametrize(
    ("method", "path", "when"),
    [
        pytest.param("POST", f"{IDENTITY}/stop", "after", id="after it was stopped"),
        pytest.param(
            "DELETE", IDENTITY, "before", id="before it is removed", marks=pytest.mark.thorough
        ),
    ],
)
def test_killed_while_stopping(
    hub: WarmHub, faulty_engine: FaultyEngine, method: str, path: str, when: str
):
    """A server that waited once ends as any other; its home stays."""
    user = User(hub, f"ends{method}{when}".lower()).start()
    assert hub.got(user)
    hub.full()  # so that nothing else is removed

    with faulty_engine.fault(method, path, times=1, **dying(hub, when)) as fault:
        asking = ask(hub, "DELETE", user.server)
        assert fault.met.wait(30)
        asking.join(30)
    hub.start()

    require_as_before(hub, user)
