"""Users' servers of a few lines inside the hub's process: they say what was asked for."""

from __future__ import annotations

import secrets
from typing import Any

from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler, HubOAuthenticated
from jupyterhub.spawner import Spawner
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler, authenticated

from tests.support import free_port


class Api(RequestHandler):
    """What the hub looks at to see that the server is up."""

    def get(self) -> None:
        self.finish({"version": "0"})


class Anything(HubOAuthenticated, RequestHandler):
    """Every other page."""

    async def prepare(self) -> None:
        # Not in `current_user`, which waits for a hub that is in the same thread.
        await self.hub_auth.get_user(self, sync=False)

    @authenticated
    def get(self) -> None:
        self.finish({"name": self.current_user["name"], "uri": self.request.uri})


class TinyServer(Spawner):
    """Starts a server that asks the hub who comes, as Jupyter's own does."""

    server_running: HTTPServer | None = None

    async def start(self) -> tuple[str, int]:
        env = self.get_env()
        names = ("API_TOKEN", "API_URL", "BASE_URL", "HOST")
        told = {
            name.lower().replace("host", "hub_host"): env[f"JUPYTERHUB_{name}"] for name in names
        }
        told["hub_prefix"] = f"{env['JUPYTERHUB_BASE_URL']}hub/"
        prefix = env["JUPYTERHUB_SERVICE_PREFIX"]
        auth = HubOAuth(
            **{**told, "base_url": prefix},
            oauth_client_id=env["JUPYTERHUB_CLIENT_ID"],
            oauth_redirect_uri=f"{prefix}oauth_callback",
            access_scopes=set(self.oauth_access_scopes or ()),
        )
        settings = {"hub_auth": auth}

        def asking(base: type) -> type:
            return type(base.__name__, (base,), settings)

        pages: list[Any] = [
            (f"{prefix}api", Api),
            (f"{prefix}oauth_callback", asking(HubOAuthCallbackHandler)),
            (".*", asking(Anything)),
        ]
        application = Application(pages, cookie_secret=secrets.token_bytes(32))
        port = free_port()
        self.server_running = application.listen(port, "127.0.0.1")
        return "127.0.0.1", port

    async def poll(self) -> int | None:
        return None if self.server_running else 0

    async def stop(self, now: bool = False) -> None:
        if self.server_running:
            self.server_running.stop()
            self.server_running = None
