"""The pages by which visitors without an account come in, and what the service asks the hub."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from jupyterhub.apihandlers import APIHandler
from jupyterhub.handlers import BaseHandler
from jupyterhub.handlers.base import UserUrlHandler
from jupyterhub.handlers.pages import SpawnHandler
from tmpauthenticator import TmpAuthenticateHandler
from tornado.web import HTTPError

from hubkit.auth.answers import Refused
from hubkit.auth.ledger import ADDRESS, FULL, NoRoom
from hubkit.visitors import PREFIX, is_visitor

STATUS = {FULL: 503, ADDRESS: 429}
SAID = {
    FULL: "All places for visitors are taken. A place becomes free as soon as somebody leaves.",
    ADDRESS: "There are as many visitors from your address as there may be.",
}
API_ONLY = "This hub hands out servers to programs only, at /api/spawn."
NO_PAGE = "A server is opened by going to its page, not by a request in the background."
DAY = 86400  # seconds
SCOPE = "custom:visitors"


def no_room(full: NoRoom) -> Refused:
    """Return what a visitor reads for whom there is no room."""
    return Refused(STATUS[full.why], SAID[full.why], full.wait)


def wants_page(handler: Any) -> bool:
    """Return whether a person waits for a page, and no script for data.

    A tab that was left open asks for its culled server again and again; none of these
    requests may take a new one.
    """
    headers = handler.request.headers
    mode = headers.get("Sec-Fetch-Mode", "navigate")
    purpose = headers.get("Sec-Purpose", "") + headers.get("Purpose", "")
    accepts = headers.get("Accept", "*/*")
    html = "text/html" in accepts or "*/*" in accepts
    return mode == "navigate" and html and "prefetch" not in purpose


class Arrive(TmpAuthenticateHandler):
    """The door: a fresh visitor whose server runs, or the one this browser is already."""

    async def get(self) -> None:
        """Lead to the visitor's server."""
        if not wants_page(self):
            raise Refused(403, NO_PAGE)
        user = self.current_user
        options = self._options()
        if user is None:
            user = await self._arrived(options)
            if user is None:
                return
        target = self._validate_next_url(self.get_argument("next", default=""))
        if not is_visitor(user.name):
            self.redirect(target or self.hub.base_url)
            return
        spawner = user.spawner
        if not spawner.active:
            await self.spawn_single_user(user, options=options)
        if spawner.ready:
            self.authenticator.ledger.is_ready(user.name)
            self.redirect(target or user.url)
            return
        waiting = f"{self.hub.base_url}spawn-pending/{user.escaped_name}"
        # Through here again, which notes the hand-out.
        door = f"{self.request.path}?{urlencode({'next': target or user.url})}"
        self.redirect(f"{waiting}?{urlencode({'next': door})}")

    def _options(self) -> dict[str, str]:
        """Return what the address asks for, as JupyterHub's start does.

        Raises:
            Refused: There is no such image.
        """
        image = self.get_argument("image", "")
        self.authenticator.require_known(image)
        return {"image": image} if image else {}

    async def _arrived(self, options: dict[str, str]) -> Any:
        """Return a fresh visitor who is signed in; None where the answer is why not."""
        if self.authenticator.api_only:
            raise Refused(403, API_ONLY)
        if self._to_anothers():
            self.set_status(404)
            self.finish(await self.render_template("gone.html", fresh=self.request.path))
            return None
        try:
            user = await self.login_user(options)
        except Refused as refused:
            await self._wait(refused)
            return None
        self.set_hub_cookie(user)
        return user

    def _to_anothers(self) -> bool:
        """Return whether a running server sent here somebody whose it cannot be."""
        url = urlsplit(self.get_argument("next", default=""))
        client = parse_qs(url.query).get("client_id", [""])[0]
        asks = url.path == f"{self.hub.base_url}api/oauth2/authorize"
        return bool(asks) and client.startswith(f"jupyterhub-user-{PREFIX}")

    async def _wait(self, refused: Refused) -> None:
        wait = int(refused.headers["Retry-After"])
        self.set_status(refused.status_code)
        self.set_header("Retry-After", str(wait))
        self.set_header("Cache-Control", "no-store")
        shown = {"message": refused.get_message(), "wait": wait}
        self.finish(await self.render_template("full.html", **shown))


class ToDocument(BaseHandler):
    """Leads to a document in the server of whoever asks."""

    def open(self, document: str) -> None:
        """Lead to *document*, a path with its query below a server's own address."""
        user, here = self.current_user, f"{self.hub.base_url}{document}"
        if user is None:
            self.redirect(f"{self.settings['login_url']}?{urlencode({'next': here})}")
            return
        there = f"{user.url.rstrip('/')}/{document}"
        if user.spawner.ready:
            self.redirect(there)
            return
        start = f"{self.hub.base_url}spawn/{user.escaped_name}"
        self.redirect(f"{start}?{urlencode({'next': there})}")


class DeepLink(ToDocument):
    """`/lab/tree/x.ipynb` and its like."""

    def get(self, *_: str) -> None:
        """Lead to the document, by way of the sign-in and of a start where needed."""
        self.open(self.request.uri[len(self.hub.base_url) :])


class SpawnLink(ToDocument, SpawnHandler):
    """tmpnb's `/spawn/notebooks/x.ipynb`; a user of that name keeps their page."""

    def get(self, kind: str, rest: str | None) -> Any:
        """Lead to the document."""
        if self.find_user(kind):
            return SpawnHandler.get(self, kind, (rest or "").strip("/"))
        return self.open(self.request.uri[len(f"{self.hub.base_url}spawn/") :])


class Gone(UserUrlHandler):
    """A visitor's address that leads to no server, or to none of whoever asks.

    Where there are no others, any name of nobody is one: tmpnb's visitors had another kind.
    """

    async def get(self, name: str, path: str | None) -> None:
        """Say that the server is gone, and open a fresh one at the same document."""
        user = self.current_user
        somebodys = not is_visitor(name) and self.find_user(name) is not None
        if somebodys or (user and user.name == name):
            await super().get(name, path or "/")
            return
        if not wants_page(self) or "api" in (path or "").split("/"):
            self._fail_api_request(name)
            return
        rest = re.split(r"/user/[^/?]+", self.request.uri, maxsplit=1)[1]
        path, _, query = rest.partition("?")
        document = f"{path.strip('/')}{'?' if query else ''}{query}" if path.strip("/") else ""
        self.set_status(404)
        self.set_header("Cache-Control", "no-store")
        self.finish(await self.render_template("gone.html", fresh=self._fresh(document)))

    def non_get(self, name: str, path: str | None) -> None:
        """Refuse what is no page, in JSON."""
        super().non_get(name, path or "/")

    post = patch = delete = put = non_get

    def _fresh(self, document: str) -> str:
        """Return the address that opens *document* in a fresh server, or in one's own."""
        there = f"{self.hub.base_url}{document}"
        if self.current_user or not document:
            return there if document else f"{self.hub.base_url}temporary"
        return f"{self.hub.base_url}temporary?{urlencode({'next': there})}"


class HandOut(APIHandler):
    """What the service `temporary` asks for: a visitor, a token, and a server that starts."""

    slow_spawn_timeout = 0  # seconds; the service looks itself when it is ready

    async def post(self) -> None:
        """Admit a visitor from ``address`` and start ``image``, "" for the usual one.

        Answers 202 with ``name``, ``url`` and ``token``; 503 or 429 with ``why`` where
        there is no room.
        """
        if not self.has_scope(SCOPE):
            raise HTTPError(403)
        asked = self.get_json_body() or {}
        image = str(asked.get("image") or "")
        try:
            name = self.authenticator.admit(str(asked.get("address") or ""), image)
        except NoRoom as full:
            self.set_status(STATUS[full.why])
            self.set_header("Retry-After", str(full.wait))
            self.finish({"why": full.why, "message": SAID[full.why]})
            return
        user = await self.auth_to_user({"name": name, "admin": False})
        token = user.new_api_token(
            note="handed out with the server",
            expires_in=int(asked.get("seconds") or DAY),
            scopes=[f"access:servers!user={name}", f"read:users:name!user={name}"],
        )
        await self.spawn_single_user(user, options={"image": image} if image else {})
        self.set_status(202)
        self.finish({"name": name, "url": user.url, "token": token})
