"""Ports of a running container are closed from outside of it, and it cannot open them again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from hubkit.warden.refusals import Reason, Refused
from tests.mounter import Pool, inspect, sh
from tests.support import run, until

pytestmark = pytest.mark.docker

PORTS = (8888, 9999)
LISTEN = "python3 -m http.server 8888 & python3 -m http.server 9999"
PROBE = """
import json, socket, sys
found = {}
for port in sys.argv[2:]:
    try:
        socket.create_connection((sys.argv[1], int(port)), 2).close()
        found[port] = ""
    except OSError as error:
        found[port] = type(error).__name__
print(json.dumps(found))
"""


class Site:
    """A server that listens to two ports, and another on its network."""

    def __init__(self, pool: Pool):
        self.pool, self.network = pool, f"{pool.project}-closing"
        run("docker", "network", "create", self.network)
        marks = {"hubkit.hub": pool.project, "hubkit.user": "ada"}
        self.server = self.start("sh", "-c", LISTEN, **marks)
        self.other = self.start("sleep", "infinity")
        until(lambda: self.reached() == {8888, 9999}, 10, "it listens")

    def start(self, *command: str, **marks: str) -> str:
        words = (f"--network={self.network}",)
        return self.pool.container(*words, command=command, **marks)

    def probe(self, source: str, target: str) -> dict[int, str]:
        """Return port → what went wrong for who connects."""
        at = inspect(target)["NetworkSettings"]["Networks"][self.network]["IPAddress"]
        said = run("docker", "exec", source, "python3", "-c", PROBE, at, *map(str, PORTS))
        return {int(port): error for port, error in json.loads(said.stdout).items()}

    def reached(self) -> set[int]:
        """Return the server's ports that the other one reaches."""
        return {port for port, error in self.probe(self.other, self.server).items() if not error}

    def close(self, container: str, *ports: int) -> Reason | None:
        """Return why they were not closed."""
        try:
            asyncio.run(self.pool.client.close(container, ports))
        except Refused as refused:
            return refused.reason
        return None

    def destroy(self) -> None:
        attached = run("docker", "ps", "-aq", "--filter", f"network={self.network}").stdout
        run("docker", "rm", "-f", *attached.split(), check=False)
        run("docker", "network", "rm", self.network)


@pytest.fixture
def site(pool: Pool) -> Iterator[Site]:
    made = Site(pool)
    yield made
    made.destroy()


def test_closed(site: Site):
    """At once refused, however often; itself it reaches, and others; a restart opens them."""
    assert site.close(site.server, 8888) is None

    assert site.probe(site.other, site.server) == {8888: "", 9999: "ConnectionRefusedError"}
    within = sh(site.server, f"python3 -c '{PROBE}' 127.0.0.1 8888 9999").stdout
    assert json.loads(within) == {"8888": "", "9999": ""}
    sh(site.other, "python3 -m http.server 9999 >/dev/null 2>&1 &")
    until(lambda: not site.probe(site.server, site.other)[9999], 10, "answers come back")
    assert site.close(site.server, 9999) is None
    assert site.reached() == {9999}
    run("docker", "restart", "--time", "0", site.server)
    until(lambda: site.reached() == {8888, 9999}, 10, "its network is a new one")
    assert site.close(site.server, 8888) is None
    assert site.reached() == {8888}


def test_a_name_is_still_found(site: Site):
    """The engine's own answers about names come from within the container."""
    run("docker", "network", "disconnect", site.network, site.other)
    run("docker", "network", "connect", "--alias", "other", site.network, site.other)
    assert site.close(site.server, 8888) is None

    look = 'import socket; print(socket.gethostbyname("other"))'
    found = sh(site.server, f"python3 -c '{look}'").stdout.strip()

    assert found == inspect(site.other)["NetworkSettings"]["Networks"][site.network]["IPAddress"]


def test_others_containers(site: Site):
    """Only a server of this hub with a network of its own; this machine's is never touched."""
    mine = {"hubkit.hub": site.pool.project, "hubkit.user": "ada"}
    wrong = {
        "unlabelled": site.other,
        "another hub's": site.start(**{**mine, "hubkit.hub": "other"}),
        "no server": site.start(**{"hubkit.hub": site.pool.project}),
        "the machine's network": site.pool.container("--network=host", **mine),
        "another's network": site.pool.container(f"--network=container:{site.other}", **mine),
        "unknown": "4f" * 32,
    }

    found = {name: site.close(container, 8888) for name, container in wrong.items()}

    assert found == dict.fromkeys(wrong, Reason.NOT_ALLOWED)
    run("docker", "kill", site.server)
    assert site.close(site.server, 8888) is Reason.STOPPED


def test_a_waiting_one(site: Site):
    """One of the pool can be closed before anybody has come."""
    member = site.pool.member(f"--network={site.network}", command=("sh", "-c", LISTEN))
    until(lambda: not any(site.probe(site.other, member).values()), 10, "it listens")

    assert site.close(member, 8888) is None

    assert site.probe(site.other, member)[9999] == "ConnectionRefusedError"


def test_the_capability_is_needed(idle: Pool):
    """Without it nothing is closed, homes are mounted all the same, and the check says why."""
    idle.start(lacking="NET_ADMIN")

    assert asyncio.run(idle.client.closing_unsupported()) == "the mounter lacks cap_add: NET_ADMIN"
    assert idle.unsupported() == ""


def test_it_can_be_done_here(pool: Pool):
    assert asyncio.run(pool.client.closing_unsupported()) == ""
