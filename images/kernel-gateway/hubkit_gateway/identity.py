"""The user is who the client certificate names, and touches nobody else's kernels."""

from __future__ import annotations

from typing import Any

from cryptography import x509
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.identity import User
from kernel_gateway.auth.identity import GatewayIdentityProvider
from tornado import web

from hubkit_gateway.certificates import Nobody, identity

RESOURCES = {"kernels", "kernelspecs", "api"}


class CertificateIdentityProvider(GatewayIdentityProvider):
    """Takes the user from the certificate the connection was made with.

    No cookie, and no token by itself, says who somebody is.
    """

    @property
    def auth_enabled(self) -> bool:
        """Whether anybody must prove who they are: always."""
        return True

    def get_user(self, handler: Any) -> User:
        """Return the user the certificate names.

        Called before every request and every websocket by `JupyterHandler.prepare`.

        Raises:
            HTTPError: 401, with the reason, if it names nobody or does not count any more.
        """
        certificate = certificate_of(handler)
        wrong = handler.settings["hubkit_trust"].why_refused(certificate)
        if wrong:
            raise web.HTTPError(401, wrong)
        handler.certificate = certificate  # a websocket that is open cannot be asked for it
        try:
            return User(identity(certificate))
        except Nobody as error:
            raise web.HTTPError(401, str(error)) from error


def certificate_of(handler: Any) -> x509.Certificate:
    """Return the certificate of whoever is at the other end."""
    try:
        return x509.load_der_x509_certificate(handler.request.get_ssl_certificate(True))
    except (AttributeError, TypeError, ValueError) as error:
        raise web.HTTPError(401, "There is no certificate that can be read.") from error


class OwnKernelsAuthorizer(Authorizer):
    """Lets a user at their own kernels; to everybody else there is no such kernel."""

    def is_authorized(self, handler: Any, user: User, action: str, resource: str) -> bool:  # noqa: ARG002
        """Return whether *user* may, by what is asked for and whose it is.

        Called by every handler of kernels, its websocket's included.

        Raises:
            HTTPError: 404 for somebody else's kernel, in the words for one that is not there.
        """
        kernel_id = handler.path_kwargs.get("kernel_id")
        if kernel_id and handler.kernel_manager.owner_of(kernel_id) != user.username:
            raise web.HTTPError(404, f"Kernel does not exist: {kernel_id}")
        return resource in RESOURCES
