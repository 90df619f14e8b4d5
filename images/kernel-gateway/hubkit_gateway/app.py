"""The gateway: Kernel Gateway's application, with its choices made."""

from __future__ import annotations

import grp
import os
import pwd
import secrets
import weakref
from pathlib import Path
from typing import Any

from jupyter_server.log import log_request
from kernel_gateway.gatewayapp import KernelGatewayApp
from tornado.httpserver import HTTPServer
from tornado.ioloop import PeriodicCallback
from traitlets import Instance
from traitlets.config import Config

from hubkit_gateway import provisioner
from hubkit_gateway.accounts import FIRST_UID, Accounts
from hubkit_gateway.identity import CertificateIdentityProvider, OwnKernelsAuthorizer
from hubkit_gateway.kernels import OwnedKernelManager
from hubkit_gateway.settings import Settings
from hubkit_gateway.trust import Trust

DATA = Path("/data")
RECHECK_SECONDS = 2.0
NARROWED = "The gateway trusts other authorities now."


class HubkitGateway(KernelGatewayApp):
    """Serves whoever has a certificate, each their own kernels."""

    settings = Instance(Settings)
    trust = Instance(Trust)

    def init_configurables(self) -> None:
        """Decide what neither a configuration file nor KG_… may, then make the parts."""
        settings = self.settings
        self.ip, self.port, self.port_retries = "0.0.0.0", settings.port, 0  # noqa: S104
        self.auth_token, self.keyfile = settings.token, str(settings.files.key)
        self.api = "hubkit_gateway.personality"
        self.prespawn_count, self.seed_uri, self.force_kernel_name = 0, None, ""
        self.env_process_whitelist = []
        self.cookie_secret = secrets.token_bytes(32)
        self.kernel_manager_class = OwnedKernelManager
        self.identity_provider_class = CertificateIdentityProvider
        self.authorizer_class = OwnKernelsAuthorizer
        self.update_config(laws(settings))
        super().init_configurables()
        self.kernel_manager.accounts = Accounts(DATA / "accounts", DATA / "homes", system_names())

    def init_webapp(self) -> None:
        """Give the handlers what they ask for; a token in an address is not logged."""
        super().init_webapp()
        self.sockets: weakref.WeakSet[Any] = weakref.WeakSet()
        self.web_app.settings.update(
            hubkit_trust=self.trust, hubkit_sockets=self.sockets, log_function=log_request
        )

    def init_http_server(self) -> None:
        """Listen on the port that was asked for, and on no other."""
        self.http_server = HTTPServer(self.web_app, ssl_options=self.trust.context)
        try:
            self.http_server.listen(self.port, self.ip)
        except OSError as error:
            self.log.critical("GATEWAY_PORT=%d: %s", self.port, error.strerror)
            self.exit(1)

    def start_app(self) -> None:
        """Keep looking at the files, from the start on."""
        super().start_app()
        self.rechecking = PeriodicCallback(self.recheck, RECHECK_SECONDS * 1000)
        self.rechecking.start()

    async def recheck(self) -> None:
        """Take changed files into account; close what an end of trust left open."""
        changed = self.trust.refresh()
        if changed:
            self.http_server.ssl_options = self.trust.context
        self.auth_token = self.settings.token_now(self.auth_token)
        self.web_app.settings["kg_auth_token"] = self.auth_token
        # A handshake shows whose certificate still leads to an authority, nothing else does.
        again = NARROWED if changed and self.trust.narrowed else ""
        for closed in self.trust.close_refused(self.sockets, again):
            self.log.warning("closing a connection of %s", closed)
        if again:
            await self.http_server.close_all_connections()


def laws(settings: Settings) -> Config:
    """Return what the parts are told."""
    told = Config()
    told.MappingKernelManager.cull_idle_timeout = settings.idle_timeout
    told.MappingKernelManager.cull_interval = max(1, min(300, settings.idle_timeout // 2))
    # Kernels listen on ports of one machine, where everybody's kernels could listen in.
    told.MappingKernelManager.transport_encryption = "required"
    told.OwnedKernelManager.kernels_per_user = settings.kernels_per_user
    told.KernelProvisionerFactory.default_provisioner_name = provisioner.NAME
    told.JupyterWebsocketPersonality.list_kernels = True
    told.JupyterWebsocketPersonality.env_whitelist = list(settings.allowed_envs)
    return told


def system_names() -> frozenset[str]:
    """Return the names of the accounts and groups that the image has."""
    users = {entry.pw_name for entry in pwd.getpwall() if entry.pw_uid < FIRST_UID}
    return frozenset(
        users | {entry.gr_name for entry in grp.getgrall() if entry.gr_gid < FIRST_UID}
    )


def run(settings: Settings, trust: Trust) -> None:
    """Serve until a signal ends it; then all kernels end."""
    # Connection files: everybody passes through, to what is their own.
    runtime = Path(os.environ["JUPYTER_RUNTIME_DIR"])
    runtime.mkdir(exist_ok=True)
    runtime.chmod(0o711)
    HubkitGateway.launch_instance(argv=[], settings=settings, trust=trust)
