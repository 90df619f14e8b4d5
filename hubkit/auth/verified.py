"""TLS towards a directory, with certificate and name checked by OpenSSL itself.

ldap3 2.9 checks nothing unless told to, and with its own check of names takes no IP
address on Python 3.13.
"""

from __future__ import annotations

import ssl

import ldap3


class Verified(ldap3.Tls):
    """TLS that checks certificate and name of the server, as a browser would."""

    def __init__(self, host: str, ca_file: str = ""):
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._host, self._ca_file = host, ca_file

    def wrap_socket(self, connection: ldap3.Connection, do_handshake: bool = False) -> None:  # noqa: ARG002 (its signature)
        """Do the handshake; the socket is closed where it fails."""
        context = ssl.create_default_context(cafile=self._ca_file or None)
        # Authorities made by hand often lack what the strict rules of Python 3.13 want.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        plain = connection.socket
        try:
            connection.socket = context.wrap_socket(plain, server_hostname=self._host)
        except (OSError, ValueError):
            plain.close()
            raise
