"""Servers whose kernels run elsewhere: DockerSpawner with a kernel gateway."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from dockerspawner import DockerSpawner
from traitlets import Dict, Instance, Unicode

from hubkit.certs import bundle
from hubkit.certs.errors import CertificateMissing
from hubkit.certs.places import Names
from hubkit.spawner import nobody, pki
from hubkit.spawner.gateway import FOLDER, NOBODY, Gateway

UNCHECKED = "VALIDATE_KG_CERT=false: the certificate of %s is not checked"


class RemoteKernels(DockerSpawner):
    """Gives each server the gateway's address and its user's own certificate."""

    gateway = Instance(Gateway, (), config=True, help="""The gateway of all servers.""")
    gateways = Dict(
        config=True,
        help="""Other gateways: an image, or "group:NAME" → `hubkit.spawner.gateway.Gateway`.

        The image's wins over a group's, and a group's over `gateway`.
        """,
    )
    certificates = Unicode(
        config=True, help="""Folder with a folder of certificate files for each user."""
    )
    authorities = Unicode(
        config=True, help="""File of authorities trusted where people have no certificates."""
    )

    _kernels_at: Gateway | None = None  # the gateway of this start; None for local kernels
    _names: Names | None = None
    _files: dict[str, bytes] = {}  # noqa: RUF012 (replaced, never changed)

    def own_gateway(self) -> Gateway:
        """Return the gateway this server uses: of the image, of a group, or of all."""
        found = self.gateways.get(self.image)
        groups = (self.gateways.get(f"group:{group.name}") for group in self.user.groups)
        chosen: Gateway = found or next(filter(None, groups), None) or self.gateway
        return chosen

    def notices(self) -> list[str]:
        """Return what the user should know about their certificate, for the home page."""
        gateway = self.own_gateway()
        if not gateway.url or not gateway.names:
            return []
        found: list[str] = bundle.notices(Path(self.certificates), self.user.name, gateway.names)
        return found

    async def start(self) -> Any:
        """Start the server.

        Raises:
            CertificateUnusable: The user has no certificate the gateway would take.
        """
        self._kernels_at, self._names, self._files = None, None, {}
        gateway = self.own_gateway()
        if gateway.url:
            await asyncio.to_thread(self._prepare, gateway)
        return await super().start()

    def _prepare(self, gateway: Gateway) -> None:
        if not gateway.validate:
            self.log.warning(UNCHECKED, gateway.url)
        if gateway.names:
            try:
                own = bundle.read(Path(self.certificates), self.user.name, gateway.names)
            except CertificateMissing as missing:
                if not gateway.local_without:
                    raise
                self.log.warning(
                    "%s has no certificate: kernels are local. %s", self.user.name, missing
                )
                return
            for warning in own.warnings:
                self.log.warning("Certificate of %s: %s", self.user.name, warning)
            names = gateway.names
            self._files = {names.key: own.key, names.certificate: own.certificate, names.ca: own.ca}
            self._names = names
        elif self.authorities:
            key, certificate = nobody.pair()
            ca = Path(self.authorities).read_bytes()
            self._files = {NOBODY.key: key, NOBODY.certificate: certificate, NOBODY.ca: ca}
            self._names = NOBODY
        self._kernels_at = gateway

    def get_env(self) -> dict[str, Any]:
        """Return the server's environment; whose kernels they are is not up to the user."""
        found: dict[str, Any] = super().get_env()
        if self._kernels_at:
            found |= self._kernels_at.environment(self.user.name, self._names)
        return found

    async def create_object(self) -> Any:
        """Create the container and place the files before it starts."""
        created = await super().create_object()
        if self._files:
            work = self.executor.submit(pki.place, self.client, created["Id"], FOLDER, self._files)
            await asyncio.wrap_future(work)
            self._files = {}
        return created
