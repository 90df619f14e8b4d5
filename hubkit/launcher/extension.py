"""A server extension: cells answer at once, and say when the memory limit ended them."""

from __future__ import annotations

import os
import sys
from typing import Any

from hubkit.launcher import countdown, memory, quick

LOOK_SECONDS = 10  # between looks at what the memory limit ended
AGAIN_SECONDS = 0.005
CONNECTION = "kernel_websocket_connection_class"


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(serverapp: Any) -> None:
    # The others of a server's parts are not there yet; and while they are made, the loop of
    # events may already turn for a while.
    serverapp.io_loop.add_callback(_when_started, serverapp)


def _when_started(serverapp: Any) -> None:
    server = getattr(serverapp, "http_server", None)
    if server is None:
        serverapp.io_loop.call_later(AGAIN_SECONDS, _when_started, serverapp)
        return
    quick.end()
    send_at_once(server)
    tell_of_memory(serverapp)
    countdown.show(serverapp.web_app, countdown.seconds(os.environ.get(countdown.ENDS)))
    serverapp.log.info("hubkit: TCP_NODELAY is set, the memory limit is watched")


def send_at_once(server: Any) -> None:
    """Let *server*, tornado's `HTTPServer`, keep TCP_NODELAY set on each of its connections.

    Without it the second of two small messages waits 40 ms for the first's acknowledgement.
    Websockets of kernels, terminals and anything else live on these connections.
    """
    handle = server.handle_stream

    def handle_stream(stream: Any, address: Any) -> Any:
        stream.set_nodelay(True)
        # tornado 6.6 takes it back after each request, an upgrade to a websocket included.
        stream.set_nodelay = lambda _value: None
        return handle(stream, address)

    server.handle_stream = handle_stream


def tell_of_memory(serverapp: Any) -> None:
    """Let kernels' websockets say when the container's memory limit ended a kernel."""
    base = serverapp.web_app.settings.get(CONNECTION)
    # Remote kernels have no use for it: their memory is elsewhere.
    needed = ("handle_incoming_message", "on_kernel_restarted", "on_restart_failed", "session")
    if not sys.platform.startswith("linux") or not all(hasattr(base, name) for name in needed):
        return
    from tornado.ioloop import PeriodicCallback  # noqa: PLC0415 (only where it is needed)

    limit = memory.Limit()
    serverapp.web_app.settings[CONNECTION] = memory.telling(base, limit)
    PeriodicCallback(limit.look, LOOK_SECONDS * 1000).start()
