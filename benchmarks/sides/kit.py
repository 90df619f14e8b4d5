"""hubkit: the whole stack, started by `make up` from a copy of the checkout."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass

from benchmarks import engine
from benchmarks.sides.side import FILES, HEALTHY_SECONDS, PASSWORD, Side

POOL_SECONDS, LOOK = 300, 1.0  # for a pool to fill, between two looks at it
QUIET = 1.0  # seconds until what was just made does nothing more
VISITORS = {
    "AUTH": "temporary",
    "TEMPORARY_CAPACITY": "1000",
    "TEMPORARY_PER_ADDRESS": "0",  # all come from here
    "POOL_CAPACITY": "40",
}


@dataclass
class Kit(Side):
    """The stack as an administrator starts it, with a site file for the load generator."""

    http_port: int = 0

    name = "kit"

    @property
    def hub_container(self) -> str:
        """The container of the hub."""
        return self.project

    def settings(self) -> dict[str, str]:
        """Return what stands in .env."""
        return {
            "COMPOSE_PROJECT_NAME": self.project,
            "HTTPS_PORT": str(self.port),
            "HTTP_PORT": str(self.http_port),
            "DOCKER_NOTEBOOK_IMAGE": self.common.image,
            "SITE_CONFIG": "both.py",
            "POOL_SIZE": "1",  # an empty one cannot be filled later
            **(self._visitors() if self.common.visitors else {}),
        }

    def _visitors(self) -> dict[str, str]:
        return {**VISITORS, "TEMPORARY_ADMIN_TOKEN": self.common.token}

    def write(self) -> None:
        """Write what an administrator writes: .env, userlist and a site file."""
        root = self.common.checkout
        lines = (f"{name}={value}\n" for name, value in self.settings().items())
        (root / ".env").write_text("".join(lines))
        users = "".join(f"{name}\n" for name in ("boss admin", *self.common.users))
        (root / "userlist").write_text(users)
        shutil.copy(FILES / "both.py", root / "site")
        (root / "site" / "bench.json").write_text(self.given())

    async def start(self) -> None:
        """Run `make up`."""
        self.write()
        await engine.run("make", "up", cwd=self.common.checkout)
        async with self.hub() as hub:
            await hub.healthy(HEALTHY_SECONDS)
        if not self.common.visitors:
            await self._make_accounts()
        await self.keep_ready(0)

    async def keep_ready(self, count: int) -> None:
        """Let *count* servers wait, and return when they do.

        Raises:
            TimeoutError: They do not.
        """
        pool = ("exec", self.hub_container, "hubkit", "pool")
        image = self.common.image
        await engine.docker(*pool, "resize", image, str(count))
        async with asyncio.timeout(POOL_SECONDS):
            while await self._ready_ahead() != count:
                await asyncio.sleep(LOOK)
        await asyncio.sleep(QUIET if count else 0)

    async def _ready_ahead(self) -> int:
        listed = await engine.docker("exec", self.hub_container, "hubkit", "pool", "list")
        lines = (line.split() for line in listed.splitlines())
        return next((int(words[2]) for words in lines if words[:1] == [self.common.image]), 0)

    async def _make_accounts(self) -> None:
        lines = "\n".join((PASSWORD, *self.common.users))
        code = (FILES / "accounts.py").read_text()
        words = ("exec", "-i", self.hub_container, "python", "-c", code)
        await engine.docker(*words, given=lines)
