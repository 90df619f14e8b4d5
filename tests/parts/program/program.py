"""Says what it was asked for, by whom it cannot know; a websocket gets back what it sends."""

import base64
import hashlib
import http.server
import json
import signal
import sys
import time

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self._echo()
            return
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps(
            {
                "method": self.command,
                "path": self.path,
                "sent": sent.decode(),
                "headers": dict(self.headers),
                "told": sys.argv[2:],
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 (http.server looks for it)

    def _echo(self):
        key = self.headers["Sec-WebSocket-Key"].encode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        accepted = base64.b64encode(hashlib.sha1(key + MAGIC, usedforsecurity=False).digest())
        self.send_header("Sec-WebSocket-Accept", accepted.decode())
        self.end_headers()
        self.wfile.flush()
        _, length = self.rfile.read(2)  # one short text, masked
        mask, text = self.rfile.read(4), self.rfile.read(length & 0x7F)
        plain = bytes(one ^ mask[at % 4] for at, one in enumerate(text))
        self.wfile.write(bytes([0x81, len(plain)]) + plain)
        self.close_connection = True


def end(*_):
    time.sleep(0.5)  # as who writes a file
    print("ended in order", flush=True)  # noqa: T201
    sys.exit()


signal.signal(signal.SIGTERM, end)
# What keeps others out is none of its business.
EVERYWHERE = "0.0.0.0"  # noqa: S104
http.server.ThreadingHTTPServer((EVERYWHERE, int(sys.argv[1])), Answer).serve_forever()
