"""What lies where below ``secrets/``.

::

    secrets/gateway/<user>/       key, certificate and authorities of one user
    secrets/gateway/.previous/    what a user had before the last change
    secrets/gateway-ca/           the kit's own authority; stays on this machine
        ca.key, ca.crt            its key and its certificate
        issued.json               every certificate it made
        crl.pem                   those it took back
        revoked/<serial>.pem      what was taken back, without the keys
        servers/<name>/           all that one kernel gateway needs, to be mounted there
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hubkit.certs import identity

COMMAND = "scripts/hubkit.sh certs"
PREVIOUS = ".previous"
PASSPHRASE = "passphrase"  # noqa: S105 (a file's name)
SHOWN = "secrets/gateway"
SHOWN_AUTHORITY = "secrets/gateway-ca"


@dataclass(frozen=True)
class Names:
    """What the three files of a user are called: CLIENT_KEY, CLIENT_CERT, CLIENT_CA."""

    key: str = "key.pem"
    certificate: str = "cert.pem"
    ca: str = "cacert.pem"


SERVER = Names(ca="client-ca.pem")
CRL = "crl.pem"


@dataclass(frozen=True)
class Places:
    """The folders of one checkout.

    Attributes:
        root: The checkout.
    """

    root: Path

    @property
    def secrets(self) -> Path:
        """Where everything lies."""
        return self.root / "secrets"

    @property
    def people(self) -> Path:
        """The folder of the users' folders."""
        return self.root / SHOWN

    @property
    def authority(self) -> Path:
        """The folder of the kit's authority."""
        return self.root / SHOWN_AUTHORITY

    @property
    def servers(self) -> Path:
        """The folder of the gateways' folders."""
        return self.authority / "servers"

    @property
    def revoked(self) -> Path:
        """Where certificates go that were taken back."""
        return self.authority / "revoked"

    def person(self, user: str) -> Path:
        """Return the folder of *user*."""
        return self.people / identity.folder(user)

    def server(self, name: str) -> Path:
        """Return the folder of the gateway *name*."""
        return self.servers / identity.folder(name)


def previous(folder: Path) -> Path:
    """Return where what *folder* held before is kept."""
    return folder.parent / PREVIOUS / folder.name


def within(folder: Path) -> list[Path]:
    """Return the folders in *folder* that belong to someone, in order."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")
