"""The hub's API with an administrator's token: what is done between measurements."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable
from typing import Any, Self

import aiohttp

from benchmarks.client import connection

PROBE = 0.01  # seconds between two looks of which the time is measured
LOOK = 0.1  # seconds between two looks that cost the hub something
SECONDS = 300
AT_ONCE = 3  # servers started together where the start is not measured


class NotInTime(RuntimeError):
    """Something that should happen did not."""


class Hub:
    """A hub's API; open it with ``async with``."""

    def __init__(self, url: str, token: str, tls: ssl.SSLContext, address: str):
        self._url, self._tls, self._address = url, tls, address
        self._headers = {"Authorization": f"token {token}"}

    async def __aenter__(self) -> Self:
        self._session = connection.session(
            self._tls, self._address, limit=100, headers=self._headers
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._session.close()

    async def ask(self, method: str, path: str, **body: Any) -> tuple[int, Any]:
        """Return status and JSON of one request to ``/hub/api``."""
        url = f"{self._url}/hub/api{path}"
        async with self._session.request(method, url, **body) as answer:
            text = await answer.text()
            is_json = "json" in answer.headers.get("Content-Type", "")
            return answer.status, await answer.json() if text and is_json else text

    async def end_visit(self, name: str) -> None:
        """End a visit of somebody without an account, as an administrator does.

        Raises:
            NotInTime: It does not end.
        """
        url = f"{self._url}/api/visitors/{name}"
        async with self._session.delete(url) as answer:
            if answer.status != 204:
                raise NotInTime(f"visit of {name}: {answer.status} {await answer.text()}")

    async def is_healthy(self) -> bool:
        """Return whether the hub answers."""
        try:
            async with self._session.get(
                f"{self._url}/hub/health", timeout=connection.IMPATIENT
            ) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def healthy(self, seconds: float) -> None:
        """Return once the hub answers.

        Raises:
            NotInTime: It does not within *seconds*.
        """
        deadline = time.monotonic() + seconds
        while not await self.is_healthy():
            if time.monotonic() > deadline:
                raise NotInTime(f"{self._url} does not answer after {seconds} s")
            await asyncio.sleep(PROBE)

    async def active(self) -> dict[str, dict[str, Any]]:
        """Return name → model of the users with a server, one that starts or stops included."""
        _, users = await self.ask("GET", "/users", params={"state": "active"})
        return {user["name"]: user for user in users}

    async def start(self, names: Iterable[str], *, wait: bool = True) -> None:
        """Start servers, a few at a time.

        Raises:
            NotInTime: One is not ready.
        """
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(name: str) -> None:
            async with gate:
                status, said = await self.ask("POST", f"/users/{name}/server")
                if status not in (201, 202):
                    raise NotInTime(f"server of {name}: {status} {said}")
                if wait:
                    await self._until_ready(name)

        await asyncio.gather(*map(one, names))

    async def _until_ready(self, name: str) -> None:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            _, user = await self.ask("GET", f"/users/{name}")
            server = user.get("servers", {}).get("")
            if server and server["ready"]:
                return
            if not server:
                break
            await asyncio.sleep(LOOK)
        raise NotInTime(f"server of {name} did not become ready")

    async def stop(self, names: Iterable[str]) -> dict[str, float]:
        """Stop all at once; return the seconds until the hub says that each is stopped."""
        began = time.monotonic()
        waiting, seconds = set(names), {}

        async def one(name: str) -> None:
            status, _ = await self.ask("DELETE", f"/users/{name}/server")
            if status in (204, 404):
                seconds[name] = time.monotonic() - began
                waiting.discard(name)

        asked = [asyncio.create_task(one(name)) for name in sorted(waiting)]
        # An answer may take 10 seconds; one look for all tells earlier who is done.
        while waiting and time.monotonic() - began < SECONDS:
            await asyncio.sleep(LOOK)
            running = await self.active()
            for name in waiting - running.keys():
                seconds[name] = time.monotonic() - began
            waiting &= running.keys()
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        return seconds

    async def stop_all(self) -> None:
        """Stop whatever runs; what still starts is waited for, because the hub stops none such."""
        while running := await self.active():
            starting = {
                name for name, user in running.items() if user["servers"][""]["pending"] == "spawn"
            }
            await self.stop(running.keys() - starting)
            if starting:
                await asyncio.sleep(LOOK)
