"""Start the gateway, or say everything that keeps it from starting."""

from __future__ import annotations

import ssl
import sys

from hubkit_gateway.settings import Refused, read
from hubkit_gateway.trust import Trust


def main() -> None:
    """Serve; exit with 1 if that is not possible."""
    try:
        settings = read()
    except Refused as error:
        sys.exit(str(error))
    try:
        trust = Trust(settings.files)
    except (ssl.SSLError, OSError, ValueError) as error:
        wrong = f"key, certificates or revocation list cannot be used: {error}"
        sys.exit(str(Refused([("GATEWAY_KEY, _CERT, _CLIENT_CA, _CRL", wrong)])))
    from hubkit_gateway.app import run  # noqa: PLC0415  (a second, which a refusal need not wait)

    run(settings, trust)


main()
