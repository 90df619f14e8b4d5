"""Settings of every user's server."""

import logging
import os
import ssl
from typing import Any

from jupyter_server.gateway.managers import GatewayMappingKernelManager
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

    class GatewayKernels(GatewayMappingKernelManager):
        """Says on the page why the gateway starts no kernel.

        Jupyter Server 2.21 shows "Unhandled error" for TLS, and "%s" in place of the rest.
        """

        def __init__(self, **given: Any):
            super().__init__(**given)
            self.log.addFilter(without_environment)

        async def start_kernel(self, **given: Any) -> Any:
            """Start one, or say why not."""
            try:
                return await super().start_kernel(**given)
            except HTTPError as error:
                said = str(error.log_message)
                said = said % error.args if error.args else said
                raise HTTPError(error.status_code, said) from error
            except ssl.SSLCertVerificationError as error:
                said = f"The kernel gateway's certificate is refused: {error.verify_message}."
                raise HTTPError(503, said) from error
            except ssl.SSLError as error:
                # TLSV1_ALERT_UNKNOWN_CA, SSLV3_ALERT_CERTIFICATE_REVOKED, …
                why = str(error.reason).rpartition("ALERT_")[2].replace("_", " ").lower()
                raise HTTPError(503, f"The kernel gateway refuses this user: {why}.") from error

    c.ServerApp.kernel_manager_class = GatewayKernels
