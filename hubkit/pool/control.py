"""How `hubkit pool` speaks to the hub that runs: one line of JSON each way, on a socket.

Only the hub's own account can open the socket, and only from where the hub's data are.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hubkit import stack
from hubkit.errors import HubkitError
from hubkit.pool.pool import Pool

log = logging.getLogger("tornado.application")  # JupyterHub's own takes it in

SOCKET = stack.DATA / "pool.socket"
OWN = 0o600
MOST = 1000
LONGEST = 10.0  # seconds for one request


async def serve(pool: Pool, path: Path) -> asyncio.Server:
    """Answer on the socket at *path* until the returned server is closed."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    path.chmod(OWN)  # nobody can connect yet: it does not listen

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ValueError, TimeoutError):
            async with asyncio.timeout(LONGEST):
                said = answered(pool, await reader.readline())
                writer.write(json.dumps(said).encode() + b"\n")
                await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(answer, sock=listening)


def answered(pool: Pool, line: bytes) -> dict[str, Any]:
    """Return the answer to a request: its own words, or "error" with what was wrong."""
    try:
        asked = json.loads(line)
        if not isinstance(asked, dict):
            raise HubkitError("the request is no object.")
        return _done(pool, asked)
    except HubkitError as error:
        return {"error": str(error)}
    except ValueError:
        return {"error": "the request is no JSON."}


def _done(pool: Pool, asked: Mapping[str, Any]) -> dict[str, Any]:
    match dict(asked):
        case {"do": "list"}:
            return {"why": pool.unsupported, "images": [asdict(one) for one in pool.views()]}
        case {"do": "drain", "image": str(image)}:
            count = pool.drain(image)
            log.info("All %d waiting containers of %s are to be replaced", count, image)
            return {"count": count}
        case {"do": "resize", "image": str(image), "size": int(size)} if 0 <= size <= MOST:
            pool.resize(image, size)
            log.info("The pool of %s has the size %d until the hub is restarted", image, size)
            return {}
    raise HubkitError("the request is not understood; are hub and command of one version?")


def ask(path: Path = SOCKET, **asked: Any) -> dict[str, Any]:
    """Return the hub's answer to a request.

    Raises:
        HubkitError: It refused, or does not answer.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(LONGEST)
            connection.connect(str(path))
            connection.sendall(json.dumps(asked).encode() + b"\n")
            with connection.makefile("rb") as lines:
                answer: dict[str, Any] = json.loads(lines.readline())
    except (OSError, ValueError):
        raise HubkitError(
            "the hub does not answer; it has to run for this: see 'docker compose ps', 'make up'."
        ) from None
    if "error" in answer:
        raise HubkitError(answer["error"])
    return answer
