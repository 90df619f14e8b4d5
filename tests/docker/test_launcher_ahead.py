"""Servers started ahead, which are told on their standard input whose they are."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from hubkit.spawner import injection
from tests import launched
from tests.launched import Server
from tests.support import close_connections, run, until

pytestmark = [pytest.mark.docker, pytest.mark.thorough]
KIT = "hubkit-notebook:test"
DUMP = "import json, os; print(json.dumps(dict(os.environ)))"
# What differs from start to start.
OWN = {"HOSTNAME", "JPY_PARENT_PID", "JPY_SESSION_NAME"}


@pytest.fixture
def api() -> Iterator[str]:
    with launched.hub() as address:
        yield address


class Ahead(Server):
    """A server that waits, with a line to its standard input."""

    def start(self) -> Ahead:
        words = ("docker", "start", "--attach", "--interactive", self.container)
        self.line = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(lambda: "hubkit: waiting" in self.log(), 60, "the server waits")
        return self

    def tell(self, text: str) -> None:
        self.line.stdin.write(text.encode())
        self.line.stdin.flush()

    def be(self) -> Ahead:
        """Tell it that it is ada's, as a cold one would be."""
        self.tell(json.dumps({"env": self.identity}) + "\n")
        self.wait()
        return self

    def remove(self) -> None:
        super().remove()
        self.line.communicate()


@pytest.fixture
def ahead(api: str) -> Iterator[Ahead]:
    made = Ahead(KIT, api, "--interactive")
    made.create(**{injection.WAIT: "1", "JUPYTERHUB_API_TOKEN": "stand-in"}).start()
    yield made
    close_connections()
    made.remove()


def test_it_becomes_the_server_a_cold_start_would_make(ahead: Ahead, api: str):
    cold = Server(KIT, api)
    try:
        cold.create(**cold.identity).start()
        ahead.be()
        found = [json.loads(one.kernel().printed(DUMP)) for one in (ahead, cold)]
    finally:
        cold.remove()

    of_ahead, of_cold = ({name: one[name] for name in one.keys() - OWN} for one in found)
    assert of_ahead == of_cold
    assert "starting anew" not in ahead.log()
    assert launched.TOKEN not in json.dumps(run("docker", "inspect", ahead.container).stdout)


def test_nothing_serves_before_and_nothing_after_a_restart(ahead: Ahead):
    listening = ("sh", "-c", "cat /proc/net/tcp /proc/net/tcp6")
    port = f":{8888:04X} "
    assert port not in ahead.inside(*listening)
    ahead.be()
    assert port in ahead.inside(*listening)

    run("docker", "restart", "--time", "5", ahead.container)

    until(lambda: ahead.log().count("hubkit: waiting") == 2, 60, "it waits again")
    assert port not in ahead.inside(*listening)


def test_what_is_no_identity_ends_it(ahead: Ahead):
    ahead.tell('{"env": ["JUPYTERHUB_API_TOKEN=of-ada"]}\n')

    assert ahead.line.wait(timeout=60) == 65
    assert "hubkit: the identity is not made of texts" in ahead.log()
    assert launched.TOKEN not in ahead.log()
