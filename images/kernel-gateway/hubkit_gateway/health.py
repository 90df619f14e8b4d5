"""Ask the gateway for the first half of a handshake; exit with 1 if it does not answer.

The half that needs no certificate, so that none has to lie about.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import sys

SECONDS = 5


def answers(port: int) -> bool:
    """Return whether the gateway says hello, which it does only while its loop runs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing)
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        connection.sendall(outgoing.read())
        return bool(connection.recv(1))


if __name__ == "__main__":
    try:
        sys.exit(0 if answers(int(os.environ.get("GATEWAY_PORT") or 8888)) else 1)
    except OSError as error:
        sys.exit(f"the gateway does not answer: {error}")
