"""Stock JupyterHub: one container with hub and proxy, DockerSpawner on the engine's socket."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass

from benchmarks import engine
from benchmarks.sides.side import FILES, HEALTHY_SECONDS, Side

SOCKET = "/var/run/docker.sock"


@dataclass
class Stock(Side):
    """JupyterHub, DockerSpawner and configurable-http-proxy as they come."""

    name = "stock"

    @property
    def hub_container(self) -> str:
        """The container of hub and proxy."""
        return self.project

    async def keep_ready(self, count: int) -> None:
        """Do nothing: DockerSpawner starts no server before somebody asks for it."""

    async def start(self) -> None:
        """Build its image from the kit's and start it."""
        kit = f"KIT={self.common.tag}kit"
        file = str(FILES / "Dockerfile")
        words = ("build", "--quiet", "--tag", self.project, "--build-arg", kit, "--file", file)
        await engine.docker(*words, str(FILES))
        files = await asyncio.to_thread(self._lay_out)
        await engine.docker("network", "create", self.network)
        options = ["--name", self.project, "--network", self.network, "--init"]
        options += ["--publish", f"{self.port}:8443", "--tmpfs", "/tmp"]  # noqa: S108 (inside it)
        options += ["--volume", f"{files}:/bench:ro", "--volume", f"{self.project}-data:/data"]
        options += ["--volume", f"{SOCKET}:{SOCKET}"]
        await engine.docker("run", "--detach", *options, self.project)
        async with self.hub() as hub:
            await hub.healthy(HEALTHY_SECONDS)

    def _lay_out(self) -> str:
        folder = self.common.checkout / "stock"
        folder.mkdir()
        for name in ("stock.py", "both.py"):
            shutil.copy(FILES / name, folder)
        shutil.copy(self.certificate, folder / "tls.crt")
        shutil.copy(self.certificate.with_suffix(".key"), folder / "tls.key")
        (folder / "bench.json").write_text(self.given())
        return str(folder)
