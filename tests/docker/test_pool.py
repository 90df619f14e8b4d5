"""The warm pool of a hub that runs: who gets what waits, and what becomes of it."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import docker
import pytest

from tests.lab import PORT, address
from tests.mounter import mounts_of
from tests.remote import User
from tests.support import close_connections, run, until
from tests.warm import HOME, WarmHub, home_of, inspect, read, volumes, write

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def one_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmHub]:
    """A hub with two containers that wait."""
    made = WarmHub(tmp_path_factory.mktemp("warm"), size=2)
    try:
        yield made.begin()
    finally:
        close_connections()
        made.destroy()


@pytest.fixture
def hub(one_hub: WarmHub) -> Iterator[WarmHub]:
    yield one_hub
    one_hub.empty()


def test_warm(hub: WarmHub):
    """Who comes gets one that waited, which serves them alone; another takes its place."""
    before = hub.full()
    user = User(hub, "ada").start()

    identity = inspect(user.container)["Id"]
    assert identity in before
    assert hub.got(user)
    assert user.ask("GET", "contents").status_code == 200
    stranger = User(hub, "eve")
    stranger.url = user.url
    assert stranger.ask("GET", "contents").status_code == 403
    assert volumes(user) == [home_of(user)] == [f"{hub.project}-user-ada"]
    after = hub.full()
    assert identity not in after
    assert len(after) == 2
    hub.require_tidy(user)
    user.stop()
    hub.require_tidy()


def memory(container: str) -> int:
    """Return the bytes of a container's own, without files that are kept in memory."""
    with contextlib.closing(docker.APIClient()) as engine:
        found = engine.stats(container, stream=False)["memory_stats"]["stats"]
    return int(found["rss"] if "rss" in found else found["anon"])


@pytest.mark.thorough
def test_what_it_costs(hub: WarmHub):
    """What waits takes no more memory than a server nobody uses."""
    hub.full()
    user = User(hub, "idle").start()
    assert hub.got(user)
    waiting = hub.full()
    time.sleep(5)

    assert max(map(memory, waiting)) <= memory(user.container)


def test_closed_while_it_waits(hub: WarmHub):
    """What a program in it listens to nobody reaches, before anybody has come and after."""
    member = hub.full()[0]
    run("docker", "exec", "-d", member, "python3", "-m", "http.server", "9999")
    connect = "import socket; socket.create_connection(('127.0.0.1', 9999), 1)"
    within = ("docker", "exec", member, "python3", "-c", connect)
    until(lambda: run(*within, check=False).returncode == 0, 10, "it listens")

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address(member), 9999), timeout=10)
    run("docker", "kill", member)
    hub.full()


@pytest.mark.thorough
@pytest.mark.parametrize("first", ["warm", "cold"])
def test_the_home_stays(hub: WarmHub, first: str):
    """What was written on a warm server is there on a cold one, and the other way round."""
    user = User(hub, f"home{first}")
    for way in (first, {"warm": "cold", "cold": "warm"}[first]):
        hub.full()
        if way == "cold":
            with hub.cold():
                user.start()
        else:
            user.start()
        assert bool("hubkit.pool" in inspect(user.container)["Config"]["Labels"]) == (way == "warm")
        if way == first:
            write(user, "kept.txt", first)
        assert read(user, "kept.txt") == first
        assert home_of(user) == f"{hub.project}-user-{user.name}"
        user.stop()


def test_renamed_behind_the_hubs_back(hub: WarmHub):
    """It is still its user's, and a stop ends it, before another one gets the home."""
    hub.full()
    user = User(hub, "renamed").start()
    assert hub.got(user)
    elsewhere = f"{hub.project}-elsewhere"
    run("docker", "rename", user.container, elsewhere)
    time.sleep(3)  # the hub looks each second

    assert user.servers()[""]["ready"]
    user.stop()

    assert run("docker", "inspect", elsewhere, check=False).returncode != 0
    hub.require_tidy()


def test_without_the_mounter(hub: WarmHub):
    """Starts are cold while it is away, also the one that finds out; then warm again."""
    hub.full()
    run("docker", "kill", hub.mounter)
    try:
        first, second = User(hub, "away1").start(), User(hub, "away2").start()
        assert not hub.got(first)
        assert not hub.got(second)
        write(first, "cold.txt", "written")
        until(lambda: "does not answer" in hub.view().get("why", ""), 20, "the pool knows")
    finally:
        run("docker", "start", hub.mounter)
    until(lambda: not hub.view().get("why", ""), 30, "the mounter is back")
    hub.full()

    first.stop().start()

    assert hub.got(first)
    assert read(first, "cold.txt") == "written"
    hub.full()
    hub.require_tidy(first, second)


@pytest.mark.thorough
@pytest.mark.parametrize("harm", ["kill", "restart"])
def test_harmed_while_it_waits(hub: WarmHub, harm: str):
    """Nobody gets it, not even who comes before anybody has looked; others take its place."""
    harmed = hub.full()
    run("docker", harm, *harmed)
    user = User(hub, f"harm{harm}").start()

    assert inspect(user.container)["Id"] not in harmed
    assert read_back(user)
    until(lambda: not set(harmed) & set(hub.containers().values()), 30, "they are gone")
    assert len(hub.full()) == 2
    hub.require_tidy(user)


@pytest.mark.thorough
def test_restarted_afterwards(hub: WarmHub):
    """Somebody's container that was restarted serves nobody, and the hub says it has ended."""
    hub.full()
    user = User(hub, "again").start()
    assert hub.got(user)
    write(user, "kept.txt", "still there")
    identity = inspect(user.container)["Id"]

    # What it does is seen better while no hub removes it.
    hub.stop()
    run("docker", "restart", "--time", "1", user.container)
    seen = ("docker", "logs", user.container)
    until(lambda: run(*seen).stderr.count("hubkit: waiting") == 2, 30, "it waits again")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address(user.container), PORT), timeout=10)
    assert HOME not in mounts_of(user.container)
    hub.start()

    until(lambda: not user.servers(), 30, "the hub knows that it has ended")
    until(lambda: identity not in hub.containers().values(), 30, "it is gone")
    hub.full()
    user.start()
    assert hub.got(user)
    assert read(user, "kept.txt") == "still there"


@pytest.mark.thorough
def test_restarted_while_the_hub_runs(hub: WarmHub):
    """The hub finds out by itself; the home is there at the next start."""
    hub.full()
    user = User(hub, "anew").start()
    write(user, "kept.txt", "still there")
    identity = inspect(user.container)["Id"]

    run("docker", "restart", "--time", "1", user.container)

    until(lambda: not user.servers(), 30, "the hub knows that it has ended")
    until(lambda: identity not in hub.containers().values(), 30, "it is gone")
    user.start()
    assert read(user, "kept.txt") == "still there"


@pytest.mark.thorough
def test_the_hub_is_restarted(hub: WarmHub):
    """Those that wait go on waiting, servers serve; one that ended meanwhile is removed."""
    user = User(hub, "stays").start()
    [broken, sound] = hub.full()
    hub.stop()
    run("docker", "kill", broken)

    hub.start()

    until(lambda: broken not in hub.containers().values(), 30, "the broken one is gone")
    after = hub.full()
    assert sound in after
    assert len(after) == 2
    assert user.servers()[""]["ready"]
    assert read_back(user)
    hub.require_tidy(user)
    user.stop()
    last = hub.full()
    hub.stop()
    hub.start()
    assert sorted(hub.full()) == sorted(last)


@pytest.mark.thorough
def test_another_hub(hub: WarmHub, tmp_path_factory: pytest.TempPathFactory):
    """A second hub on the engine makes its own, and lets those of the first alone."""
    user = User(hub, "both").start()
    write(user, "whose.txt", "the first hub's")
    hub.full()
    before = hub.containers()
    other = WarmHub(tmp_path_factory.mktemp("other"), size=1)
    try:
        theirs = set(other.begin().members())
        same = User(other, "both").start()

        assert inspect(same.container)["Id"] in theirs
        assert not theirs & set(before.values())
        assert same.ask("GET", "contents/whose.txt").status_code == 404
        other.full()
    finally:
        other.destroy()
    assert hub.containers() == before
    assert read(user, "whose.txt") == "the first hub's"


def read_back(user: User) -> bool:
    """Return whether *user*'s server keeps what it is given in *user*'s volume."""
    write(user, "nonce.txt", user.name)
    return read(user, "nonce.txt") == user.name and home_of(user) in volumes(user)
