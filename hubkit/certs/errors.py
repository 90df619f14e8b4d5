"""What can go wrong with certificates.

HubkitError
├── CertificateUnusable      a user's server cannot be given what the gateway asks for
│   └── CertificateMissing   because nobody made or imported a certificate for them
└── Refused                  a command would not do what it was asked; nothing was changed
"""

from __future__ import annotations

from hubkit.errors import HubkitError


class CertificateUnusable(HubkitError):
    """A user's key and certificate cannot be used; the message names reason and cure."""

    @property
    def jupyterhub_message(self) -> str:
        """What JupyterHub shows the user whose start failed."""
        return str(self)


class CertificateMissing(CertificateUnusable):
    """There is no certificate for the user at all."""


class Refused(HubkitError):
    """What was asked is not possible or not safe; the message says what to do instead."""
