"""Lay out what each part of the stack needs, readable by that part alone.

Runs as root in the one-shot container ``init``, before anything else starts. Files in
``secrets/`` belong to whoever runs the machine; each part runs as a user of its own and
finds copies in its own folder of the volume mounted at ``/run/hubkit``.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from hubkit.certs import bundle, files
from hubkit.certs.places import CRL, SERVER, Places, within
from hubkit.ops.certificates import CERTIFICATE, KEY

PRIVATE_KEY = b"PRIVATE KEY-----"  # of any kind, in a PEM file of whatever name
PARTS = ("proxy", "edge", "warden", "hub", "gateway")
ACME_CA = "acme-ca.crt"  # root certificate of a private ACME authority
GATEWAY = "kernel-gateway"  # the service, and the host name in its certificate
GATEWAY_FILES = (SERVER.key, SERVER.certificate, SERVER.ca, CRL)
GATEWAY_TOKEN = "token"  # noqa: S105 (a file's name)
PUBLIC = 0o755
MEETING = 0o750  # the folder's group may enter it, and open what everybody may


@dataclass(frozen=True)
class Owners:
    """User ids of the parts, as their Dockerfiles make them."""

    hub: int = 10001
    proxy: int = 10002
    edge: int = 10003
    warden: int = 0  # and the mounter
    gateway: int = 0


@dataclass(frozen=True)
class Layout:
    """Where things lie.

    Attributes:
        run: The volume of secrets handed out, one folder a part.
        data: The hub's data volume.
        secrets: The administrator's ``secrets/``.
        owners: Who owns which folder.
    """

    run: Path = Path("/run/hubkit")
    data: Path = Path("/data")
    secrets: Path = Path("/kit/secrets")
    owners: Owners = Owners()

    def make(self, *, with_certificate: bool = True, gateway_token: str | None = None) -> None:
        """Make what is missing and refresh what is copied; random secrets stay.

        Args:
            with_certificate: Whether the edge serves the files in ``secrets/``.
            gateway_token: "" for a gateway without; None where the stack runs none.
        """
        with files.locked(self.run):  # whoever renews certificates may not be alone
            self._parts(with_certificate=with_certificate)
            self._mounter()
            self._lab_files()
            self._gateway(gateway_token)

    def _parts(self, *, with_certificate: bool) -> None:
        own = self.owners
        folders = [(self.run / part, getattr(own, part)) for part in PARTS]
        for folder, owner in [*folders, (self.data, own.hub)]:
            folder.mkdir(mode=0o700, exist_ok=True)
            _give(folder, owner)
            folder.chmod(0o700)
        proxy = self._random(self.run / "proxy" / "token", own.proxy)
        self._put(self.run / "hub" / "proxy-token", proxy.encode(), own.hub)
        self._random(self.run / "hub" / "service-token", own.hub)
        warden = self._random(self.run / "warden" / "token", own.warden)
        docker = self.run / "hub" / "docker"
        self._folder(docker, own.hub)
        header = {"HttpHeaders": {"Authorization": f"Bearer {warden}"}}
        self._put(docker / "config.json", json.dumps(header).encode(), own.hub)
        self._random(self.data / "jupyterhub_cookie_secret", own.hub)
        self._random(self.data / "auth_state_key", own.hub)
        self._copy_hub_secrets()
        if with_certificate:
            for name in (CERTIFICATE, KEY):
                self._put(self.run / "edge" / name, (self.secrets / name).read_bytes(), own.edge)
        elif (self.secrets / ACME_CA).is_file():
            root = (self.secrets / ACME_CA).read_bytes()
            self._put(self.run / "edge" / ACME_CA, root, own.edge)

    def _mounter(self) -> None:
        """Make the folder of the mounter's socket, which the hub and nobody else may open."""
        folder = self.run / "mounter"
        folder.mkdir(mode=0o700, exist_ok=True)
        _give(folder, self.owners.warden, self.owners.hub)
        folder.chmod(MEETING)

    def _lab_files(self) -> None:
        """Make the folder of files the hub lays out and the edge gives out to everybody."""
        folder = self.run / "static"
        folder.mkdir(exist_ok=True)
        _give(folder, self.owners.hub)
        folder.chmod(PUBLIC)

    def _copy_hub_secrets(self) -> None:
        """Copy ``secrets/`` for the hub, which never holds a TLS key."""
        target = self.run / "hub" / "secrets"
        shutil.rmtree(target, ignore_errors=True)
        self._folder(target, self.owners.hub)
        for path in sorted(self.secrets.iterdir()):
            if path.is_file() and path.name not in {CERTIFICATE, KEY, "README.md"}:
                content = path.read_bytes()
                if PRIVATE_KEY not in content:
                    self._put(target / path.name, content, self.owners.hub)
        self._copy_people()
        self._copy_authority()

    def _copy_people(self) -> None:
        """Copy the users' certificates and keys, which the hub places into their servers.

        Each folder is replaced as a whole and only where something changed: somebody's
        server may be starting.
        """
        target, people = self.run / "hub" / "gateway", within(self.secrets / "gateway")
        self._folder(target, self.owners.hub)
        for path in target.iterdir():
            if path.name not in {folder.name for folder in people}:
                shutil.rmtree(path)
        for folder in people:
            wanted, there = _contents(folder), target / folder.name
            if not there.is_dir() or _contents(there) != wanted:
                part, gone = target / f".{folder.name}.part", target / f".{folder.name}.gone"
                self._folder(part, self.owners.hub)
                for name, content in wanted.items():
                    self._put(part / name, content, self.owners.hub)
                if there.exists():
                    there.rename(gone)
                part.rename(there)
                shutil.rmtree(gone, ignore_errors=True)

    def _copy_authority(self) -> None:
        """Copy the certificates, and no key, of the kit's authority and its gateways."""
        target, source = self.run / "hub" / "gateway-ca", self.secrets / "gateway-ca"
        shutil.rmtree(target, ignore_errors=True)
        for folder in (target, target / "servers"):
            self._folder(folder, self.owners.hub)
        found = {target / "ca.crt": source / "ca.crt"}
        for folder in within(source / "servers"):
            found[target / "servers" / f"{folder.name}.crt"] = folder / SERVER.certificate
        for place, path in found.items():
            if path.is_file():
                self._put(place, path.read_bytes(), self.owners.hub)

    def _gateway(self, token: str | None) -> None:
        """Give the stack's kernel gateway its own files, its token, and nothing else."""
        folder, wanted = self.run / "gateway", {}
        if token is not None:
            source = Places(self.secrets.parent).server(GATEWAY)
            wanted = {name: (source / name).read_bytes() for name in GATEWAY_FILES}
        if token:
            wanted[GATEWAY_TOKEN] = token.encode()
        for path in folder.iterdir():
            if path.name not in wanted:
                path.unlink()
        for name, content in wanted.items():
            self._put(folder / name, content, self.owners.gateway)

    def _folder(self, path: Path, owner: int) -> None:
        path.mkdir(mode=0o700, exist_ok=True)
        _give(path, owner)

    def _random(self, path: Path, owner: int) -> str:
        """Return the secret in *path*, 32 random bytes in hex made once."""
        if path.exists() and path.read_text().strip():
            return path.read_text().strip()
        value = secrets.token_hex(32)
        self._put(path, value.encode(), owner)
        return value

    def _put(self, path: Path, content: bytes, owner: int) -> None:
        """Replace *path* in one step, so that nobody reads half of it."""
        part = path.with_name(f".{path.name}.part")
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        _give(part, owner)
        part.rename(path)


def _contents(folder: Path) -> dict[str, bytes]:
    names = tuple(path.name for path in folder.iterdir() if path.is_file())
    return bundle.contents(folder, names)


def _give(path: Path, owner: int, group: int | None = None) -> None:
    # Whoever is not root keeps a group of their own, which need not have their number.
    os.chown(path, owner, (owner if group is None else group) if os.geteuid() == 0 else -1)
