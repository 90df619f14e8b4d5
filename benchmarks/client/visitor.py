"""Somebody with a browser: from the sign-in page to the first cell's result."""

from __future__ import annotations

import html
import json
import re
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import aiohttp
from yarl import URL

from benchmarks.client import connection
from benchmarks.client.kernel import PROTOCOL, Kernel

if TYPE_CHECKING:
    from benchmarks.sides.side import Side

EVENTS = re.compile(r'new EventSource\("([^"]+)"\)')
WHOSE = re.compile(r"^/(?:hub/spawn-pending|user)/([^/]+)")
HOPS = 20
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0"


class StartFailed(RuntimeError):
    """A page on the way to the first result was not what a browser needs."""


@dataclass
class Spans:
    """Seconds from the request for a server.

    Attributes:
        ready: The hub said that the server is ready.
        lab: JupyterLab's page was there.
        kernel: The kernel's websocket was open.
        result: The first cell's result was there.
        idle: The kernel was idle again.
        said: What the hub said on the way, with the seconds.
    """

    ready: float = 0.0
    lab: float = 0.0
    kernel: float = 0.0
    result: float = 0.0
    idle: float = 0.0
    said: list[tuple[float, str]] = field(default_factory=list)


class Visitor:
    """One person's browser; open it with ``async with``.

    Args:
        side: The hub they use.
        name: Of their account; "" for a visitor without one, who is given a name.
    """

    def __init__(self, side: Side, name: str = ""):
        self.side, self.name = side, name
        self._door = "/hub/spawn" if name else "/"

    @property
    def base(self) -> str:
        """Where their server is."""
        return f"/user/{self.name}/"

    async def __aenter__(self) -> Self:
        self._session = connection.session(
            self.side.tls, self.side.common.address, headers={"User-Agent": BROWSER}
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._session.close()

    def _xsrf(self, path: str) -> str:
        cookie = self._session.cookie_jar.filter_cookies(URL(f"{self.side.url}{path}")).get("_xsrf")
        return cookie.value if cookie else ""

    async def sign_in(self, password: str) -> float:
        """Sign in through the page; return the seconds it took.

        Raises:
            StartFailed: The hub did not let them in.
        """
        began = time.perf_counter()
        page = f"{self.side.url}/hub/login?next=/hub/home"
        await self._page(page)
        form = {"_xsrf": self._xsrf("/hub/"), "username": self.name, "password": password}
        async with self._session.post(page, data=form, max_redirects=HOPS) as answer:
            await answer.read()
            if not answer.url.path.endswith("/hub/home"):
                raise StartFailed(f"{self.name} was not let in: {answer.status} {answer.url.path}")
        return time.perf_counter() - began

    async def _page(self, url: str) -> tuple[URL, str]:
        """Follow redirects to a page, as a browser that is sent there does."""
        navigating = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
        async with self._session.get(url, headers=navigating, max_redirects=HOPS) as answer:
            text = await answer.text()
            if answer.status != 200:
                raise StartFailed(f"{self.name}: {answer.status} at {answer.url.path}")
            return answer.url, text

    async def open_lab(self) -> Spans:
        """Ask for a server and wait for JupyterLab's page.

        Raises:
            StartFailed: The start failed, or a page did.
        """
        spans, began = Spans(), time.perf_counter()
        url, text = await self._page(f"{self.side.url}{self._door}")
        if not self.name and (found := WHOSE.match(url.path)):
            self.name = found[1]
        if url.path.startswith("/hub/spawn-pending"):
            events = EVENTS.search(text)
            if not events:
                raise StartFailed(f"{self.name}: no progress on the page of the start")
            await self._follow(html.unescape(events[1]), spans, began)
            spans.ready = time.perf_counter() - began
            url, text = await self._page(str(url))  # the page reloads itself
        if not url.path.startswith(self.base):
            raise StartFailed(f"{self.name}: ended at {url.path}")
        spans.lab = time.perf_counter() - began
        spans.ready = spans.ready or spans.lab
        return spans

    async def _follow(self, path: str, spans: Spans, began: float) -> None:
        path = path.encode().decode("unicode_escape")
        reading = {"Accept": "text/event-stream", "Sec-Fetch-Mode": "cors"}
        async with self._session.get(URL(f"{self.side.url}{path}"), headers=reading) as answer:
            if answer.status != 200:
                raise StartFailed(f"{self.name}: {answer.status} instead of progress")
            async for line in answer.content:
                if not line.startswith(b"data:"):
                    continue
                event = json.loads(line[5:])
                spans.said.append((time.perf_counter() - began, event.get("message", "")))
                if event.get("failed"):
                    raise StartFailed(f"{self.name}: {event.get('message')}")
                if event.get("ready"):
                    return
        raise StartFailed(f"{self.name}: the progress ended without a server")

    async def kernel(self) -> Kernel:
        """Start a kernel and open its websocket.

        Raises:
            StartFailed: The server did not start one.
        """
        headers = {"X-XSRFToken": self._xsrf(self.base), "Sec-Fetch-Mode": "cors"}
        url = f"{self.side.url}{self.base}api/kernels"
        async with self._session.post(url, json={"name": "python3"}, headers=headers) as answer:
            if answer.status != 201:
                said = (await answer.text())[:200]
                raise StartFailed(f"{self.name}: {answer.status} for a kernel: {said}")
            identity = (await answer.json())["id"]
        session = uuid.uuid4().hex
        opening = {"Sec-Fetch-Mode": "websocket", "Origin": self.side.url}
        socket = await self._session.ws_connect(
            f"{url}/{identity}/channels?session_id={session}",
            headers=opening,
            protocols=[PROTOCOL],
            max_msg_size=0,
        )
        return Kernel(socket, identity, session)

    async def end(self, kernel: Kernel) -> None:
        """Close *kernel*'s websocket and end it."""
        await kernel.socket.close()
        headers = {"X-XSRFToken": self._xsrf(self.base), "Sec-Fetch-Mode": "cors"}
        url = f"{self.side.url}{self.base}api/kernels/{kernel.identity}"
        async with self._session.delete(url, headers=headers) as answer:
            await answer.read()

    async def first_cell(self) -> tuple[Spans, Kernel]:
        """Go from the request for a server to the first result; the websocket stays open.

        Raises:
            StartFailed: A step of it did.
        """
        began = time.perf_counter()
        spans = await self.open_lab()
        kernel = await self.kernel()
        spans.kernel = time.perf_counter() - began
        ran = await kernel.run("1+1")
        spans.result, spans.idle = spans.kernel + ran.output, spans.kernel + ran.idle
        return spans, kernel

    async def get(self, path: str) -> int:
        """Return the status of one request to the server's own address, 0 for no answer."""
        url, limit = f"{self.side.url}{self.base}{path}", connection.IMPATIENT
        try:
            async with self._session.get(url, timeout=limit) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return 0
