"""Answers any request with 200, unless MODE says otherwise."""

import http.server
import os
import signal
import sys
import time

MODE = os.environ["MODE"]


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if "/devour" in self.path:
            self.eaten = b"x" * 10**9
        body = MODE.encode()
        self.send_response(200)
        self.send_header("X-JupyterHub-Version", "6.1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
if MODE == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if MODE == "slow":
    time.sleep(4)
if MODE == "exits":
    for number in range(30):
        say("line", number)
    say("token in a log:", os.environ.get("JUPYTERHUB_API_TOKEN"))
    sys.exit(3)
if MODE == "greedy":
    eaten = b"x" * 10**9
if MODE == "deaf":
    time.sleep(600)
http.server.ThreadingHTTPServer(("", 8888), Answer).serve_forever()
