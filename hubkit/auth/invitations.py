"""Links by which one person sets one password, once.

A link is a signed statement "the bearer may set the password of NAME, whose password
now is P". Setting a password changes P, so a link works once. Who has no password yet is
given one nobody knows when invited; if the user is deleted, the link dies with it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from hubkit.errors import HubkitError

SALT = "hubkit.invitation"
LIFETIME = 24 * 3600  # seconds
PATH = "hub/welcome?code="


class InvitationRefused(HubkitError):
    """The link is too old, was used, or is not from this hub."""


class Invitations:
    """Make and check links with the hub's own secret.

    Args:
        secret: The hub's cookie secret; whoever knows it is the hub.
    """

    def __init__(self, secret: bytes):
        self._signer = URLSafeTimedSerializer(secret, salt=SALT)

    @classmethod
    def from_file(cls, path: Path) -> Invitations:
        """Return invitations signed with the secret in the file at *path*."""
        return cls(path.read_bytes().strip())

    def code(self, name: str, password_hash: bytes, *, back: bool = False) -> str:
        """Return the code for *name*, whose stored password now is *password_hash*.

        Args:
            name: Who may set a password.
            password_hash: What is stored of the one they have.
            back: Whether they have lost access, and get it back by using the link.
        """
        statement = [name, _digest(password_hash)]
        return str(self._signer.dumps([*statement, True] if back else statement))

    def name(self, code: str) -> str:
        """Return whom *code* is for, before it is known whether it was used.

        Raises:
            InvitationRefused: The code is too old or not from this hub.
        """
        return self._load(code)[0]

    def puts_back(self, code: str) -> bool:
        """Return whether *code* was made for somebody who had lost access.

        Raises:
            InvitationRefused: The code is too old or not from this hub.
        """
        return self._load(code)[2]

    def accept(self, code: str, password_hash: bytes) -> None:
        """Return if *code* may set a password that now is *password_hash*.

        Raises:
            InvitationRefused: The code is too old, was used, or is not from this hub.
        """
        _, digest, _ = self._load(code)
        if not password_hash or digest != _digest(password_hash):
            raise InvitationRefused("This link was used already, or taken back.")

    def _load(self, code: str) -> tuple[str, str, bool]:
        try:
            name, digest, *back = self._signer.loads(code, max_age=LIFETIME)
        except SignatureExpired:
            raise InvitationRefused("This link is older than a day.") from None
        except (BadSignature, ValueError, TypeError):
            raise InvitationRefused("This link is not from this hub.") from None
        if back not in ([], [True]):
            raise InvitationRefused("This link is not from this hub.")
        return str(name), str(digest), bool(back)


def _digest(password_hash: bytes) -> str:
    return hashlib.sha256(password_hash).hexdigest()[:16]
