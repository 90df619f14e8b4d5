"""Each server's own door: who comes signs in as with JupyterHub's own server, and may pass or not.

A request is asked about with GET, its address and method are in headers. 204 lets it pass;
any other answer is the visitor's: the way to the sign-in, a refusal.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler, HubOAuthenticated
from tornado.escape import parse_qs_bytes
from tornado.httputil import HTTPServerRequest
from tornado.routing import Router
from tornado.web import Application, HTTPError, RequestHandler

from hubkit.services import gate

MOST_DOORS = 4096  # remembered; a server whose door was forgotten gets it anew
LONGEST = 2048  # characters of one of the headers by which a server says who it is
WEBSOCKET = "Sec-WebSocket-Key"
OWN_SITE = "same-origin"
READING = {"GET", "HEAD", "OPTIONS"}
# How browsers ask for what a page of another server could not read: Fetch, section 2.2.5.
HARMLESS = {"", "navigate", "no-cors"}
REFUSED = "This is somebody else's server, or you are signed in no longer."
UNKNOWN = "The hub cannot say who you are. Please open the server's page again."

log = logging.getLogger("hubkit.gate")


@dataclass(frozen=True)
class Server:
    """What JupyterHub told a server about itself.

    Attributes:
        token: Its own, with which it asks the hub.
        client: Its id as an OAuth client.
        callback: Where the hub sends back who has signed in.
        prefix: Its path, with a slash at both ends.
        scopes: Those of which a visitor needs one.
    """

    token: str
    client: str
    callback: str
    prefix: str
    scopes: frozenset[str]

    @classmethod
    def of(cls, request: HTTPServerRequest) -> Server:
        """Return who is asking.

        Raises:
            ValueError: It does not say so.
        """
        names = gate.TOKEN, gate.CLIENT, gate.CALLBACK, gate.PREFIX, gate.SCOPES
        token, client, callback, prefix, scopes = (request.headers.get(one, "") for one in names)
        if not all((token, client, callback)) or not prefix.startswith("/user/"):
            raise ValueError("no server")
        if max(map(len, (token, client, callback, prefix, scopes))) > LONGEST:
            raise ValueError("no server has so long a name")
        return cls(token, client, callback, prefix, frozenset(map(str, json.loads(scopes))))


class Doors(Router):
    """Finds a server's door by what the server says of itself."""

    def __init__(self) -> None:
        self._door = functools.lru_cache(MOST_DOORS)(_door)
        self._nobodys = Application([(".*", Nobody)], log_function=_no_log)

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        """Return what answers *request*, which is asked about at its own address."""
        if uri := request.headers.get(gate.URI):
            request.uri = uri
            request.path, _, request.query = uri.partition("?")
            request.arguments = parse_qs_bytes(request.query, keep_blank_values=True)
            request.query_arguments = dict(request.arguments)
        try:
            door = self._door(Server.of(request))
        except (ValueError, TypeError):  # no JSON, or no list
            door = self._nobodys
        return door.find_handler(request, **kwargs)


def _door(server: Server) -> Application:
    hub = HubOAuth(
        api_token=server.token,
        oauth_client_id=server.client,
        oauth_redirect_uri=server.callback,
        base_url=server.prefix,
        access_scopes=set(server.scopes),
    )
    return Application(
        [
            (f"{re.escape(server.prefix)}oauth_callback", Callback, {"hub": hub}),
            (".*", Question, {"hub": hub}),
        ],
        # The same after a restart of this service: whoever is in stays in.
        cookie_secret=hashlib.sha256(f"gate:{server.token}".encode()).hexdigest(),
        log_function=_no_log,
    )


class Quiet(RequestHandler):
    """Logs mistakes of this program, and no address: tokens are in some."""

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what is no answer."""
        if not isinstance(value, HTTPError):
            log.error("not answered", exc_info=(typ, value, tb))

    def write_error(self, status_code: int, **_: Any) -> None:
        """Say what a person can do about it."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        refused = status_code == HTTPStatus.FORBIDDEN
        self.finish(REFUSED if refused else UNKNOWN)


class Callback(Quiet, HubOAuthCallbackHandler):
    """Ends a sign-in."""

    def initialize(self, hub: HubOAuth) -> None:
        """Use this server's client."""
        self.hub_auth = hub

    async def prepare(self) -> None:
        """Find out who comes now: JupyterHub's handler would hold up all others for it."""
        self._hub_auth_user_cache = await self.hub_auth.get_user(self, sync=False)


class Question(HubOAuthenticated, Quiet):
    """May this request pass?"""

    def initialize(self, hub: HubOAuth) -> None:
        """Use this server's client."""
        self.hub_auth = hub

    def check_xsrf_cookie(self) -> None:
        """Ask for no token, which the program's pages do not have: `_is_foreign` is asked."""

    async def get(self) -> None:
        """Let the request pass, or answer in the program's place."""
        user = await self.hub_auth.get_user(self, sync=False)
        by_token = getattr(self, "_token_authenticated", False)
        if not by_token and self._is_foreign():
            raise HTTPError(HTTPStatus.FORBIDDEN, "another server's page asks")
        if user is None:
            self._ask_to_sign_in()
        elif not self.hub_auth.check_scopes(self.hub_scopes, user):
            raise HTTPError(HTTPStatus.FORBIDDEN, f"{user['name']} may not")
        else:
            self.set_status(HTTPStatus.NO_CONTENT)

    def _is_visit(self) -> bool:
        headers = self.request.headers
        mode = headers.get("Sec-Fetch-Mode", "navigate")
        reads = headers.get(gate.METHOD, "GET") == "GET" and WEBSOCKET not in headers
        return mode == "navigate" and reads

    def _ask_to_sign_in(self) -> None:
        if not self._is_visit():
            raise HTTPError(HTTPStatus.FORBIDDEN, "nobody is signed in")
        self.redirect(self.get_login_url())

    def _is_foreign(self) -> bool:
        """Return whether a page of another site, or of another server of this hub, asks.

        All servers have one origin. What a browser says of the page it acts for is all there
        is to tell them apart.
        """
        headers = self.request.headers
        here = headers.get("X-Forwarded-Host") or headers.get("Host", "")
        origin = headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != here:
            return True
        if WEBSOCKET in headers:
            return False
        mode = headers.get("Sec-Fetch-Mode", "")
        if headers.get(gate.METHOD, "GET") in READING and mode in HARMLESS:
            site = headers.get("Sec-Fetch-Site", OWN_SITE)
            return bool(mode == "no-cors" and site != OWN_SITE)
        if "Referer" not in headers:
            return bool(headers.get("Sec-Fetch-Site") != OWN_SITE)
        page = urlsplit(headers["Referer"])
        own: bool = page.netloc == here and page.path.startswith(self.hub_auth.base_url)
        return not own


class Nobody(Quiet):
    """Answers whoever is no server."""

    def prepare(self) -> NoReturn:
        """Refuse."""
        raise HTTPError(HTTPStatus.BAD_REQUEST)


def _no_log(_handler: RequestHandler) -> None:
    """Addresses hold tokens; the edge logs what is worth it."""
