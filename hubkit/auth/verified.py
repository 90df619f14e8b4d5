"""Connections to a directory: TLS checked by OpenSSL itself, time limits that hold.

ldap3 2.9 checks nothing unless told to, and with its own check of names takes no IP
address on Python 3.13. Its time limits are for each piece that arrives, so that a server
which sends a byte now and then would hold a thread for ever.
"""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPExceptionError
from ldap3.protocol.sasl.sasl import validate_simple_password

LATE = "timed out"
FAILED = (LDAPExceptionError, OSError)  # what using a connection may raise
END: ContextVar[float] = ContextVar("END", default=math.inf)  # of the work in this thread


@contextmanager
def until(end: float) -> Iterator[None]:
    """Let nothing in this thread wait for a server after *end*, in monotonic seconds."""
    before = END.set(end)
    try:
        yield
    finally:
        END.reset(before)


def ended() -> bool:
    """Return whether the work in this thread has no time any more."""
    return END.get() <= time.monotonic()


def left(seconds: float) -> float:
    """Return how many of *seconds* may still be waited.

    Raises:
        TimeoutError: None at all.
    """
    rest = min(seconds, END.get() - time.monotonic())
    if rest <= 0:
        raise TimeoutError(LATE)
    return rest


def leave(connection: ldap3.Connection) -> None:
    """End *connection*, whatever has become of the server."""
    try:
        with closed_on_error(connection):
            connection.unbind()
    except FAILED:
        pass


@contextmanager
def closed_on_error(connection: ldap3.Connection) -> Iterator[None]:
    """Close the socket, which ldap3 leaves open where something fails."""
    try:
        yield
    except FAILED:
        if connection.socket:
            connection.socket.close()
        raise


def may_be_sent(password: str) -> bool:
    """Return whether *password* is one that LDAP has a form for (RFC 4013)."""
    try:
        return bool(validate_simple_password(password))
    except LDAPExceptionError:
        return False


class Timed:
    """A socket that gives up where a whole answer takes longer than *seconds*."""

    def __init__(self, plain: socket.socket, seconds: float):
        self.plain, self.seconds = plain, seconds
        self._answered_by = time.monotonic() + seconds

    def sendall(self, data: bytes) -> None:
        """Send a request; the time for its answer begins."""
        self.plain.settimeout(left(self.seconds))
        self._answered_by = time.monotonic() + self.seconds
        self.plain.sendall(data)

    def recv(self, size: int) -> bytes:
        """Return what has arrived, as long as there is time."""
        self.plain.settimeout(left(self._answered_by - time.monotonic()))
        return self.plain.recv(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)


class Verified(ldap3.Tls):
    """TLS that checks certificate and name of the server, as a browser would."""

    def __init__(self, host: str, ca_file: str = "", timeout: float = 3.0):
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._host, self._ca_file, self._timeout = host, ca_file, timeout

    def wrap_socket(self, connection: ldap3.Connection, do_handshake: bool = False) -> None:  # noqa: ARG002 (its signature)
        """Do the handshake; the socket is closed where it fails."""
        context = ssl.create_default_context(cafile=self._ca_file or None)
        # Authorities made by hand often lack what the strict rules of Python 3.13 want.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        plain = getattr(connection.socket, "plain", connection.socket)
        try:
            plain.settimeout(left(self._timeout))  # for the handshake as a whole
            wrapped = context.wrap_socket(plain, server_hostname=self._host)
        except (OSError, ValueError):
            plain.close()
            raise
        connection.socket = Timed(wrapped, self._timeout)
