"""The few requests to the hub's REST API that end somebody's access."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp

from hubkit import stack
from hubkit.errors import HubkitError

URL = f"http://127.0.0.1:{stack.HUB_PORT}/hub/api"
PAGE = 200  # users in one answer; the hub gives no more
SECONDS = 60  # for one answer; stopping a server takes the hub at least ten
AT_ONCE = 4  # requests
PAGINATED = {"Accept": "application/jupyterhub-pagination+json"}


class HubAPI:
    """The hub, as far as the service may ask it.

    Args:
        session: Carries the token.
        url: Of the API, without a slash at its end.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str = URL):
        self._session, self._url = session, url

    async def users(self, *, active: bool = False) -> list[dict[str, Any]]:
        """Return what the hub says of its users; with *active*, of those with servers."""
        found: list[dict[str, Any]] = []
        while True:
            query = f"limit={PAGE}&offset={len(found)}{'&state=active' if active else ''}"
            _, page = await self._ask("GET", f"/users?{query}", headers=PAGINATED)
            found += page["items"]
            if not page["items"] or not page["_pagination"]["next"]:
                return found

    async def stop(self, name: str, server: str) -> bool:
        """Ask the hub to stop a server; return whether it does."""
        path = f"/users/{quote(name, safe='')}/server"
        path += f"s/{quote(server, safe='')}" if server else ""
        # An error means "not now": a start is interrupted, but did not end yet.
        status, _ = await self._ask("DELETE", path, refused=True)
        return status < 400

    async def delete_tokens(self, name: str) -> int:
        """Delete every token of *name*, those of their servers and of OAuth included.

        Returns:
            How many there were.
        """
        path = f"/users/{quote(name, safe='')}/tokens"
        status, answer = await self._ask("GET", path, gone=True)
        tokens = answer["api_tokens"] if status != 404 else []
        for token in tokens:
            # One token of an OAuth client takes that client's others along.
            await self._ask("DELETE", f"{path}/{token['id']}", gone=True)
        return len(tokens)

    async def _ask(
        self, method: str, path: str, *, gone: bool = False, refused: bool = False, **extra: Any
    ) -> tuple[int, Any]:
        """Return status and JSON; 404 is an answer with *gone*, any error with *refused*."""
        try:
            async with self._session.request(method, self._url + path, **extra) as answer:
                status = answer.status
                if status < 400:
                    return status, (await answer.json() if method == "GET" else None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise HubkitError(f"the hub does not answer: {reason}") from error
        if refused or (gone and status == 404):
            return status, None
        raise HubkitError(f"the hub refuses {method} {path.partition('?')[0]}: status {status}")


@asynccontextmanager
async def connected(url: str = URL) -> AsyncIterator[HubAPI]:
    """Yield the hub of this container, asked with the service's own token.

    Raises:
        HubkitError: There is no token here.
    """
    try:
        token = stack.SERVICE_TOKEN.read_text().strip()
    except OSError as error:
        raise HubkitError(f"{stack.SERVICE_TOKEN} cannot be read: {error.strerror}") from error
    async with aiohttp.ClientSession(
        headers={"Authorization": f"token {token}"},
        timeout=aiohttp.ClientTimeout(total=SECONDS),
        connector=aiohttp.TCPConnector(limit=AT_ONCE),
    ) as session:
        yield HubAPI(session, url)
