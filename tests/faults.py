"""The engine as a hub sees it, with faults at will: silence, errors, a moment to kill the hub."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, ClientTimeout, UnixConnector, web
from aiohttp.typedefs import Handler

from hubkit.warden.app import SESSION, forward

SOCKET = "/var/run/docker.sock"
BETWEEN = 0.05  # seconds until a silent request looks whether the silence is over


@dataclass(eq=False)
class Fault:
    """What happens to requests of one kind.

    Attributes:
        method: E.g. POST.
        path: A regular expression for the path without the API's version.
        before: Called before the request is passed on; if it returns a status, that is the
            answer, and nothing is passed on.
        after: Called once the engine has answered.
        silent: Whether there is no answer until the fault is over, and an error then.
        times: How many requests it happens to; the others pass.
    """

    method: str
    path: str
    before: Callable[[], int | None] | None = None
    after: Callable[[], object] | None = None
    silent: bool = False
    times: int = 10**6
    met: threading.Event = field(default_factory=threading.Event)

    def meets(self, request: web.Request) -> bool:
        path = re.sub(r"^/v[0-9.]+", "", request.path)
        found = re.fullmatch(self.method, request.method) and re.fullmatch(self.path, path)
        if not found or not self.times:
            return False
        self.times -= 1
        return True


class FaultyEngine:
    """Passes requests on to the real engine, unless a fault meets them."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.asked: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._runner = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)
        self.port = self._runner.addresses[0][1]

    @property
    def client(self) -> dict[str, object]:
        """Arguments of `docker.APIClient`."""
        return {"base_url": f"tcp://127.0.0.1:{self.port}", "max_pool_size": 64}

    async def _serve(self) -> web.AppRunner:
        app = web.Application(middlewares=[self._meet], client_max_size=2**40)
        app[SESSION] = ClientSession(
            connector=UnixConnector(SOCKET, limit=0),
            timeout=ClientTimeout(total=None),
            auto_decompress=False,
        )
        app.router.add_route("*", "/{path:.*}", forward)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    @web.middleware
    async def _meet(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.asked.append(f"{request.method} {re.sub(r'^/v[0-9.]+', '', request.path)}")
        fault = next((one for one in self.faults if one.meets(request)), None)
        if fault is None:
            return await handler(request)
        if fault.silent:
            fault.met.set()
            while fault in self.faults:
                await asyncio.sleep(BETWEEN)
            return web.json_response({"message": "was silent"}, status=503)
        status = await asyncio.to_thread(fault.before) if fault.before else None
        if status:
            fault.met.set()
            return web.json_response({"message": "a fault of the tests"}, status=status)
        try:
            answer = await handler(request)
            if fault.after:
                await asyncio.to_thread(fault.after)
        finally:
            fault.met.set()
        return answer

    @contextmanager
    def fault(self, method: str, path: str, **how: Any) -> Iterator[Fault]:
        """Let a fault happen within."""
        made = Fault(method, path, **how)
        self.faults.append(made)
        try:
            yield made
        finally:
            self.faults.remove(made)

    @contextmanager
    def silence(self, method: str = "[A-Z]+", path: str = ".*") -> Iterator[Fault]:
        """Answer nothing within; what was asked is dropped at the end."""
        with self.fault(method, path, silent=True) as made:
            yield made

    def close(self) -> None:
        async def stop() -> None:
            await self._runner.app[SESSION].close()
            await self._runner.cleanup()

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
