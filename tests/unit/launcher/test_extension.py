"""The server extension, on tornado's own server."""

from __future__ import annotations

import gc
import importlib.metadata
import socket
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

from hubkit.launcher import extension, quick


class Echo(WebSocketHandler):
    seen: list[int] = []  # noqa: RUF012

    def open(self) -> None:
        stream: Any = self.ws_connection.stream
        self.seen.append(stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


@pytest.mark.parametrize("own", [False, True], ids=["image without", "image sets it itself"])
async def test_websockets_send_at_once(own: bool):
    class Handler(Echo):
        seen: list[int] = []  # noqa: RUF012

        def open(self) -> None:
            if own:
                self.set_nodelay(True)
            super().open()

    server = HTTPServer(Application([("/", Handler)]))
    sock, port = bind_unused_port()
    server.add_sockets([sock])
    extension.send_at_once(server)

    connection = await websocket_connect(f"ws://127.0.0.1:{port}/")
    connection.close()
    server.stop()
    await server.close_all_connections()

    assert Handler.seen == [1]


async def test_a_unix_socket_has_no_such_thing():
    """Jupyter Server listens on one where so configured."""
    handled = []
    server = HTTPServer(lambda _request: None)
    server.handle_stream = lambda stream, _address: handled.append(stream)
    extension.send_at_once(server)
    ours, theirs = socket.socketpair()
    with theirs:
        stream = IOStream(ours)
        server.handle_stream(stream, "")
        stream.close()

    assert handled == [stream]


def test_classes_without_the_hooks_are_left_alone():
    class App:
        class web_app:  # noqa: N801
            settings = {extension.CONNECTION: object}  # noqa: RUF012

    extension.tell_of_memory(App)

    assert App.web_app.settings[extension.CONNECTION] is object


def test_a_start_collects_no_garbage_and_reads_metadata_once(monkeypatch: pytest.MonkeyPatch):
    reads = []
    real = importlib.metadata.entry_points

    def counted(**params: Any) -> Any:
        reads.append(params)
        return real(**params)

    monkeypatch.setattr(importlib.metadata, "entry_points", counted)
    before = gc.get_threshold()
    quick.begin()
    try:
        asked = importlib.metadata.entry_points
        found = [asked(group="console_scripts", name=name) for name in ("pytest", "hubkit", "x")]
        assert reads == [{}]
        assert gc.get_threshold()[0] == quick.MANY
    finally:
        quick.end()

    assert [len(one) > 0 for one in found][::2] == [True, False]
    assert len(asked(group="console_scripts", name="pytest")) == 1
    assert len(reads) == 2
    assert gc.get_threshold() == before
