"""The line that tells a visitor when their server ends."""

from __future__ import annotations

import asyncio

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from hubkit.launcher import countdown

LAB = b'<html><body><script id="jupyter-config-data">{}</script><p>\xc3\xa9</p></body></html>'


@pytest.mark.parametrize("page", [b"", b"</body>", LAB.replace(b"</body>", b""), b"config-data"])
def test_other_pages(page):
    """What is no page of JupyterLab, or has no end, stays as it is."""
    assert countdown.inserted(page, 1.0) == page


def test_inserted():
    """The script stands at the end of the body, with the end of the visit."""
    changed = countdown.inserted(LAB, 1234.5)

    assert changed.startswith(LAB.partition(b"</body>")[0])
    assert changed.endswith(b"</script>\n</body></html>")
    assert b"(1234.5, 600)" in changed


@pytest.mark.parametrize(
    ("written", "ends"), [(None, 0.0), ("", 0.0), ("12", 12.0), ("tomorrow", 0.0)]
)
def test_seconds(written, ends):
    assert countdown.seconds(written) == ends


class Page(RequestHandler):
    def get(self, kind):
        self.set_header("Content-Type", {"lab": "text/html", "json": "application/json"}[kind])
        self.write(LAB)


@pytest.mark.parametrize(
    ("kind", "ends", "shown"), [("lab", 99.0, True), ("json", 99.0, False), ("lab", 0.0, False)]
)
@pytest.mark.parametrize("compress", [True, False])
async def test_served(kind, ends, shown, compress):
    """Pages of the server carry it, compressed or not; all else is as it was."""
    application = Application([(r"/(.*)", Page)], compress_response=compress)
    countdown.show(application, ends)
    socket, port = bind_unused_port()
    server = HTTPServer(application)
    server.add_socket(socket)
    try:
        answer = await AsyncHTTPClient(force_instance=True).fetch(f"http://127.0.0.1:{port}/{kind}")
    finally:
        server.stop()
        await asyncio.sleep(0)

    assert (b"hubkit-countdown" in answer.body) == shown
    assert countdown.inserted(LAB, ends) == answer.body if shown else answer.body == LAB
