"""An open websocket to one kernel."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass

import aiohttp

SECONDS = 120  # for one cell
OPEN_SECONDS = 15  # for one that shows whether the websocket is open


class CellFailed(RuntimeError):
    """A cell ended with an error, or the websocket was closed before its end."""


@dataclass(frozen=True)
class Ran:
    """One cell: seconds from sending it to its first output and to the idle kernel."""

    output: float
    idle: float


def request(code: str, session: str) -> tuple[str, str]:
    """Return the identity of a new execute_request and its text.

    https://jupyter-client.readthedocs.io/en/stable/messaging.html, protocol 5.3.
    """
    identity = uuid.uuid4().hex
    header = {"msg_id": identity, "msg_type": "execute_request", "version": "5.3"}
    header |= {"username": "", "session": session}
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
    return identity, json.dumps({**message, "channel": "shell", "buffers": []})


class Kernel:
    """A kernel that takes cells one after the other."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, identity: str, session: str):
        self.socket, self.identity, self._session = socket, identity, session

    async def run(self, code: str) -> Ran:
        """Execute *code*.

        Raises:
            CellFailed: There was no result.
        """
        identity, text = request(code, self._session)
        began = time.perf_counter()
        await self.socket.send_str(text)
        output = 0.0
        try:
            async with asyncio.timeout(SECONDS):
                async for said in self.socket:
                    after = time.perf_counter() - began
                    if said.type is not aiohttp.WSMsgType.TEXT:
                        continue
                    answer = json.loads(said.data)
                    if answer["parent_header"].get("msg_id") != identity:
                        continue
                    kind, content = answer["msg_type"], answer["content"]
                    if kind == "error":
                        raise CellFailed(f"{content['ename']}: {content['evalue']}")
                    if kind in ("execute_result", "stream"):
                        output = output or after
                    if kind == "status" and content["execution_state"] == "idle":
                        return Ran(output or after, after)
        except TimeoutError as error:
            raise CellFailed(f"not done after {SECONDS} s") from error
        raise CellFailed("the websocket was closed")

    async def is_open(self) -> bool:
        """Return whether the websocket still carries a cell."""
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await self.run("1+1")
        except (CellFailed, TimeoutError, ConnectionError, aiohttp.ClientError):
            return False
        return True
