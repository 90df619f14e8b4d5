"""Pulling images: one pull of an image however many wait for it, each told how far it is.

A pull is never ended by a time limit while bytes arrive or are unpacked.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import requests
from docker import auth
from docker.errors import DockerException
from docker.utils import parse_repository_tag
from docker.utils.config import load_general_config

from hubkit.errors import EngineError
from hubkit.spawner.layers import Layers, reason

AT_ONCE = 8
STALL = 120.0  # seconds
CONNECTING = 10.0  # seconds
REFUSED = 400  # from here on an HTTP status is one

Tell = Callable[[int, str], object]


class PullFailed(EngineError):
    """An image was not pulled; the message says why, in one sentence."""


def split(image: str) -> tuple[str, str]:
    """Return the repository of *image*, and its tag or digest, ``latest`` by default.

    The engine is given a digest as the tag, and a tag beside a digest means nothing.
    """
    repository, tag = parse_repository_tag(image)
    if "@" in image:
        repository, _ = parse_repository_tag(repository)
    return repository, tag or "latest"


class Pulls:
    """Pulls images in threads of their own.

    Args:
        at_once: How many images are pulled at the same time.
        stall: Seconds without anything moving after which a pull has failed.
    """

    def __init__(self, at_once: int = AT_ONCE, stall: float = STALL):
        self._turns = asyncio.Semaphore(at_once)
        self._stall = stall
        self._under_way: dict[tuple[str, str], _Pull] = {}

    async def pull(self, client: Any, image: str, tell: Tell) -> None:
        """Return once *image* is there.

        The pull ends when all who wait for it have been cancelled.

        Args:
            client: A `docker.APIClient`.
            image: ``name``, ``name:tag`` or ``name@sha256:…``, with or without a registry.
            tell: Called in the event loop with a percentage and a sentence, whenever one of
                them changes.

        Raises:
            PullFailed: The registry or the engine did not give it, or nothing moved.
        """
        name = split(image)
        pull = self._under_way.get(name)
        if pull is None:
            pull = self._under_way[name] = _Pull(image, self._stall)
            pull.task = asyncio.ensure_future(self._carry_out(name, pull, client))
        waiter = object()
        pull.tells[waiter] = tell
        try:
            tell(*pull.said)
            await asyncio.shield(pull.task)
        finally:
            del pull.tells[waiter]
            if not pull.tells:
                # At once: who comes now must not join a pull that is about to be cancelled.
                self._forget(name, pull)
                pull.task.cancel()

    async def _carry_out(self, name: tuple[str, str], pull: _Pull, client: Any) -> None:
        try:
            if self._turns.locked():
                pull.say(0, f"pulling {pull.image}: waiting until other images are there")
            async with self._turns:
                await pull.run(client)
        finally:
            self._forget(name, pull)

    def _forget(self, name: tuple[str, str], pull: _Pull) -> None:
        if self._under_way.get(name) is pull:
            del self._under_way[name]


class _Pull:
    """One pull: a thread reads the engine's answer, the event loop judges it."""

    task: asyncio.Task[None]

    def __init__(self, image: str, stall: float):
        self.image = image
        self.tells: dict[object, Tell] = {}
        self.said = (0, f"pulling {image}")
        self._stall = stall
        self._layers = Layers()
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[Exception | None] = self._loop.create_future()
        self._give_up_at = 0.0
        self._lock = threading.Lock()  # of the two below
        self._response: requests.Response | None = None
        self._closed = False

    def say(self, percent: int, sentence: str) -> None:
        """Tell all who wait, if it is news."""
        if self.said != (percent, sentence):
            self.said = (percent, sentence)
            for tell in tuple(self.tells.values()):
                tell(percent, sentence)

    async def run(self, client: Any) -> None:
        """Return once the image is there.

        Raises:
            PullFailed: It will not be.
        """
        self._give_up_at = self._loop.time() + self._stall
        threading.Thread(target=self._read, args=(client,), name="pull", daemon=True).start()
        try:
            while not self._ended.done():
                left = self._give_up_at - self._loop.time()
                if left <= 0:
                    raise PullFailed(
                        f"image {self.image} cannot be pulled: "
                        f"nothing has come from its registry for {self._stall:g} s"
                    )
                await asyncio.wait({self._ended}, timeout=left)
        finally:
            self._close()
        error = self._ended.result()
        if self._layers.error:
            raise PullFailed(reason(self.image, self._layers.error))
        if error:
            raise _explained(self.image, error) from error

    def _hear(self, event: Any) -> None:
        self._layers.feed(event)
        if self._layers.moved():
            # One that only waits for another pull's layers outlives that one's limit.
            stall = self._stall * (2 if self._layers.queued else 1)
            self._give_up_at = self._loop.time() + stall
        self.say(self._layers.percent, self._layers.sentence(self.image))

    def _end(self, error: Exception | None) -> None:
        if not self._ended.done():
            self._ended.set_result(error)

    def _close(self) -> None:
        """End the thread's reading, wherever it is; the engine then ends the pull."""
        with self._lock:
            self._closed = True
            if self._response:
                with suppress(OSError, RuntimeError, ValueError):  # it has just ended
                    self._response.raw.shutdown()

    def _adopt(self, response: requests.Response) -> bool:
        with self._lock:
            self._response = response
            return not self._closed

    def _read(self, client: Any) -> None:
        """Pass on what the engine says; runs in the thread."""
        error: Exception | None = None
        try:
            # The read limit only ends a thread whose pull was given up before any answer.
            with _ask(client, self.image, (CONNECTING, 3 * self._stall)) as response:
                if self._adopt(response):
                    for line in filter(None, response.iter_lines(chunk_size=None)):
                        self._report(self._hear, json.loads(line))
        except Exception as caught:  # noqa: BLE001 (raised where the pull is awaited)
            error = caught
        self._report(self._end, error)

    def _report(self, listener: Callable[[Any], None], news: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed: the hub has ended
            self._loop.call_soon_threadsafe(listener, news)


class _Refused(Exception):
    """The engine's answer is an error."""


def _ask(client: Any, image: str, timeout: tuple[float, float]) -> requests.Response:
    """Ask the engine for *image*.

    `docker.APIClient.pull` keeps the response to itself, so that nobody can end it, and has
    no time limit at all.
    """
    repository, tag = split(image)
    registry, _ = auth.resolve_repository_name(repository)
    headers = {**load_general_config().get("HttpHeaders", {}), "Connection": "close"}
    login = auth.get_config_header(client, registry)
    if login:
        headers["X-Registry-Auth"] = login.decode() if isinstance(login, bytes) else login
    response: requests.Response = client.post(
        f"{client.base_url}/v{client.api_version}/images/create",
        params={"fromImage": repository, "tag": tag},
        headers=headers,
        stream=True,
        timeout=timeout,
    )
    if response.status_code >= REFUSED:
        with response, suppress(ValueError, KeyError, TypeError):
            raise _Refused(str(response.json()["message"]))
        raise _Refused(f"HTTP {response.status_code}")
    return response


def _explained(image: str, error: Exception) -> PullFailed:
    if isinstance(error, _Refused):
        return PullFailed(reason(image, str(error)))
    if isinstance(error, requests.RequestException):
        return PullFailed(f"image {image} cannot be pulled: the Docker engine does not answer")
    if isinstance(error, DockerException):
        return PullFailed(f"image {image} cannot be pulled: {error}")
    return PullFailed(f"image {image} cannot be pulled: {type(error).__name__}: {error}")
