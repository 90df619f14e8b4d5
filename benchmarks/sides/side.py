"""What the benchmark needs to know about a hub, whichever it is."""

from __future__ import annotations

import asyncio
import json
import ssl
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import engine
from benchmarks.client.hub import Hub
from benchmarks.hanging import HangingRegistry

FILES = Path(__file__).parent / "files"
PASSWORD = "correct horse 42 staple"  # noqa: S105 (of accounts that live for minutes)
HEALTHY_SECONDS = 120
LOG_LINES = 30
PAUSE_TRIES, BETWEEN_TRIES = 10, 0.5  # the latter in seconds
STOPPED_SECONDS = 180


@dataclass
class Common:
    """What both sides share.

    Attributes:
        tag: What everything of this run begins with.
        checkout: A copy of the checkout.
        image: The notebook image.
        token: Of the hub's API, with all rights.
        users: Names that need an account.
        address: Where published ports are reached.
        registry: Has an image whose pull never ends.
        echo: Address of a backend without a hub's or server's work; "" for none.
        visitors: Whether anybody is let in, and nobody has an account.
    """

    tag: str
    checkout: Path
    image: str
    token: str
    users: tuple[str, ...]
    address: str
    registry: HangingRegistry
    echo: str = ""
    visitors: bool = False


@dataclass
class Side(ABC):
    """One of the hubs that are compared.

    Attributes:
        common: What it shares with the other.
        port: Where it answers, over TLS.
        memo: What workloads keep from round to round.
    """

    common: Common
    port: int
    memo: dict[str, Any] = field(default_factory=dict)

    name = ""

    @property
    def project(self) -> str:
        """What the names of its containers, volumes and networks begin with."""
        return f"{self.common.tag}{self.name}"

    @property
    def servers_prefix(self) -> str:
        """What the names of users' containers begin with."""
        return f"{self.project}-jupyter-"

    @property
    def url(self) -> str:
        """What people type."""
        return f"https://localhost:{self.port}"

    @property
    def certificate(self) -> Path:
        """The certificate both sides show."""
        return self.common.checkout / "secrets" / "jupyterhub.crt"

    @property
    def tls(self) -> ssl.SSLContext:
        """Trust in that certificate alone."""
        return ssl.create_default_context(cafile=str(self.certificate))

    @property
    def network(self) -> str:
        """The network users' containers are on."""
        return f"{self.project}-network"

    @property
    @abstractmethod
    def hub_container(self) -> str:
        """The container of the hub's own process."""

    @abstractmethod
    async def start(self) -> None:
        """Start it from nothing."""

    @abstractmethod
    async def keep_ready(self, count: int) -> None:
        """Let *count* servers wait for whoever comes next, where a hub can do that."""

    def hub(self) -> Hub:
        """Return the hub's API, with all rights."""
        return Hub(self.url, self.common.token, self.tls, self.common.address)

    def given(self) -> str:
        """Return what its configuration reads from ``bench.json``."""
        gateway = f"https://{self.common.tag}gateway:8888"
        values = {
            "project": self.project,
            "image": self.common.image,
            "token": self.common.token,
            "password": PASSWORD,
            "users": self.common.users,
            "hung_image": self.common.registry.image,
            "gateway": gateway,
            "echo": self.common.echo,
            "visitors": self.common.visitors,
        }
        return json.dumps(values)

    async def own(self) -> list[str]:
        """Return its running containers, users' servers left out."""
        found = await engine.containers(self.project)
        return [name for name in found if not name.startswith(self.servers_prefix)]

    async def pause(self) -> None:
        """Let it do nothing while the other is measured.

        Raises:
            CommandFailed: It cannot be paused.
        """
        for tries_left in reversed(range(PAUSE_TRIES)):
            running = set(await self.own()) - await engine.paused(self.project)
            # A process that is just being looked at cannot be frozen.
            await engine.docker("pause", *sorted(running), check=not tries_left)
            if not set(await self.own()) - await engine.paused(self.project):
                return
            await asyncio.sleep(BETWEEN_TRIES)

    async def resume(self) -> None:
        """End a pause."""
        await engine.docker("unpause", *sorted(await engine.paused(self.project)))
        async with self.hub() as hub:
            await hub.healthy(HEALTHY_SECONDS)

    async def last_words(self) -> str:
        """Return the end of the hub's log."""
        words = ("logs", "--tail", str(LOG_LINES), self.hub_container)
        return await engine.run("sh", "-c", 'exec docker "$@" 2>&1', "sh", *words, check=False)

    async def servers(self) -> list[str]:
        """Return all containers of users."""
        return await engine.containers(self.servers_prefix, every=True)

    async def stop_all(self) -> None:
        """Stop every server and wait until its container is gone.

        Raises:
            TimeoutError: The hub does not manage it; containers were removed by force then,
                and the hub was started again.
        """
        try:
            async with asyncio.timeout(STOPPED_SECONDS), self.hub() as hub:
                await hub.stop_all()
        except TimeoutError:
            await self._remove_servers()
            await engine.docker("restart", "--time", "1", self.hub_container)
            async with self.hub() as hub:
                await hub.healthy(HEALTHY_SECONDS)
            raise
        finally:
            await self._remove_servers()

    async def _remove_servers(self) -> None:
        if left := await self.servers():
            await engine.docker("rm", "--force", *left, check=False)
