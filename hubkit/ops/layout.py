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

from hubkit.certs.places import within
from hubkit.ops.certificates import CERTIFICATE, KEY

PRIVATE_KEY = b"PRIVATE KEY-----"  # of any kind, in a PEM file of whatever name
ACME_CA = "acme-ca.crt"  # root certificate of a private ACME authority


@dataclass(frozen=True)
class Owners:
    """User ids of the parts, as their Dockerfiles make them."""

    hub: int = 10001
    proxy: int = 10002
    edge: int = 10003
    warden: int = 0


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

    def make(self, *, with_certificate: bool = True) -> None:
        """Make what is missing and refresh what is copied; random secrets stay.

        Args:
            with_certificate: Whether the edge serves the files in ``secrets/``.
        """
        own = self.owners
        folders = [(self.run / part, getattr(own, part)) for part in ("proxy", "edge", "warden")]
        for folder, owner in [*folders, (self.run / "hub", own.hub), (self.data, own.hub)]:
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

    def _copy_people(self) -> None:
        """Copy the users' certificates and keys, which the hub places into their servers."""
        target, people = self.run / "hub" / "gateway", self.secrets / "gateway"
        shutil.rmtree(target, ignore_errors=True)
        self._folder(target, self.owners.hub)
        for folder in within(people):
            self._folder(target / folder.name, self.owners.hub)
            for path in sorted(folder.iterdir()):
                if path.is_file():
                    self._put(target / folder.name / path.name, path.read_bytes(), self.owners.hub)

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


def _give(path: Path, owner: int) -> None:
    # Whoever is not root keeps a group of their own, which need not have their number.
    os.chown(path, owner, owner if os.geteuid() == 0 else -1)
