"""Ask the hub for a visitor with a server, and follow its start."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp

from hubkit.auth.ledger import Ledger
from hubkit.errors import HubkitError
from hubkit.services.hubapi import HubAPI
from hubkit.settings import Settings

DAY = 86400  # seconds a token lasts where visits have no end
ADMINISTRATOR = "admin:servers"  # a scope of the hub's own, of administrators' tokens
SILENT = "The hub does not answer; try again in a moment."


class Refusal(Exception):
    """What the caller asked for is not to be had.

    Args:
        status: HTTP status.
        word: One word for programs: ``full``, ``address``, ``failed``, ….
        message: A sentence for people.
        wait: Seconds until it is worth trying again; 0 where it never is.
    """

    def __init__(self, status: int, word: str, message: str, wait: int = 0):
        super().__init__(message)
        self.status, self.word, self.message, self.wait = status, word, message, wait


@dataclass(frozen=True)
class Handed:
    """A visitor's server, running or starting.

    Attributes:
        name: The hub user.
        url: Where the server is, with the host.
        token: Lets in whoever has it, to this server only.
        image: What it runs.
    """

    name: str
    url: str
    token: str
    image: str


class Hub(HubAPI):
    """The hub, as far as this service may ask it."""

    async def admit(self, address: str, image: str, seconds: int) -> dict[str, Any]:
        """Return ``name``, ``url`` and ``token`` of a new visitor whose server starts.

        Raises:
            Refusal: There is no room, or the hub does not answer.
        """
        asked = {"address": address, "image": image, "seconds": seconds}
        try:
            async with self._session.post(f"{self._url}/temporary", json=asked) as answer:
                told = await answer.json()
                wait = int(answer.headers.get("Retry-After", 0))
        except (aiohttp.ClientError, TimeoutError, ValueError):
            raise Refusal(503, "failed", SILENT, 10) from None
        if answer.status == 202:
            return dict(told)
        if "why" in told:
            raise Refusal(answer.status, told["why"], told["message"], wait)
        message = told.get("message") or "The server did not start."
        raise Refusal(503, "failed", str(message), wait or 10)

    async def progress(self, name: str) -> AsyncIterator[dict[str, Any]]:
        """Yield what the start of a server says; the last event is ``ready`` or ``failed``."""
        url = f"{self._url}/users/{quote(name, safe='')}/server/progress"
        async with self._session.get(url) as answer:
            answer.raise_for_status()
            async for line in answer.content:
                if line.startswith(b"data:"):
                    yield json.loads(line[5:])

    async def administers(self, token: str) -> bool:
        """Return whether *token* is one of the hub's own that may steer everybody's server."""
        headers = {"Authorization": f"token {token}"}
        status, model = await self._ask("GET", "/user", refused=True, headers=headers)
        return status < 400 and ADMINISTRATOR in model.get("scopes", ())

    async def end(self, name: str) -> bool:
        """Delete a visitor with server, tokens and route; return whether they are gone."""
        path = f"/users/{quote(name, safe='')}"
        status, user = await self._ask("GET", path, gone=True)
        if status == 404:
            return True
        if any(server.get("pending") for server in (user.get("servers") or {}).values()):
            return False  # the hub would forget a container that is just being made
        status, _ = await self._ask("DELETE", path, refused=True)
        return status < 400 or status == 404


class Desk:
    """Hands out servers.

    Args:
        hub: The hub.
        ledger: Counts them.
        env: The settings.
        images: Word → image that may be asked for.
    """

    def __init__(self, hub: Hub, ledger: Ledger, env: Settings, images: dict[str, str]):
        self.hub, self.ledger, self.images = hub, ledger, images
        self._env = env

    @property
    def usual(self) -> str:
        """The image of whoever asks for none."""
        return next(iter(self.images.values()), self._env.docker_notebook_image)

    def choose(self, image: str) -> str:
        """Return *image* where it may be asked for; "" is the usual one.

        Raises:
            Refusal: There is no such image.
        """
        if image and image not in self.images:
            known = ", ".join(self.images) or "none to choose from"
            raise Refusal(400, "image", f"Unknown image {image[:128]!r}; there are: {known}.")
        return image

    async def begin(self, address: str, image: str) -> Handed:
        """Return a server that starts.

        Raises:
            Refusal: There is none.
        """
        told = await self.hub.admit(address, self.choose(image), self._env.temporary_max_age or DAY)
        url = self._env.public_url.rstrip("/") + told["url"]
        return Handed(told["name"], url, told["token"], self.images.get(image, self.usual))

    async def follow(self, handed: Handed) -> AsyncIterator[str]:
        """Yield what the start says, until the server is ready.

        Raises:
            Refusal: It did not start; the visitor is gone.
        """
        message = "The server did not start."
        try:
            async for event in self.hub.progress(handed.name):
                if event.get("ready"):
                    self.ledger.is_ready(handed.name)
                    return
                message = str(event.get("message") or message)
                if event.get("failed"):
                    break
                yield message
        except (aiohttp.ClientError, TimeoutError, ValueError):
            message = SILENT
        self.ledger.count("failed")
        with contextlib.suppress(HubkitError):  # else the next look ends them
            await self.hub.end(handed.name)
        raise Refusal(503, "failed", message, 10)
