"""What the gateway serves: kernels and their specifications, to their owners.

Kernel Gateway's own sessions are not served: they know no owners, and Jupyter Server keeps
its sessions itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from jupyter_client.jsonutil import json_default
from jupyter_server.auth.decorator import authorized
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from jupyter_server.utils import url_path_join
from kernel_gateway.base.handlers import default_handlers as base_handlers
from kernel_gateway.jupyter_websocket import JupyterWebsocketPersonality
from kernel_gateway.mixins import CORSMixin, TokenAuthorizationMixin
from kernel_gateway.services.kernels import handlers as kernels
from kernel_gateway.services.kernelspecs.handlers import default_handlers as spec_handlers
from tornado import web

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class MainKernelHandler(kernels.MainKernelHandler):
    """Lists and starts kernels.

    Kernel Gateway's own hands the environment over by replacing a method of the kernel
    manager while it waits, so that with two users at a time one could get the other's.
    """

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the user's own kernels."""
        own = set(self.kernel_manager.of(self.current_user.username))
        listed = [model for model in self.kernel_manager.list_kernels() if model["id"] in own]
        self.finish(json.dumps(listed, default=json_default))

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Start a kernel for the user; neither its id nor its folder can be chosen."""
        user, manager = self.current_user.username, self.kernel_manager
        asked = self.get_json_body() or {}
        name = asked.get("name") or manager.default_kernel_name
        if not isinstance(name, str):
            raise web.HTTPError(400, "name must be a text.")
        env = environment(asked.get("env") or {}, user, self.env_whitelist)
        manager.check_spec(name)
        kernel_id = await manager.start_kernel(user=user, kernel_name=name, env=env)
        self.set_header("Location", url_path_join(self.base_url, "api", "kernels", kernel_id))
        self.set_status(201)
        self.finish(json.dumps(manager.kernel_model(kernel_id), default=json_default))


def environment(asked: Any, user: str, allowed: Iterable[str]) -> dict[str, str]:
    """Return the environment for a kernel of *user*: what was asked for and may be.

    Nothing of the gateway's own is in it but where programs are.

    Raises:
        HTTPError: 403 if it is for somebody else, 400 if it is no environment.
    """
    if not isinstance(asked, dict) or not all(
        isinstance(value, str) and "\0" not in value for value in asked.values()
    ):
        raise web.HTTPError(400, "env must be an object of texts.")
    claimed = asked.get("KERNEL_USERNAME") or user
    if claimed != user:
        said = f"KERNEL_USERNAME is {claimed!r}, but the certificate is for {user!r}."
        raise web.HTTPError(403, said)
    names = {name for name in asked if NAME.fullmatch(name)}
    admitted = {name for name in names if name.startswith("KERNEL_") or name in set(allowed)}
    return {"PATH": PATH, **{name: asked[name] for name in admitted}, "KERNEL_USERNAME": user}


PATH = "/opt/gateway/bin:/usr/local/bin:/usr/bin:/bin"


class SocketHandler(TokenAuthorizationMixin, CORSMixin, KernelWebsocketHandler):
    """A websocket to a kernel, closed when its certificate does not count any more."""

    async def open(self, kernel_id: str) -> None:
        """Remember the connection, and connect."""
        self.settings["hubkit_sockets"].add(self)
        await super().open(kernel_id)


class OwnPersonality(JupyterWebsocketPersonality):
    """Kernel Gateway's usual interface, without what knows no owners."""

    def create_request_handlers(self) -> list[tuple[Any, ...]]:
        """Return what answers at which path."""
        own = {"MainKernelHandler": MainKernelHandler, "KernelWebsocketHandler": SocketHandler}
        served = [*kernels.default_handlers, *spec_handlers, *base_handlers]
        return [
            (url_path_join("/", self.parent.base_url, path), own.get(kind.__name__, kind), *rest)
            for path, kind, *rest in served
        ]


def create_personality(*args: Any, **kwargs: Any) -> OwnPersonality:
    """Return the personality; Kernel Gateway calls this, as ``api`` names this module."""
    return OwnPersonality(*args, **kwargs)
