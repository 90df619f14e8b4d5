"""Visitors on the whole stack, again and again: nothing is left, and nothing is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.hubprocess import build_modes, mode_image
from tests.support import Stack, run, until
from tests.visits import admin, asked, ended, opened, traces, visitors, waiting

pytestmark = [pytest.mark.docker, pytest.mark.thorough]

CAPACITY, ROUNDS = 10, 10
LAB = "hubkit-notebook:test"
TINY = {"image": "hubkit-testserver"}  # in the pool there is none: each is made and removed


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    build_modes()
    settings = {
        "TEMPORARY_CAPACITY": str(CAPACITY),
        "TEMPORARY_PER_ADDRESS": "0",
        "TEMPORARY_IMAGE": f"{LAB},{mode_image('usual')}",
        "TEMPORARY_MEM_LIMIT": "512M",
    }
    with opened(tmp_path_factory.mktemp("stack"), **settings) as made:
        yield made


@pytest.fixture
def stack(temporary: Stack) -> Iterator[Stack]:
    yield temporary
    empty(temporary)


def empty(stack: Stack) -> None:
    """End all visits."""
    names = visitors(stack)
    with ThreadPoolExecutor(CAPACITY) as threads:
        list(threads.map(lambda name: until(lambda: ended(stack, name), 60, name), names))


def test_a_hundred_visits(stack: Stack):
    """A hundred visits that ended leave no container, volume, network, user, token or route."""
    before = {**traces(stack), **remembered(stack)}

    for _ in range(ROUNDS):
        with ThreadPoolExecutor(CAPACITY) as threads:
            answers = list(
                threads.map(
                    lambda _: asked(stack, "POST", "/api/spawn", json=TINY), range(CAPACITY)
                )
            )
        assert [one.status_code for one in answers] == [200] * CAPACITY
        assert len({one.json()["url"] for one in answers}) == CAPACITY
        empty(stack)

    assert {**traces(stack), **remembered(stack)} == before


REMEMBERED = """
import json, sqlite3, urllib.request
hub = sqlite3.connect("/data/jupyterhub.sqlite")
tables = ("users", "spawners", "servers", "api_tokens", "oauth_clients", "oauth_codes")
found = {one: hub.execute(f"SELECT count(*) FROM {one}").fetchone()[0] for one in tables}
token = open("/run/hubkit/hub/proxy-token").read().strip()
asked = urllib.request.Request("http://proxy-api:8001/api/routes")
asked.add_header("Authorization", f"token {token}")
found["routes"] = len(json.load(urllib.request.urlopen(asked)))
print(json.dumps(found))
"""


def remembered(stack: Stack) -> dict[str, Any]:
    """Return how much hub and proxy remember, and the networks there are."""
    said = stack.compose("exec", "-T", "jupyterhub", "python3", "-c", REMEMBERED).stdout
    networks = run("docker", "network", "ls", "--format", "{{.Name}}").stdout.split()
    mine = sorted(name for name in networks if name.startswith(stack.project))
    return {"remembered": said, "networks": mine}


def test_drain(stack: Stack):
    """What waits is replaced, the new one before the old one goes; a visit goes on."""
    handed = asked(stack, "POST", "/api/spawn").json()
    before = until(lambda: waiting(stack, LAB).keys(), 120, "one waits")

    answer = admin(stack, "DELETE", "/api/pool?image=hubkit-notebook")

    assert (answer.status_code, answer.json()) == (200, {"drained": len(before)})

    def replaced() -> bool:
        now = waiting(stack, LAB).keys()
        assert now, "nothing waits"
        return not now & before

    until(replaced, 120, "others wait")
    headers = {"Authorization": f"token {handed['token']}"}
    page = handed["url"].removeprefix(stack.url)
    assert asked(stack, "GET", f"{page}api/contents", headers=headers).status_code == 200


def test_the_hub_is_killed_and_the_proxy_restarted(stack: Stack):
    """A visit outlives both, with its files, and is still ended as any other."""
    handed = asked(stack, "POST", "/api/spawn").json()
    headers = {"Authorization": f"token {handed['token']}"}
    page = f"{handed['url'].removeprefix(stack.url)}api/contents/kept.txt"
    text = {"type": "file", "format": "text", "content": "still here"}
    assert asked(stack, "PUT", page, headers=headers, json=text).status_code == 201
    before = visitors(stack)

    run("docker", "kill", stack.project)
    assert kept(stack, page, headers)
    stack.compose("up", "-d")
    until(lambda: asked(stack, "GET", "/api/stats").status_code == 200, 90, "the service")
    assert visitors(stack) == before
    stack.compose("restart", "proxy")

    until(lambda: kept(stack, page, headers), 90, "its route is back")
    until(lambda: asked(stack, "GET", "/api/stats").status_code == 200, 90, "the service's too")
    empty(stack)
    assert visitors(stack) == []
    assert traces(stack)["containers"] == []


def kept(stack: Stack, page: str, headers: dict[str, str]) -> bool:
    answer = asked(stack, "GET", page, headers=headers)
    return answer.status_code == 200 and answer.json()["content"] == "still here"
