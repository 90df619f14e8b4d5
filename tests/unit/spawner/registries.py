"""A registry whose pulls are as a test wants them, and who waits for one."""

from __future__ import annotations

import asyncio
import json
import queue
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LONG = 30.0  # seconds no test takes
END, CUT = object(), object()
DIGEST = f"sha256:{'0' * 64}"


class Registry:
    """An engine whose pulls do what the test says, event by event.

    Attributes:
        asked: (query, headers) of each pull.
        events: What the next pull says: events, then END or CUT.
        refusal: (status, message) instead of a pull.
        left: Set once the hub has closed a pull that had not ended.
    """

    def __init__(self):
        self.asked, self.events, self.refusal = [], queue.Queue(), None
        self.left, self.begun = threading.Event(), threading.Semaphore(0)
        self.answers = threading.Event()
        self.answers.set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"tcp://127.0.0.1:{self.server.server_port}"

    def _handler(registry):  # noqa: N805 (self is the request)
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                registry.asked.append((self.path.partition("?")[2], dict(self.headers)))
                registry.begun.release()
                registry.answers.wait(LONG)
                if registry.refusal:
                    status, message = registry.refusal
                    body = json.dumps({"message": message}).encode() if message else b"sorry"
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                    return
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.flush()
                registry.speak(self)

            def log_message(self, *args):
                pass

        return Handler

    def speak(self, request):
        request.connection.settimeout(0.01)
        while True:
            try:
                event = self.events.get(timeout=0.01)
            except queue.Empty:
                try:
                    if not request.connection.recv(1):
                        self.left.set()
                        return
                except TimeoutError:
                    continue
                except ConnectionError:
                    self.left.set()
                    return
            if event is CUT:
                request.connection.shutdown(socket.SHUT_RDWR)
                return
            text = event if isinstance(event, str) else json.dumps(event, default=str)
            line = b"" if event is END else text.encode() + b"\r\n"
            request.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            if event is END:
                return

    def say(self, *events):
        for event in events:
            self.events.put(event)


class Waiter:
    """Somebody who waits for an image, and what they were told."""

    def __init__(self, pulls, client, image="lab:1"):
        self.told = []
        tell = self.tell
        self.task = asyncio.ensure_future(pulls.pull(client, image, tell))

    def tell(self, percent, sentence):
        self.told.append((percent, sentence))

    async def hears(self, words):
        while not any(words in sentence for _, sentence in self.told):
            await asyncio.sleep(0.002)


def layer(status, current=None, total=None, name="a"):
    detail = {} if current is None else {"current": current, "total": total}
    return {"status": status, "progressDetail": detail, "id": name}
