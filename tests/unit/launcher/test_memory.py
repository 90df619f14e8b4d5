"""What a cell says when the memory limit ended its kernel."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from hubkit.launcher import memory

GIB = 1 << 30


class Group:
    """A container's cgroup, of version 2 or 1."""

    def __init__(self, root: Path, version: int, size: str):
        self.version = version
        self.folder = root if version == 2 else root / "memory"
        self.folder.mkdir(exist_ok=True)
        name = "memory.max" if version == 2 else "memory.limit_in_bytes"
        (self.folder / name).write_text(f"{size}\n")
        self.kill(0)

    def kill(self, times: int) -> None:
        if self.version == 2:
            text, name = f"low 0\noom 9\noom_kill {times}\n", "memory.events"
        else:
            text, name = (
                f"oom_kill_disable 0\nunder_oom 0\noom_kill {times}\n",
                "memory.oom_control",
            )
        (self.folder / name).write_text(text)


@pytest.fixture(params=[1, 2])
def group(request: pytest.FixtureRequest, tmp_path: Path) -> Group:
    return Group(tmp_path, request.param, str(2 * GIB))


@pytest.fixture
def limit(group: Group, tmp_path: Path) -> memory.Limit:
    return memory.Limit(tmp_path)


def test_a_kill_is_one_kernel_s(group: Group, limit: memory.Limit):
    assert not limit.ended("a")
    group.kill(1)

    assert limit.ended("a")
    assert limit.ended("a"), "its second websocket asks too"
    assert not limit.ended("b")


def test_a_kill_long_ago_is_not_the_reason(
    group: Group, limit: memory.Limit, monkeypatch: pytest.MonkeyPatch
):
    now = 1000.0
    monkeypatch.setattr(memory.time, "monotonic", lambda: now)
    group.kill(1)
    limit.look()
    now += memory.RECENT + 1

    assert not limit.ended("a")


def test_kills_before_the_server_count_for_nobody(group: Group, tmp_path: Path):
    group.kill(3)

    assert not memory.Limit(tmp_path).ended("a")


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (str(2 * GIB), "memory limit of 2 GB was"),
        (str(GIB * 3 // 2), "memory limit of 1.5 GB was"),
        (str(300 << 20), "memory limit of 300 MB was"),
        ("9223372036854771712", "the memory of this server was"),
        ("max", "the memory of this server was"),
    ],
)
def test_the_limit_in_words(tmp_path: Path, size: str, words: str):
    Group(tmp_path, 2, size)

    assert words in memory.Limit(tmp_path).reason()


def test_a_machine_without_cgroups(tmp_path: Path):
    limit = memory.Limit(tmp_path / "none")

    assert limit.kills() == 0
    assert limit.size() == ""
    assert not limit.ended("a")


class Session:
    def msg(self, kind: str, content: Any, parent: Any) -> dict[str, Any]:
        header = {"msg_id": "mine", "msg_type": kind}
        return {
            "header": header,
            "msg_type": kind,
            "parent_header": parent["header"],
            "metadata": {},
            "content": content,
        }

    def pack(self, part: Any) -> bytes:
        return json.dumps(part).encode()


class Log:
    def warning(self, *_: Any) -> None: ...


class Websocket:
    """A kernel's, as Jupyter Server's: what went through it, and what it said."""

    log, session, kernel_id = Log(), Session(), "k"

    def __init__(self, subprotocol: str | None):
        self.subprotocol = subprotocol
        self.passed: list[Any] = []
        self.said: list[Any] = []

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        self.passed.append(incoming_msg)

    def handle_outgoing_message(self, stream: Any, outgoing_msg: Any) -> None:
        self.passed.append(outgoing_msg)

    def on_kernel_restarted(self) -> None:
        self.said.append("restarting")

    def on_restart_failed(self) -> None:
        self.said.append("dead")

    def write_message(self, message: Any, binary: bool = False) -> None:
        self.said.append(parts(message) if binary else json.loads(message))


def parts(message: bytes) -> dict[str, Any]:
    """Read a message as the notebook does: the v1 websocket protocol."""
    count = int.from_bytes(message[:8], "little")
    at = [int.from_bytes(message[8 * n : 8 * n + 8], "little") for n in range(1, count + 1)]
    channel, *rest = (message[start:end] for start, end in itertools.pairwise(at))
    names = ("header", "parent_header", "metadata", "content")
    found = {name: json.loads(part) for name, part in zip(names, rest, strict=True)}
    return {**found, "channel": channel.decode(), "msg_type": found["header"]["msg_type"]}


def cell(identity: str, subprotocol: str | None, kind: str = "execute_request") -> Any:
    header = {"msg_id": identity, "msg_type": kind}
    if subprotocol:
        return memory.framed("shell", [json.dumps(one).encode() for one in (header, {}, {}, {})])
    return json.dumps({"header": header, "channel": "shell", "content": {}})


def reply(identity: str, kind: str = "execute_reply") -> list[bytes]:
    header, parent = {"msg_type": kind}, {"msg_id": identity}
    rest = [json.dumps(one).encode() for one in (header, parent, {}, {})]
    return [b"whom", b"<IDS|MSG>", b"signature", *rest]


@pytest.fixture(params=[None, memory.V1], ids=["json", "v1"])
def open_socket(request: pytest.FixtureRequest, limit: memory.Limit) -> Any:
    return memory.telling(Websocket, limit)(request.param)


def test_the_running_cell_fails_and_the_next_is_aborted(group: Group, open_socket: Any):
    for name in ("done", "running", "waiting"):
        open_socket.handle_incoming_message(cell(name, open_socket.subprotocol))
    open_socket.handle_outgoing_message("shell", reply("done"))
    group.kill(1)

    open_socket.on_kernel_restarted()

    said = open_socket.said
    assert said.pop() == "restarting"
    told = [(one["channel"], one["msg_type"], one["parent_header"]["msg_id"]) for one in said]
    assert told == [
        ("iopub", "error", "running"),
        ("shell", "execute_reply", "running"),
        ("iopub", "status", "running"),
        ("shell", "execute_reply", "waiting"),
        ("iopub", "status", "waiting"),
    ]
    assert said[0]["content"]["ename"] == "MemoryLimit"
    assert "memory limit of 2 GB" in said[0]["content"]["traceback"][0]
    assert [said[1]["content"]["status"], said[3]["content"]["status"]] == ["error", "aborted"]
    assert len(open_socket.passed) == 4


def test_a_kernel_that_fails_to_restart(group: Group, open_socket: Any):
    open_socket.handle_incoming_message(cell("running", open_socket.subprotocol))
    group.kill(1)

    open_socket.on_restart_failed()

    assert open_socket.said[0]["content"]["ename"] == "MemoryLimit"
    assert open_socket.said[-1] == "dead"


@pytest.mark.parametrize("kills", [0, 1])
def test_nothing_is_told_where_no_cell_ran_or_nothing_was_killed(
    group: Group, open_socket: Any, kills: int
):
    kind = "execute_request" if kills == 0 else "complete_request"
    open_socket.handle_incoming_message(cell("a", open_socket.subprotocol, kind))
    group.kill(kills)

    open_socket.on_kernel_restarted()

    assert open_socket.said == ["restarting"]


@pytest.mark.parametrize(
    "message", ["", "[]", "{}", '{"header": "execute_request"}', b"", b"x" * 40, None]
)
def test_what_is_no_message_is_passed_on(open_socket: Any, message: Any):
    open_socket.handle_incoming_message(message)
    open_socket.handle_incoming_message(cell("a", open_socket.subprotocol))
    for odd in ([], [b"<IDS|MSG>"], [b"<IDS|MSG>", b"", b"execute_reply", b"{"], reply("b", "x")):
        open_socket.handle_outgoing_message("shell", odd)

    assert len(open_socket.passed) == 6
