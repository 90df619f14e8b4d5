"""The service's process: ``python -m hubkit.services.gate``, started by the hub."""

from __future__ import annotations

import asyncio
import logging
import sys

from tornado.httpserver import HTTPServer

from hubkit.services.gate.doors import Doors


async def main(port: int) -> None:
    """Serve at *port* until the hub ends this process."""
    # Its container publishes nothing; servers come over their network.
    HTTPServer(Doors()).listen(port, address="0.0.0.0")  # noqa: S104
    await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="hubkit: %(message)s")
    # JupyterHub's and tornado's own lines name addresses, which hold tokens, and what is usual.
    for name in ("tornado.application", "tornado.general"):
        logging.getLogger(name).setLevel(logging.ERROR)
    asyncio.run(main(int(sys.argv[1])))
