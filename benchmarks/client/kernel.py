"""An open websocket to one kernel, with JupyterLab's protocol.

https://jupyter-server.readthedocs.io/en/stable/developers/websocket-protocols.html,
https://jupyter-client.readthedocs.io/en/stable/messaging.html, protocol 5.3.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import json
import struct
import time
import uuid
from dataclasses import dataclass
from typing import Any

import aiohttp

PROTOCOL = "v1.kernel.websocket.jupyter.org"  # without it: JSON, as on remote kernels
PARTS = ("header", "parent_header", "metadata", "content")
Message = dict[str, dict[str, Any]]
SECONDS = 120  # for one cell
OPEN_SECONDS = 15  # for one that shows whether the websocket is open


class CellFailed(RuntimeError):
    """A cell ended with an error, or the websocket was closed before its end."""


@dataclass(frozen=True)
class Ran:
    """One cell: seconds from sending it to its first output and to the idle kernel."""

    output: float
    idle: float


def request(code: str, session: str) -> Message:
    """Return an execute_request with an identity of its own."""
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "version": "5.3"}
    header |= {"username": "", "session": session, "date": dt.datetime.now(dt.UTC).isoformat()}
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    return {"header": header, "parent_header": {}, "metadata": {}, "content": content}


def packed(channel: str, message: Message) -> bytes:
    """Return *message*: how many offsets, where each part begins and the last ends, the parts."""
    parts = [channel.encode(), *(json.dumps(message[name]).encode() for name in PARTS)]
    offsets = itertools.accumulate(map(len, parts), initial=8 * (len(parts) + 2))
    numbers = (len(parts) + 1, *offsets)
    return struct.pack(f"<{len(numbers)}Q", *numbers) + b"".join(parts)


def unpacked(said: bytes) -> tuple[str, Message]:
    """Return the channel and the message that `packed` packed."""
    (count,) = struct.unpack_from("<Q", said)
    offsets = struct.unpack_from(f"<{count}Q", said, 8)
    channel, *parts = (said[begin:end] for begin, end in itertools.pairwise(offsets))
    return channel.decode(), dict(zip(PARTS, map(json.loads, parts), strict=False))


def _message(said: aiohttp.WSMessage) -> Message | None:
    """Return the message in *said*, None if the websocket was about to be closed."""
    if said.type is aiohttp.WSMsgType.BINARY:
        return unpacked(said.data)[1]
    if said.type is aiohttp.WSMsgType.TEXT:
        answer: Message = json.loads(said.data)
        return answer
    return None


def _answers(answer: Message, asked: Message) -> bool:
    return bool(answer["parent_header"].get("msg_id") == asked["header"]["msg_id"])


class Kernel:
    """A kernel that takes cells one after the other."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, identity: str, session: str):
        self.socket, self.identity, self._session = socket, identity, session

    async def run(self, code: str) -> Ran:
        """Execute *code*.

        Raises:
            CellFailed: There was no result.
        """
        asked = request(code, self._session)
        began = time.perf_counter()
        await self._send(asked)
        output = 0.0
        try:
            async with asyncio.timeout(SECONDS):
                async for said in self.socket:
                    after = time.perf_counter() - began
                    if (answer := _message(said)) is None or not _answers(answer, asked):
                        continue
                    kind, content = answer["header"]["msg_type"], answer["content"]
                    if kind == "error":
                        raise CellFailed(f"{content['ename']}: {content['evalue']}")
                    if kind in ("execute_result", "stream"):
                        output = output or after
                    if kind == "status" and content["execution_state"] == "idle":
                        return Ran(output or after, after)
        except TimeoutError as error:
            raise CellFailed(f"not done after {SECONDS} s") from error
        raise CellFailed("the websocket was closed")

    async def _send(self, message: Message) -> None:
        if self.socket.protocol == PROTOCOL:
            await self.socket.send_bytes(packed("shell", message))
        else:
            await self.socket.send_str(json.dumps({**message, "channel": "shell", "buffers": []}))

    async def is_open(self) -> bool:
        """Return whether the websocket still carries a cell."""
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await self.run("1+1")
        except (CellFailed, TimeoutError, ConnectionError, aiohttp.ClientError):
            return False
        return True
