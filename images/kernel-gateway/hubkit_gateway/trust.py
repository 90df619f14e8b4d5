"""Whose certificates are accepted, as the files say now."""

from __future__ import annotations

import datetime as dt
import logging
import ssl
from collections.abc import MutableSet
from pathlib import Path
from typing import Any, NoReturn

from cryptography import x509

from hubkit_gateway.certificates import revocation_lists, why_refused
from hubkit_gateway.settings import Files

log = logging.getLogger("hubkit_gateway")


class Trust:
    """What a handshake is held to, and the connections made before.

    Attributes:
        context: For the next handshake; another one after the files changed.
        narrowed: Whether the last change took an authority away.
    """

    context: ssl.SSLContext
    narrowed = False

    def __init__(self, files: Files):
        self.files = files
        self.lists: list[x509.CertificateRevocationList] = []
        self.seen = self._stamp()
        self._load()

    def refresh(self) -> bool:
        """Read the files again if one changed; return whether they count now.

        What cannot be used changes nothing: what was read before stays in force.
        """
        now = self._stamp()
        if now == self.seen:
            return False
        self.seen, before = now, self.context.get_ca_certs(binary_form=True)
        try:
            self._load()
        except (OSError, ValueError) as error:
            log.error("a changed file cannot be used, the previous ones stay in force: %s", error)
            return False
        self.narrowed = not set(before) <= set(self.context.get_ca_certs(binary_form=True))
        log.info("certificates and revocation list were read again")
        return True

    def why_refused(self, certificate: x509.Certificate) -> str:
        """Return why *certificate* does not count any more; nothing if it does."""
        return why_refused(certificate, self.lists, dt.datetime.now(dt.UTC))

    def close_refused(self, sockets: MutableSet[Any], again: str = "") -> list[str]:
        """Close those of *sockets* whose certificate does not count any more.

        Returns whose they were, and why, for the log.

        Args:
            sockets: Open websockets; the closed ones are taken out.
            again: Why everybody must connect again, if so.
        """
        closed = []
        for socket in list(sockets):
            wrong = self.why_refused(socket.certificate) or again
            if wrong:
                sockets.discard(socket)
                closed.append(f"{socket.current_user.username}: {wrong}")
                socket.close(1008, wrong)
        return closed

    def _stamp(self) -> list[tuple[int, ...] | None]:
        return [_state(path) for path in vars(self.files).values()]

    def _load(self) -> None:
        # A list that was there and is not any more is an error: it must not let anybody in.
        lists = []
        if self.lists or self.files.revoked.exists():
            lists = revocation_lists(self.files.revoked.read_bytes())
        self.context = self._context(with_lists=bool(lists))
        self.lists = lists
        if not lists:
            log.warning("there is no revocation list: a certificate counts until it expires")
        for listed in lists:
            until = listed.next_update_utc
            if until and until < dt.datetime.now(dt.UTC):
                log.error("the revocation list expired on %s: every certificate is refused", until)

    def _context(self, *, with_lists: bool) -> ssl.SSLContext:
        files = self.files
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        # Every connection shows its certificate anew; none is taken for granted.
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
        context.num_tickets = 0
        context.load_cert_chain(files.certificate, files.key, password=_no_password)
        context.load_verify_locations(files.client_ca)
        # What the file names is trusted, also where it is not the root.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if with_lists:
            context.load_verify_locations(files.revoked)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        return context


def _state(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _no_password() -> NoReturn:
    raise ValueError("the gateway's key is encrypted, and nobody is there to open it")
