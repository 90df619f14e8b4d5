"""Who may use a program: asked as its edge asks, before a hub that knows three tokens."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer
from jupyterhub.httpclient import JupyterHubHTTPClient
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from hubkit.services import gate
from hubkit.services.gate.doors import Doors

ADA = {
    gate.TOKEN: "ada's server",
    gate.CLIENT: "jupyterhub-user-ada",
    gate.CALLBACK: "/user/ada/oauth_callback",
    gate.PREFIX: "/user/ada/",
    gate.SCOPES: '["access:servers!server=ada/", "access:servers!user=ada"]',
}
# Token → the scopes of whom it was given to.
TOKENS = {
    "ada's server": ["access:servers!server=ada/"],
    "ada's": ["access:servers!user=ada"],
    "the admin's": ["access:servers"],
    "bob's": ["access:servers!user=bob"],
}
VISIT = {"Sec-Fetch-Mode": "navigate"}
FETCH = {"Sec-Fetch-Mode": "cors"}
AT_HUB = {"X-Forwarded-Host": "hub"}
OWN, OTHER = "https://hub/user/ada/page", "https://hub/user/bob/page"
FOREIGN = "https://a.org/user/ada/page"
POST = {"Sec-Fetch-Mode": "navigate", gate.METHOD: "POST"}


class Hub:
    """Answers whose a token is, and gives the one that was signed in for."""

    def __init__(self):
        self.signed_in, self.asked_for = "ada's", []

    def app(self):
        app = web.Application()
        app.router.add_get("/hub/api/user", self.user)
        app.router.add_post("/hub/api/oauth2/token", self.token)
        return app

    async def user(self, request):
        token = request.headers["Authorization"].removeprefix("token ")
        if token not in TOKENS:
            return web.json_response({}, status=403)
        name = token.partition("'")[0]
        return web.json_response({"kind": "user", "name": name, "scopes": TOKENS[token]})

    async def token(self, request):
        self.asked_for.append(dict(await request.post()))
        return web.json_response({"access_token": self.signed_in})


@pytest.fixture
def hub():
    return Hub()


@pytest.fixture
async def ask(hub, monkeypatch):
    """Return a function that asks the service about a request of one browser."""
    server = HTTPServer(Doors())
    port_of, port = bind_unused_port()
    async with (
        TestServer(hub.app()) as api,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as session,
    ):
        monkeypatch.setenv("JUPYTERHUB_API_URL", str(api.make_url("/hub/api")))
        monkeypatch.setenv("JUPYTERHUB_BASE_URL", "/")
        server.add_socket(port_of)

        async def asked(path, *headers, server=ADA):
            asked_about = {} if "oauth_callback" in path else {gate.URI: path}
            kept = "; ".join(f"{one.key}={one.value}" for one in session.cookie_jar)
            given = {**AT_HUB, **asked_about, "Cookie": kept}
            given |= {name: value for one in (server, *headers) for name, value in one.items()}
            url = f"http://127.0.0.1:{port}{'/' if asked_about else path}"
            async with session.get(url, headers=given, allow_redirects=False) as answer:
                await answer.read()
                return answer

        asked.session = session
        yield asked
        await JupyterHubHTTPClient.loop_instance().close()
    server.stop()
    await server.close_all_connections()


async def signed_in(ask, path="/user/ada/x?a=b"):
    """Go the way of a browser that has no cookie yet; return where it ends."""
    sent = await ask(path, VISIT)
    assert sent.status == 302
    state = parse_qs(urlsplit(sent.headers["Location"]).query)["state"][0]
    return await ask(f"/user/ada/oauth_callback?code=1&state={state}", VISIT)


async def test_signs_in_as_with_jupyters_own_server(ask, hub):
    """The hub is asked with the server's client; then requests pass, to the address asked for."""
    sent = await ask("/user/ada/x?a=b", VISIT)
    way = urlsplit(sent.headers["Location"])
    assert way.path == "/hub/api/oauth2/authorize"
    assert parse_qs(way.query)["client_id"] == [ADA[gate.CLIENT]]
    assert parse_qs(way.query)["redirect_uri"] == [ADA[gate.CALLBACK]]

    back = await signed_in(ask)

    assert (back.status, back.headers["Location"]) == (302, "/user/ada/x?a=b")
    assert hub.asked_for[-1]["client_secret"] == ADA[gate.TOKEN]
    assert {one["path"] for one in ask.session.cookie_jar} == {"/user/ada/"}
    assert (await ask("/user/ada/x", VISIT)).status == 204


async def test_others_may_not(ask, hub):
    """Who is signed in but has no right to this server sees nothing of it."""
    hub.signed_in = "bob's"
    await signed_in(ask)

    refused = await ask("/user/ada/x", VISIT)

    assert refused.status == 403
    assert "somebody else's" in await refused.text()


@pytest.mark.parametrize(
    ("token", "status"),
    [("ada's", 204), ("the admin's", 204), ("ada's server", 204), ("bob's", 403), ("none", 302)],
)
async def test_token(ask, token, status):
    """Programs come with a token, as to every server; the hub's own look, too."""
    assert (await ask("/user/ada/", {"Authorization": f"token {token}"})).status == status


async def test_token_in_an_address(ask):
    """Only scripts that open a websocket have no other place for it."""
    websocket = {"Sec-Fetch-Mode": "websocket", "Sec-WebSocket-Key": "x"}

    assert (await ask("/user/ada/x?token=ada%27s", websocket)).status == 204
    assert (await ask("/user/ada/x?token=ada%27s", VISIT)).status == 302


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (VISIT, 204),
        ({"Sec-Fetch-Mode": "no-cors"}, 204),
        ({}, 204),
        ({**FETCH, "Referer": OWN}, 204),
        ({**FETCH, "Referer": OTHER}, 403),
        (FETCH, 403),
        ({**FETCH, "Sec-Fetch-Site": "same-origin"}, 204),
        ({**FETCH, "Sec-Fetch-Site": "same-site"}, 403),
        ({**FETCH, "Sec-Fetch-Site": "same-origin", "Referer": OTHER}, 403),
        ({"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "cross-site"}, 403),
        ({**FETCH, "Referer": FOREIGN}, 403),
        ({**POST, "Referer": OWN}, 204),
        ({**POST, "Referer": OWN, "Origin": "https://hub"}, 204),
        ({**POST, "Referer": OWN, "Origin": "null"}, 403),
        ({**POST, "Referer": OTHER}, 403),
        ({**POST, "Referer": FOREIGN}, 403),
        ({**POST, "Referer": FOREIGN, "Origin": "https://a.org"}, 403),
        (POST, 403),
        ({"Sec-WebSocket-Key": "x", "Origin": "https://hub"}, 204),
        ({"Sec-WebSocket-Key": "x"}, 204),
        ({"Sec-WebSocket-Key": "x", "Origin": "https://a.org"}, 403),
        ({"Sec-WebSocket-Key": "x", "Origin": "null"}, 403),
    ],
)
async def test_pages_of_other_servers(ask, headers, status):
    """All servers have one origin, so a browser lets pages of one ask another; this does not."""
    await signed_in(ask)

    assert (await ask("/user/ada/x", headers)).status == status


@pytest.mark.parametrize(
    "headers", [FETCH, {**VISIT, gate.METHOD: "POST"}, {"Sec-WebSocket-Key": "x"}]
)
async def test_only_visits_are_sent_to_sign_in(ask, headers):
    """A script could do nothing with that page."""
    assert (await ask("/user/ada/x", {**headers, "Referer": OWN})).status == 403


async def test_a_cookie_opens_one_server(ask):
    """What one server signed is nothing to another, were its owner to show it there."""
    await signed_in(ask)
    cookies = "; ".join(f"{one.key}={one.value}" for one in ask.session.cookie_jar)
    bobs = {name: value.replace("ada", "bob") for name, value in ADA.items()}
    shown = {"Cookie": cookies.replace("-ada=", "-bob=")}

    assert (await ask("/user/bob/", VISIT, shown, server=bobs)).status == 302


@pytest.mark.parametrize(
    "wrong",
    [
        {gate.TOKEN: ""},
        {gate.PREFIX: "/hub/"},
        {gate.SCOPES: "no"},
        {gate.SCOPES: "1"},
        {gate.TOKEN: "x" * 4096},
    ],
)
async def test_who_is_no_server(ask, wrong):
    assert (await ask("/user/ada/", server={**ADA, **wrong})).status == 400
