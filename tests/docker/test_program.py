"""A program in Jupyter's place, which knows no sign-in, on the whole stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from time import sleep

import pytest
import requests
import websocket

from tests.support import Stack, run, until
from tests.visits import asked, ended, opened, visitors

pytestmark = pytest.mark.docker

IMAGE = "hubkit-test-program"
COMMAND = "cd / && python3 -u /program.py {port} {base_path} {ip} 'it is {token}'"
PAGE = "https://page.example.org"
# What somebody's program can try from within a container on the same network.
TRY = """
import socket, sys
for port in map(int, sys.argv[2:]):
    with socket.socket() as tried:
        tried.settimeout(2)
        print(port, tried.connect_ex((sys.argv[1], port)) == 0)
"""

END = """
import os, pathlib, signal
for words in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    if b"/program" b".py" in words.read_bytes():
        os.kill(int(words.parent.name), signal.SIGTERM)
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    run("docker", "build", "--tag", IMAGE, "tests/parts/program")
    settings = {"DOCKER_NOTEBOOK_IMAGE": IMAGE, "SERVER_COMMAND": COMMAND, "FRAME_ANCESTORS": PAGE}
    with opened(tmp_path_factory.mktemp("stack"), **settings) as made:
        yield made


class Browser(requests.Session):
    """A visitor's, with the cookies of their own."""

    def __init__(self, stack: Stack):
        super().__init__()
        self.trust_env, self.verify, self.hub = False, str(stack.certificate), stack.url

    def visit(self) -> str:
        """Come to the hub's address; return that of the server."""
        page = self.get(self.hub, timeout=120)
        while "/hub/spawn-pending/" in page.url:
            sleep(1)
            page = self.get(page.url, timeout=120)
        assert page.json()["method"] == "GET", page.text[:300]
        return page.url


@pytest.fixture
def browser(stack: Stack) -> Iterator[Browser]:
    with Browser(stack) as made:
        yield made
    for name in visitors(stack):
        until(lambda name=name: ended(stack, name), 60, f"{name} is gone")


@pytest.fixture
def ada(browser: Browser) -> str:
    """Return the address of a visitor's server; `browser` is theirs."""
    return browser.visit()


def container(stack: Stack, name: str) -> str:
    words = ("--filter", f"label=hubkit.user={name}", "--format", "{{.Names}}")
    return run("docker", "ps", *words).stdout.strip()


def test_a_visit(stack: Stack, browser: Browser, ada: str):
    """The program is told where it is, sees whole paths, and who asks comes through the edge."""
    base = ada.removeprefix(stack.url)
    seen = browser.post(f"{ada}a%20b?c=d", data="x" * 10**6, headers={"Referer": ada}).json()

    assert (seen["method"], seen["path"], len(seen["sent"])) == ("POST", f"{base}a%20b?c=d", 10**6)
    told_base, ip, words = seen["told"]
    assert (told_base, ip) == (base, "127.0.0.1")
    assert words == f"it is {seen['headers']['Authorization'].removeprefix('token ')}"
    assert len(words) > 30
    assert seen["headers"]["X-Forwarded-Proto"].startswith("https")
    shown = browser.get(ada).headers
    assert shown["Content-Security-Policy"] == f"frame-ancestors 'self' {PAGE}"
    uploaded = browser.post(ada, files={"a": b"1" * 10**6}, headers={"Referer": ada}).json()
    assert uploaded["headers"]["Content-Type"].startswith("multipart/form-data; boundary=")
    assert len(uploaded["sent"]) > 10**6


def test_without_the_last_slash(browser: Browser, ada: str):
    """Where cookies are not sent to; the query stays."""
    found = browser.get(f"{ada.rstrip('/')}?a=b")

    assert found.url == f"{ada}?a=b"
    assert found.json()["method"] == "GET"


def test_a_stop_waits_for_the_program(stack: Stack, ada: str):
    """Whatever its shell does: it can save what it has."""
    name = container(stack, ada.split("/")[-2])

    run("docker", "stop", name)

    assert "ended in order" in run("docker", "logs", name).stdout


def test_a_path_is_a_path(stack: Stack, browser: Browser, ada: str):
    """Not a way to read the container's environment, on the way to the sign-in or past it."""
    path = ada.removeprefix(stack.url) + "%7Benv.PATH%7D%3Fx"

    assert browser.get(f"{stack.url}{path}?c=%7Benv.PATH%7D").json()["path"] == (
        f"{path}?c=%7Benv.PATH%7D"
    )
    for one in [one for one in browser.cookies if one.path.startswith("/user/")]:
        browser.cookies.clear(one.domain, one.path, one.name)
    signed_in_again = browser.get(f"{stack.url}{path}?c=%7Benv.PATH%7D")
    assert "/hub/api/oauth2/authorize" in "".join(step.url for step in signed_in_again.history)
    assert signed_in_again.json()["path"] == f"{path}?c=%7Benv.PATH%7D"


def test_a_websocket(stack: Stack, browser: Browser, ada: str):
    """It passes, for whoever may; pages of other sites may not."""
    address = ada.replace("https:", "wss:") + "live"
    cookies = "; ".join(f"{one.name}={one.value}" for one in browser.cookies)
    how = {"sslopt": {"ca_certs": str(stack.certificate)}, "cookie": cookies, "timeout": 20}

    live = websocket.create_connection(address, origin=stack.url, **how)
    live.send("hello")
    assert live.recv() == "hello"
    live.close()
    for wrong in ({"origin": PAGE}, {"origin": stack.url, "cookie": ""}):
        with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
            websocket.create_connection(address, **how | wrong)


def test_only_its_visitor(stack: Stack, browser: Browser, ada: str):
    """Neither a stranger nor another visitor gets past the sign-in, by path or by network."""
    name = ada.split("/")[-2]
    with Browser(stack) as other:
        elsewhere = other.visit()
        assert elsewhere != ada
        refused = other.get(ada, headers={"Sec-Fetch-Mode": "navigate"})
        assert refused.status_code == 403
        assert '"told"' not in refused.text
        assert other.post(ada, headers={"Referer": elsewhere}).status_code == 403
        theirs = container(stack, elsewhere.split("/")[-2])
    stranger = requests.get(ada, verify=str(stack.certificate), allow_redirects=False, timeout=30)
    assert stranger.status_code == 302
    assert stranger.headers["Location"].startswith(f"{stack.url}/hub/api/oauth2/authorize?")

    [network] = stack.inspect(container(stack, name))["NetworkSettings"]["Networks"].values()
    words = ("python3", "-c", TRY, network["IPAddress"], "8888", "8889")
    tried = run("docker", "exec", theirs, *words).stdout.splitlines()
    assert tried == ["8888 True", "8889 False"]
    assert browser.get(ada).status_code == 200


def test_by_token(stack: Stack):
    """A program gets address and token, as for any server."""
    made = asked(stack, "POST", "/api/spawn")
    assert made.status_code == 200, made.text
    url, token = made.json()["url"], made.json()["token"]

    path = url.removeprefix(stack.url)
    with_it = asked(stack, "GET", path, headers={"Authorization": f"token {token}"})
    without = asked(stack, "GET", path, headers={"Sec-Fetch-Mode": "cors"})

    assert with_it.json()["method"] == "GET"
    assert without.status_code == 403
    for name in visitors(stack):
        until(lambda name=name: ended(stack, name), 60, f"{name} is gone")


def test_its_word_is_in_its_container_only(stack: Stack, browser: Browser, ada: str):
    """What the engine shows of a container has no token of the program's."""
    word = browser.get(ada).json()["headers"]["Authorization"].removeprefix("token ")

    assert word not in json.dumps(stack.inspect(container(stack, ada.split("/")[-2])))


def test_the_hub_is_restarted(stack: Stack, browser: Browser, ada: str):
    """Who is in stays in; scripts of an open page could not go to the sign-in again."""
    stack.compose("restart", "jupyterhub")
    stack.wait()

    headers = {"Sec-Fetch-Mode": "cors", "Referer": ada}
    again = until(
        lambda: (found := browser.get(f"{ada}x", headers=headers)).status_code == 200 and found,
        60,
        "the service is back",
    )
    assert again.json()["path"].endswith("/x")
    until(lambda: asked(stack, "GET", "/api/stats").status_code == 200, 60, "all services are")


def test_a_program_that_ends(stack: Stack, browser: Browser, ada: str):
    """Its container ends with it: the hub sees the server as stopped."""
    name = container(stack, ada.split("/")[-2])

    run("docker", "exec", name, "python3", "-c", END, check=False)  # ends with it

    ended_by_itself(name)


def test_its_edge_ends(stack: Stack, browser: Browser, ada: str):
    """Nobody could come any more: the server ends, instead of running unseen."""
    name = container(stack, ada.split("/")[-2])

    edge = END.replace('/program" b".py', 'caddy" b"\\0run')
    run("docker", "exec", name, "python3", "-c", edge, check=False)

    ended_by_itself(name)


def test_started_behind_the_hubs_back(stack: Stack, browser: Browser, ada: str):
    """Its ports are open then; so it does not run."""
    name = container(stack, ada.split("/")[-2])

    run("docker", "restart", name)

    ended_by_itself(name)


@pytest.mark.thorough
def test_a_program_that_knows_no_path(stack: Stack):
    """It sees paths without its server's, and where it leads to is below that."""
    change(stack, "python3 -m http.server {port} --bind {ip} --directory /etc")
    try:
        with Browser(stack) as browser:
            page = browser.get(stack.url, timeout=120)
            while "/hub/spawn-pending/" in page.url:
                sleep(1)
                page = browser.get(page.url, timeout=120)
            assert "Directory listing for /<" in page.text
            below = browser.get(f"{page.url}apt")
            assert below.url == f"{page.url}apt/"
            assert "Directory listing for /apt/<" in below.text
    finally:
        for name in visitors(stack):
            until(lambda name=name: ended(stack, name), 60, f"{name} is gone")
        change(stack, COMMAND)


def change(stack: Stack, command: str) -> None:
    """Let servers run *command* from now on."""
    stack.apply(SERVER_COMMAND=command)
    # A proxy that started after the hub gets the service's routes within half a minute.
    until(lambda: asked(stack, "GET", "/api/stats").status_code == 200, 60, "the service")


def ended_by_itself(name: str) -> None:
    """Wait until the container *name* runs no longer; the hub may have removed it already."""
    until(lambda: not run("docker", "ps", "-q", "--filter", f"name={name}").stdout, 20, "it ended")
