"""Servers whose kernels run elsewhere, on a kernel gateway."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from traitlets import Dict, Instance, Unicode

from hubkit.certs import bundle
from hubkit.certs.errors import CertificateMissing, CertificateUnusable
from hubkit.certs.places import Names
from hubkit.spawner import nobody, pki
from hubkit.spawner.closed import ClosedServer
from hubkit.spawner.gateway import FOLDER, NOBODY, Gateway
from hubkit.spawner.refusals import Explained

UNCHECKED = "%s: VALIDATE_KG_CERT=false, the certificate of %s is not checked"
GROUP = "group:"


class RemoteKernels(ClosedServer):
    """Gives each server the gateway's address and its user's own certificate."""

    gateway = Instance(Gateway, (), config=True, help="""The gateway of all servers.""")
    gateways = Dict(
        value_trait=Instance(Gateway),
        key_trait=Unicode(),
        config=True,
        help="""Other gateways: an image, or "group:NAME" → `hubkit.spawner.gateway.Gateway`.

        The image's wins over a group's, and a group's over `gateway`; of several groups
        the one named first here. `Gateway()` is none: kernels in the server itself.
        What differs from the settings in .env is enough:
        ``dataclasses.replace(Gateway.of(env), url="https://other.example.org:8888")``.
        """,
    )
    certificates = Unicode(
        config=True, help="""Folder with a folder of certificate files for each user."""
    )

    _kernels_at: Gateway | None = None  # the gateway of this start; None for local kernels
    _names: Names | None = None
    _files: dict[str, bytes] = {}  # noqa: RUF012 (replaced, never changed)

    def own_gateway(self) -> Gateway:
        """Return the gateway this server uses: of the image, of a group, or of all."""
        mine = {f"{GROUP}{group.name}" for group in self.user.groups}
        found = (self.gateways[name] for name in self.gateways if name in mine)
        chosen: Gateway = self.gateways.get(self.image) or next(found, self.gateway)
        return chosen

    async def notices(self) -> list[str]:
        """Return what the user should know of server and certificate, for the home page."""
        known = await super().notices()
        gateway = self.own_gateway()
        if not gateway.url or not gateway.names:
            return known
        folder = Path(self.certificates)
        return known + await asyncio.to_thread(
            bundle.notices,
            folder,
            self.user.name,
            gateway.names,
            needed=not gateway.local_without,
        )

    def secrets(self) -> set[str]:
        """Return values that nobody may see in a log's last lines."""
        found = super().secrets()
        token = self.own_gateway().token
        return found | {token} if token else found

    async def start(self) -> Any:
        """Start the server.

        Raises:
            Explained: The user has no certificate the gateway would take.
        """
        self._kernels_at, self._names, self._files = None, None, {}
        return await super().start()

    def _prepare(self, gateway: Gateway) -> None:
        if not gateway.validate:
            self.log.warning(UNCHECKED, self.user.name, gateway.url)
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
        elif gateway.ca_file:
            key, certificate = nobody.pair()
            ca = _authorities(gateway.ca_file)
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
        """Create the container and place the files before it starts.

        Raises:
            Explained: As for `start`.
        """
        # Not earlier: only now DockerSpawner knows which of several images the user chose.
        gateway = self.own_gateway()
        if gateway.url and not self._kernels_at:
            try:
                await asyncio.to_thread(self._prepare, gateway)
            except CertificateUnusable as error:
                raise Explained(str(error), reason="certificate") from error
        created = await super().create_object()
        if self._files:
            place = (pki.place, self.client, created["Id"], FOLDER, self._files)
            await self.asking("put_archive", *place)
            self._files = {}
        return created


def _authorities(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CertificateUnusable(
            f"The kernel gateway's authorities in {file} cannot be read ({error.strerror}). "
            "For an administrator: put the file into secrets/ and run 'make up'."
        ) from error
