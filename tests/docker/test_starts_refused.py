"""Starts that fail, and servers that die: each says why, and leaves nothing."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from tests.hubprocess import HubProcess
from tests.remote import User
from tests.support import run, until

pytestmark = pytest.mark.docker


def containers(hub: HubProcess, user: User) -> list[str]:
    """Return the ids of all containers of *user*."""
    mine = (
        "--filter",
        f"label=hubkit.user={user.name}",
        "--filter",
        f"label=hubkit.hub={hub.project}",
    )
    return run("docker", "ps", "-aq", *mine).stdout.split()


def failed(said: str) -> dict[str, str]:
    """Return the last event of a progress stream that failed."""
    events = [json.loads(line) for line in re.findall(r"data: (.*)", said)]
    assert events[-1]["failed"], said
    return events[-1]


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        pytest.param("exits", "exit code 3", id="exits at once"),
        pytest.param("deaf", "nothing listens on port 8888", id="port never opened"),
        pytest.param("greedy", "ran out of memory: its limit is 300 MiB", id="out of memory"),
        pytest.param("missing", "hubkit-testserver:missing", id="no such image"),
        pytest.param("bare", "has no command jupyterhub-singleuser", id="not a server"),
    ],
)
def test_a_failed_start_says_why(hub: HubProcess, mode: str, sentence: str):
    """On the user's page, in the hub's log and on record; nothing is left of it."""
    user = User(hub, f"fails-{mode}")

    event = failed(user.ask_to_start(image=mode))

    assert sentence in event["message"]
    assert sentence in unescape(event["html_message"])
    assert sentence in hub.log()
    assert sentence in hub.why(user.name)
    assert containers(hub, user) == []
    assert not user.servers()


def test_the_last_lines_are_shown(hub: HubProcess):
    """The last twenty lines of the server's log, without its token."""
    user = User(hub, "lines")

    event = failed(user.ask_to_start(image="exits"))

    assert "line 29" in event["html_message"]
    assert "line 11\n" in event["html_message"]
    assert "line 10\n" not in event["html_message"]
    assert "line 29" in hub.why("lines")
    for said in (event["html_message"], hub.why("lines")):
        assert re.findall(r"token in a log: ([^\s<]+)", said) == ["(hidden)"]


@pytest.mark.thorough
def test_a_start_after_a_failed_one(hub: HubProcess):
    """Works, and the failure is history."""
    user = User(hub, "again")
    failed(user.ask_to_start(image="exits"))

    user.start(image="usual")

    assert user.ask("GET", "").status_code == 200
    assert "exit code 3" not in user.home_page()
    user.stop()


def test_a_cancelled_start_leaves_nothing(hub: HubProcess):
    """Whoever stops a server that is just starting has no container afterwards."""
    user = User(hub, "cancels")
    hub.api("POST", user.server, json={"image": "deaf"})
    until(lambda: containers(hub, user), 30, "the container is there")

    hub.api("DELETE", user.server)

    until(lambda: containers(hub, user) == [] and not user.servers(), 30, "nothing is left")
    user.start(image="usual").stop()


def test_a_server_out_of_memory(hub: HubProcess):
    """The page says so, with the limit; the server counts as stopped, its home is there."""
    user = User(hub, "glutton").start(image="usual")

    with pytest.raises(Exception, match=r"aborted|reset|Remote"):
        user.ask("GET", "devour")

    until(lambda: not user.servers(), 30, "the hub has noticed")
    assert "ran out of memory: its limit is 300 MiB" in unescape(user.home_page())
    assert "its limit is 300 MiB" in hub.why("glutton")
    assert containers(hub, user) == []
    user.start(image="usual").stop()


def test_a_server_somebody_ended_is_no_failure(hub: HubProcess):
    """JupyterLab's Shut Down ends a server without an error: nothing to explain."""
    user = User(hub, "shutsdown").start(image="usual")

    run("docker", "kill", "--signal", "TERM", user.container)

    until(lambda: not user.servers(), 30, "the hub has noticed")
    assert containers(hub, user) == []
    assert "no failure" in hub.why("shutsdown").lower()
