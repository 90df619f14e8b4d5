"""Tells a user in the cell that the server's memory limit ended the kernel."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

NAME = "MemoryLimit"
RECENT = 20.0  # seconds; Jupyter looks every 3 s whether a kernel lives
V1 = "v1.kernel.websocket.jupyter.org"
UNLIMITED = 1 << 60  # bytes; cgroup v1 writes "no limit" as a number of about 2**63


class Limit:
    """The memory limit of this container, and how often the kernel of Linux enforced it."""

    def __init__(self, root: Path = Path("/sys/fs/cgroup")):
        """Read below *root*, where a container sees its own cgroup, of version 2 or 1."""
        second = (root / "memory.events").exists()
        folder = root if second else root / "memory"
        self._kills = folder / ("memory.events" if second else "memory.oom_control")
        self._limit = folder / ("memory.max" if second else "memory.limit_in_bytes")
        self._seen = self.kills()
        self._when: list[float] = []  # of kills that no dead kernel was found for
        self._told: dict[str, float] = {}

    def kills(self) -> int:
        """Return how many processes were ended so far; 0 where it is not said."""
        try:
            words = self._kills.read_text().split()
            return int(words[words.index("oom_kill") + 1])
        except (OSError, ValueError, IndexError):
            return 0

    def size(self) -> str:
        """Return the limit in words, such as "2 GB"; nothing where there is none."""
        try:
            size = int(self._limit.read_text())
        except (OSError, ValueError):
            return ""
        if size >= UNLIMITED:
            return ""
        unit, name = (1 << 30, "GB") if size >= 1 << 30 else (1 << 20, "MB")
        return f"{size / unit:.1f}".replace(".0", "") + f" {name}"

    def look(self) -> None:
        """Note new kills, to know when they were."""
        kills, now = self.kills(), time.monotonic()
        self._when += [now] * (kills - self._seen)
        self._seen = kills
        self._when = [when for when in self._when if now - when < RECENT]

    def ended(self, kernel: str) -> bool:
        """Return whether the limit ended *kernel*, which was just found dead."""
        self.look()
        # Each websocket of the kernel asks; a kill is for one kernel.
        if time.monotonic() - self._told.get(kernel, -RECENT) < RECENT / 2:
            return True
        if not self._when:
            return False
        self._when.pop(0)
        self._told[kernel] = time.monotonic()
        return True

    def reason(self) -> str:
        """Return what a user should know."""
        size = self.size()
        limit = f"this server's memory limit of {size}" if size else "the memory of this server"
        return (
            f"The kernel was ended because {limit} was used up. Its variables are lost; files "
            "are not. Work on less data at a time, or shut down other kernels of this server."
        )


_Connection: Any = object  # what `telling` puts below


class Telling(_Connection):
    """Mixed into a class of kernel websockets: ends the cells of a dead kernel with the reason."""

    limit: Limit

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        """Pass it on to the kernel, and note cells."""
        header = asked(incoming_msg)
        if header:
            self.__dict__.setdefault("hubkit_cells", {})[header.get("msg_id")] = header
        super().handle_incoming_message(incoming_msg)

    def handle_outgoing_message(self, stream: Any, outgoing_msg: Any) -> None:
        """Pass it on to the browser, and note cells that are done."""
        cells = self.__dict__.get("hubkit_cells")
        if cells:
            cells.pop(answered(outgoing_msg), None)
        super().handle_outgoing_message(stream, outgoing_msg)

    def on_kernel_restarted(self) -> None:
        """Tell why before the notebook hears that the kernel is another one."""
        self.tell()
        super().on_kernel_restarted()

    def on_restart_failed(self) -> None:
        """Tell why before the notebook hears that the kernel is dead."""
        self.tell()
        super().on_restart_failed()

    def tell(self) -> None:
        """End the running cell with an error, and those that waited for it."""
        cells = list(self.__dict__.pop("hubkit_cells", {}).values())
        if not cells or not self.limit.ended(self.kernel_id):
            return
        why = self.limit.reason()
        self.log.warning("Kernel %s: %s", self.kernel_id, why)
        error = {"ename": NAME, "evalue": why, "traceback": [f"{NAME}: {why}"]}
        reply: Any = {"status": "error", "execution_count": None, **error}
        self.answer("error", error, cells[0])
        for header in cells:
            self.answer("execute_reply", reply, header)
            self.answer("status", {"execution_state": "idle"}, header)
            reply = {"status": "aborted"}

    def answer(self, kind: str, content: Any, header: Any) -> None:
        """Send a message in the dead kernel's place."""
        channel = "shell" if kind == "execute_reply" else "iopub"
        answer = self.session.msg(kind, content, parent={"header": header})
        if self.subprotocol == V1:
            keys = ("header", "parent_header", "metadata", "content")
            parts = [self.session.pack(answer[key]) for key in keys]
            self.write_message(framed(channel, parts), binary=True)
            return
        answer["channel"] = channel
        self.write_message(json.dumps(answer, default=str))


def telling(base: Any, limit: Limit) -> Any:
    """Return the class of kernel websockets *base*, which tells why *limit* ended a cell."""

    class TellingConnection(Telling, base):
        pass

    TellingConnection.limit = limit
    return TellingConnection


def framed(channel: str, parts: list[bytes]) -> bytes:
    """Return a message as Jupyter's websockets carry it: offsets, channel, parts."""
    blocks = [channel.encode(), *parts]
    at = 8 * (len(blocks) + 2)
    offsets = [at]
    for block in blocks:
        at += len(block)
        offsets.append(at)
    numbers = [len(offsets), *offsets]
    return b"".join([*(number.to_bytes(8, "little") for number in numbers), *blocks])


def asked(message: Any) -> dict[str, Any] | None:
    """Return the header of *message* from the browser if it asks to run a cell."""
    try:
        if isinstance(message, str):
            header = json.loads(message)["header"] if "execute_request" in message else {}
        else:
            start, end = (int.from_bytes(message[at : at + 8], "little") for at in (16, 24))
            found = message[start:end]
            header = json.loads(found) if b"execute_request" in found else {}
        return header if header.get("msg_type") == "execute_request" else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def answered(parts: Any) -> str | None:
    """Return the id of the request that a kernel's *parts* answer, if it ran a cell."""
    try:
        # <IDS|MSG>, signature, header, parent header
        at = parts.index(b"<IDS|MSG>")
        if b"execute_reply" not in parts[at + 2]:
            return None
        found: str = json.loads(parts[at + 3])["msg_id"]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None
    return found
