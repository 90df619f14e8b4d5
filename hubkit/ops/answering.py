"""Does the hub answer through the edge, as a browser would reach it?"""

from __future__ import annotations

import http.client
import socket
import ssl

SECONDS = 5
PATH = "/hub/health"


class _Here(http.client.HTTPSConnection):
    """A connection to this machine that asks for the hub by its public name."""

    def connect(self) -> None:
        plain = socket.create_connection(("127.0.0.1", self.port), SECONDS)
        # Whether the name and dates are right is checked before anything starts; a
        # self-signed certificate is right, too.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.sock = context.wrap_socket(plain, server_hostname=self.host)


def health(domain: str, port: int) -> str:
    """Return "" if the hub is healthy behind *port* of this machine, else what is not."""
    connection = _Here(domain, port, timeout=SECONDS)
    try:
        connection.request("GET", PATH)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return "" if status == http.client.OK else f"status {status}"
