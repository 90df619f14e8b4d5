"""Visitors on the whole stack: edge, proxy, hub, warden, containers without a home."""

from __future__ import annotations

import json
from collections.abc import Iterator
from time import sleep

import pytest
import requests
import websocket

from tests.support import Stack, until
from tests.visits import (
    admin,
    asked,
    container_of,
    ended,
    opened,
    tagged,
    traces,
    visitors,
    waiting,
)

pytestmark = pytest.mark.docker

ORIGIN = "https://book.example.org"
LAB, OTHER = "hubkit-notebook:test", "hubkit-visitors:test"


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    settings = {
        "TEMPORARY_CAPACITY": "3",
        "TEMPORARY_IMAGE": f"{LAB},{OTHER}",
        "TEMPORARY_MEM_LIMIT": "512M",
        "TEMPORARY_MAX_AGE": "590",  # ten minutes before the end a line is shown
        "CORS_ORIGINS": ORIGIN,
    }
    folder = tmp_path_factory.mktemp("stack")
    with tagged(LAB, OTHER), opened(folder, **settings) as made:
        yield made


@pytest.fixture
def stack(temporary: Stack) -> Iterator[Stack]:
    yield temporary
    for name in visitors(temporary):
        until(lambda name=name: ended(temporary, name), 60, f"{name} is gone")


def test_visit(stack: Stack):
    """The address of the hub ends, by redirects only, at a JupyterLab that runs."""
    with requests.Session() as browser:
        browser.trust_env, browser.verify = False, str(stack.certificate)
        page = browser.get(f"{stack.url}/lab/tree/x.ipynb?a=b", timeout=120)
        steps = page.history
        while "/hub/spawn-pending/" in page.url:  # a slow start; the page asks again by itself
            assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page.text
            sleep(2)
            page = browser.get(page.url, timeout=120)
        again = browser.get(stack.url, timeout=120)

    assert page.status_code == 200
    assert all(step.status_code in {302, 303} for step in steps)
    assert len(steps) < 20
    assert "/lab/tree/x.ipynb" in page.url
    assert "a=b" in page.url
    assert "JupyterLab" in page.text
    assert "This temporary server ends in" in page.text
    [name] = visitors(stack)
    assert f"/user/{name}/" in again.url


@pytest.mark.parametrize(("word", "image"), [("", LAB), ("hubkit-visitors", OTHER)])
def test_warm(stack: Stack, word: str, image: str):
    """A visitor gets what waited for one, with the image they ask for."""
    before = until(lambda: waiting(stack, image), 120, f"{image} waits")

    assert asked(stack, "POST", "/api/spawn", json={"image": word} if word else {}).ok

    [name] = visitors(stack)
    mine = container_of(stack, name)
    assert mine["Id"] in before.values()
    assert mine["Config"]["Image"] == image


def test_no_home_and_no_trace(stack: Stack):
    """A visitor has no volume, limits of their own, and leaves nothing."""
    before = traces(stack)
    handed = asked(stack, "POST", "/api/spawn").json()
    [name] = visitors(stack)

    container = container_of(stack, name)
    assert container["Mounts"] == []
    assert container["HostConfig"]["Memory"] == 512 * 2**20
    assert traces(stack)["volumes"] == before["volumes"]
    headers = {"Authorization": f"token {handed['token']}"}
    text = {"type": "file", "format": "text", "content": "1"}
    path = f"/user/{name}/api/contents/written.txt"
    assert asked(stack, "PUT", path, headers=headers, json=text).status_code == 201

    until(lambda: ended(stack, name), 60, "the visit is over")

    assert traces(stack) == before
    assert asked(stack, "GET", path, headers=headers).status_code in {403, 424}


def test_a_page_elsewhere(stack: Stack):
    """As thebe does: the stream, then a kernel that computes, all from another origin."""
    origin = {"Origin": ORIGIN}
    stream = asked(stack, "GET", "/build/gh/org/repo/main", headers=origin)
    assert stream.headers["Access-Control-Allow-Origin"] == ORIGIN
    last = [line for line in stream.text.splitlines() if line.startswith("data: ")][-1]
    ready = json.loads(last[6:])
    assert ready["phase"] == "ready", ready
    base = ready["url"].removeprefix(stack.url)

    wanted = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    preflight = asked(stack, "OPTIONS", f"{base}api/kernels", headers={**origin, **wanted})
    assert preflight.ok, preflight.text
    assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
    headers = {**origin, "Authorization": f"token {ready['token']}"}
    kernel = asked(stack, "POST", f"{base}api/kernels", headers=headers, json={})
    assert kernel.status_code == 201, kernel.text
    assert kernel.headers["Access-Control-Allow-Origin"] == ORIGIN
    refused = asked(stack, "POST", f"{base}api/kernels", headers=origin, json={})
    assert refused.status_code == 403
    assert refused.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert computed(stack, base, kernel.json()["id"], ready["token"], "6*7") == "42"
    [name] = visitors(stack)
    until(lambda: ended(stack, name), 60, "the visit is over")
    preflight = asked(stack, "OPTIONS", f"{base}api/kernels", headers={**origin, **wanted})
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Headers"] == "authorization"
    gone = asked(stack, "GET", f"{base}api/kernels", headers=headers)
    assert gone.status_code in {403, 424}
    assert gone.headers["Access-Control-Allow-Origin"] == ORIGIN
    stranger = {**headers, **wanted, "Origin": "https://book-example.org"}
    for method in ("GET", "OPTIONS"):
        refused = asked(stack, method, f"{base}api/kernels", headers=stranger)
        assert "Access-Control-Allow-Origin" not in refused.headers


def computed(stack: Stack, base: str, kernel: str, token: str, code: str) -> str:
    """Return what *code* is, asked over a websocket as a page of `ORIGIN` would."""
    host = stack.url.replace("https", "wss")
    address = f"{host}{base}api/kernels/{kernel}/channels?token={token}"
    options = {"sslopt": {"ca_certs": str(stack.certificate)}, "origin": ORIGIN, "timeout": 60}
    connection = websocket.create_connection(
        address, header=["Sec-Fetch-Mode: websocket"], http_no_proxy=["*"], **options
    )
    header = {
        "msg_id": "1",
        "session": "s",
        "username": "",
        "msg_type": "execute_request",
        "version": "5.3",
    }
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
    try:
        connection.send(json.dumps({**message, "channel": "shell"}))
        while True:
            told = json.loads(connection.recv())
            if told["msg_type"] == "execute_result":
                return str(told["content"]["data"]["text/plain"])
    finally:
        connection.close()


def test_full(stack: Stack):
    """More than there may be are told so by the edge, whoever they say they are."""
    for _ in range(3):
        assert asked(stack, "POST", "/api/spawn").status_code == 200

    forged = {"X-Forwarded-For": "203.0.113.9"}
    page = asked(stack, "GET", "/", headers={"Accept": "text/html"})
    answer = asked(stack, "POST", "/api/spawn", headers=forged)

    assert (page.status_code, answer.status_code) == (503, 503)
    assert page.headers["Retry-After"]
    assert answer.json()["status"] == "full"
    addresses = {one["address"] for one in admin(stack, "GET", "/api/visitors").json()["visitors"]}
    assert "203.0.113.9" not in addresses
    assert "" not in addresses
