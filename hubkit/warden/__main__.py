"""Run the warden: ``python -m hubkit.warden``."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from aiohttp import web

from hubkit.warden.app import make_app

PORT = 2375


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="hubkit.warden", description=__doc__)
    parser.add_argument("--socket", default="/run/docker.sock", help="the engine's socket")
    parser.add_argument("--token-file", type=Path, default=Path("/run/hubkit/warden/token"))
    parser.add_argument("--port", type=int, default=PORT)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    token = options.token_file.read_text().strip()
    if not token:
        parser.error(f"{options.token_file} is empty: run 'docker compose up -d' to make it again")
    # With the hub's end of a pull ours ends, too, and with it the engine's.
    web.run_app(
        make_app(options.socket, token),
        port=options.port,
        access_log=None,
        print=None,
        handler_cancellation=True,
    )


if __name__ == "__main__":
    main()
