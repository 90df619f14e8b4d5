"""Settings of every user's server."""

import functools
import json
import logging
import os
import ssl
from typing import Any

from jupyter_server.gateway.connections import GatewayWebSocketConnection
from jupyter_server.gateway.managers import GatewayKernelSpecManager, GatewayMappingKernelManager
from tornado.web import HTTPError

c = get_config()  # noqa: F821 (provided by Jupyter)

# JupyterLab neither calls out at the first login nor asks whether it may.
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"

if os.environ.get("JUPYTER_GATEWAY_URL"):

    def without_environment(record: logging.LogRecord) -> bool:
        """Cut off what a kernel was started with: the environment, tokens included."""
        if "GatewayKernelManager started kernel" in str(record.msg):
            record.msg = str(record.msg).partition(", args:")[0]
        return True

    def refusal(error: ssl.SSLError) -> str:
        """Return why gateway and server refuse each other, as a sentence."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"The kernel gateway's certificate is refused: {error.verify_message}."
        # TLSV1_ALERT_UNKNOWN_CA, SSLV3_ALERT_CERTIFICATE_REVOKED, …
        why = str(error.reason).rpartition("ALERT_")[2].replace("_", " ").lower()
        return f"The kernel gateway refuses this user: {why}."

    def saying_why(method: Any) -> Any:
        """Let *method* say on the page why the gateway does not answer.

        Jupyter Server 2.21 shows "Unhandled error" for TLS, and "%s" in place of the rest.
        """

        @functools.wraps(method)
        async def saying(*args: Any, **given: Any) -> Any:
            try:
                return await method(*args, **given)
            except HTTPError as error:
                said = str(error.log_message)
                said = said % error.args if error.args else said
                raise HTTPError(error.status_code, said) from error
            except ssl.SSLError as error:
                raise HTTPError(503, refusal(error)) from error

        return saying

    class GatewayKernels(GatewayMappingKernelManager):
        """Says why the gateway neither starts nor lists nor ends a kernel."""

        start_kernel = saying_why(GatewayMappingKernelManager.start_kernel)
        list_kernels = saying_why(GatewayMappingKernelManager.list_kernels)
        restart_kernel = saying_why(GatewayMappingKernelManager.restart_kernel)
        interrupt_kernel = saying_why(GatewayMappingKernelManager.interrupt_kernel)
        shutdown_kernel = saying_why(GatewayMappingKernelManager.shutdown_kernel)

        def __init__(self, **given: Any):
            super().__init__(**given)
            self.log.addFilter(without_environment)

    class GatewaySpecs(GatewayKernelSpecManager):
        """Says why the gateway shows no kernels to choose from."""

        list_kernel_specs = saying_why(GatewayKernelSpecManager.list_kernel_specs)
        get_kernel_spec = saying_why(GatewayKernelSpecManager.get_kernel_spec)

    class GatewayConnection(GatewayWebSocketConnection):
        """Says in the cell that the gateway is not reached, instead of nothing for ever.

        Jupyter Server 2.21 drops what a notebook sends while it has no connection.
        """

        def lost(self) -> str:
            """Return why nothing can be sent; nothing while it can, or may soon."""
            if self.ws is not None:
                lost = self.retry > 0 or self.ws.close_code is not None
                return (self.ws.close_reason or "The kernel gateway is away.") if lost else ""
            future = self.ws_future
            error = future.exception() if future and future.done() else None
            if isinstance(error, ssl.SSLError):
                return refusal(error)
            return f"The kernel gateway does not connect to the kernel: {error}." if error else ""

        def handle_incoming_message(self, message: str) -> None:
            """Pass it on, or answer in the kernel's place."""
            why = self.lost()
            asked = json.loads(message) if why and isinstance(message, str) else {}
            if asked.get("header", {}).get("msg_type") != "execute_request":
                super().handle_incoming_message(message)
                return
            error = {"ename": "KernelGateway", "evalue": why, "traceback": [why]}
            for channel, kind, content in (
                ("iopub", "error", error),
                ("shell", "execute_reply", {"status": "error", "execution_count": None, **error}),
                ("iopub", "status", {"execution_state": "idle"}),
            ):
                header = {**asked["header"], "msg_id": os.urandom(16).hex(), "msg_type": kind}
                answer = {"header": header, "msg_id": header["msg_id"], "msg_type": kind}
                answer |= {"parent_header": asked["header"], "metadata": {}, "buffers": []}
                self.handle_outgoing_message(
                    json.dumps({**answer, "channel": channel, "content": content})
                )

    c.ServerApp.kernel_manager_class = GatewayKernels
    c.ServerApp.kernel_spec_manager_class = GatewaySpecs
    c.ServerApp.kernel_websocket_connection_class = GatewayConnection
