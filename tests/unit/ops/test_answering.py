"""Whether the hub answers is asked as a browser asks: over TLS, by its public name."""

from __future__ import annotations

import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from hubkit.ops import answering, certificates


class Hub(BaseHTTPRequestHandler):
    """Answers with the status in `status` and remembers by which name it was asked."""

    status = 200
    asked: ClassVar = []

    def do_GET(self):
        self.asked.append((self.path, self.headers["Host"]))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def edge(tmp_path):
    """Return a server with a self-signed certificate and the names TLS clients asked for."""
    certificates.make_self_signed(tmp_path, "hub.example.org")
    names = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "jupyterhub.crt", tmp_path / "jupyterhub.key")
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    handler = type("Handler", (Hub,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port, handler, names
        server.shutdown()
        thread.join()


def test_healthy(edge):
    """A hub that says 200 is healthy; it is asked for by its public name, not this machine's."""
    port, hub, names = edge

    assert answering.health("hub.example.org", port) == ""
    assert names == ["hub.example.org"]
    assert hub.asked == [("/hub/health", f"hub.example.org:{port}")]


@pytest.mark.parametrize("status", [204, 302, 404, 502, 503])
def test_unhealthy(edge, status):
    """Any other status is said."""
    port, hub, _ = edge
    hub.status = status

    assert answering.health("hub.example.org", port) == f"status {status}"


def test_nobody_there():
    """A port nobody listens on is said to refuse."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert "refused" in answering.health("localhost", free.getsockname()[1])


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.0 400 Bad Request\r\n\r\n", id="plain HTTP"),
    ],
)
def test_no_tls(answer):
    """What speaks no TLS is said not to, in words, and not raised."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        assert answering.health("localhost", listening.getsockname()[1])
        thread.join()


def test_silence(monkeypatch):
    """Who accepts a connection and says nothing is not waited for for ever."""
    monkeypatch.setattr(answering, "SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert "timed out" in answering.health("localhost", listening.getsockname()[1])


def test_ip_address(edge):
    """A hub reached by an address is asked for by it; TLS names no address."""
    port, hub, names = edge

    assert answering.health("127.0.0.1", port) == ""
    assert names == [None]
    assert hub.asked == [("/hub/health", f"127.0.0.1:{port}")]
