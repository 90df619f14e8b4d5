"""Send a server's kernels to a kernel gateway: the environment, and what is placed for it.

Names of the environment: ``JUPYTER_GATEWAY_*`` is Jupyter Server's
(``jupyter_server/gateway/gateway_client.py``), ``KG_*`` and ``VALIDATE_KG_CERT`` are those
of nb2kg and of notebook images made for it, which still exist.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from hubkit import stack
from hubkit.certs.places import Names
from hubkit.errors import Problem
from hubkit.settings import Settings

FOLDER = PurePosixPath("/etc/jupyterpki")
NOBODY = Names("nobody.key", "nobody.crt", "gateway-ca.pem")


@dataclass(frozen=True)
class Gateway:
    """A kernel gateway and how servers speak with it.

    Attributes:
        url: Where it is; "" for none.
        ws_url: Where its websockets are; "" for the same place.
        token: The token all users share; "" for none.
        validate: Whether its certificate is checked.
        names: How the files of client certificates are called; None where people prove
            themselves by the token alone.
        ca_file: Path of the authorities trusted for it where people have no
            certificates; "" for the public ones.
        allowed_envs: Names of the environment sent along with each kernel.
        connect_timeout: Seconds.
        request_timeout: Seconds.
        retries: How often a broken connection to a kernel is tried again, after 1, 2, 4, …
            seconds, at most 30.
        local_without: Whether a user without certificate gets local kernels instead of
            a refusal.
    """

    url: str = ""
    ws_url: str = ""
    token: str = field(default="", repr=False)
    validate: bool = True
    names: Names | None = None
    ca_file: str = ""
    allowed_envs: tuple[str, ...] = ()
    connect_timeout: int = 40
    request_timeout: int = 60
    retries: int = 5
    local_without: bool = False

    @classmethod
    def of(cls, env: Settings) -> Gateway:
        """Return the gateway the settings describe."""
        names = Names(env.client_key, env.client_cert, env.client_ca or Names().ca)
        return cls(
            url=env.kg_url,
            ws_url=env.kg_ws_url,
            token=env.kg_auth_token,
            validate=env.validate_kg_cert,
            names=names if env.client_cert else None,
            ca_file=stack.secret(env.kg_ca_file),
            allowed_envs=env.kg_allowed_envs,
            connect_timeout=env.kg_connect_timeout,
            request_timeout=env.kg_request_timeout,
            retries=env.kg_retries,
            local_without=env.kg_without_cert == "local",
        )

    def environment(self, user: str, names: Names | None) -> dict[str, str]:
        """Return the environment of the server of *user*.

        Args:
            user: The hub user; the kernel runs for nobody else.
            names: The files placed in `FOLDER`; None for none.
        """
        if not self.url:
            return {}
        scheme, separator, rest = self.url.partition("://")
        socket = self.ws_url or f"{'wss' if scheme == 'https' else 'ws'}{separator}{rest}"
        found = {
            "KERNEL_USERNAME": user,
            "JUPYTER_GATEWAY_URL": self.url,
            "JUPYTER_GATEWAY_WS_URL": socket,
            "JUPYTER_GATEWAY_CONNECT_TIMEOUT": str(self.connect_timeout),
            "JUPYTER_GATEWAY_REQUEST_TIMEOUT": str(self.request_timeout),
            "JUPYTER_GATEWAY_RETRY_MAX": str(self.retries),
            # Both programs take "no" and "false" for no, and anything else for yes.
            "JUPYTER_GATEWAY_VALIDATE_CERT": "true" if self.validate else "false",
            "KG_URL": self.url,
            "KG_WS_URL": socket,
            "KG_CONNECT_TIMEOUT": str(self.connect_timeout),
            "KG_REQUEST_TIMEOUT": str(self.request_timeout),
            "KG_WS_RETRY_MAX": str(self.retries),
            "VALIDATE_KG_CERT": "true" if self.validate else "false",
        }
        if self.allowed_envs:
            found["JUPYTER_GATEWAY_ALLOWED_ENVS"] = ",".join(self.allowed_envs)
            found["KG_ENV_WHITELIST"] = ",".join(self.allowed_envs)
        if self.token:
            found |= {"JUPYTER_GATEWAY_AUTH_TOKEN": self.token, "KG_AUTH_TOKEN": self.token}
        else:
            found["KG_HTTP_USER"] = user  # nb2kg would send it instead of the token
        return found | (_files(names) if names else {})


def _files(names: Names) -> dict[str, str]:
    key, certificate, ca = (str(FOLDER / one) for one in (names.key, names.certificate, names.ca))
    return {
        "JUPYTER_GATEWAY_CLIENT_KEY": key,
        "JUPYTER_GATEWAY_CLIENT_CERT": certificate,
        "JUPYTER_GATEWAY_CA_CERTS": ca,
        "KG_CLIENT_KEY": key,
        "KG_CLIENT_CERT": certificate,
        "KG_CLIENT_CA": ca,
        # Images of older deployments make KG_CLIENT_* out of these names.
        "CLIENT_KEY": names.key,
        "CLIENT_CERT": names.certificate,
        "CLIENT_CA": names.ca,
    }


def problems(env: Settings) -> list[Problem]:
    """Return what does not fit together in the settings of the gateway."""
    found = []
    if bool(env.client_key) != bool(env.client_cert):
        given, missing = ("KEY", "CERT") if env.client_key else ("CERT", "KEY")
        shown = f"CLIENT_{given}={env.client_key or env.client_cert}"
        found.append(Problem(shown, f"is of no use without CLIENT_{missing}.", "Set both."))
    if env.client_ca and not env.client_cert:
        cure = "For a gateway without client certificates: KG_CA_FILE=secrets/FILE."
        found.append(
            Problem(f"CLIENT_CA={env.client_ca}", "is of no use without CLIENT_CERT.", cure)
        )
    if env.client_cert and not env.kg_url:
        cure = "Set KG_URL too, or remove it."
        found.append(Problem(f"CLIENT_CERT={env.client_cert}", "counts only with KG_URL.", cure))
    if env.client_cert and env.kg_url.startswith("http://"):
        wrong = "sends no client certificate: that needs https://."
        cure = "Write https://, or remove CLIENT_KEY, CLIENT_CERT and CLIENT_CA."
        found.append(Problem(f"KG_URL={env.kg_url}", wrong, cure))
    if env.kg_ws_url and _differ(env.kg_url, env.kg_ws_url):
        wrong = f"does not lead to KG_URL={env.kg_url}."
        cure = "Leave it empty: it is derived."
        found.append(Problem(f"KG_WS_URL={env.kg_ws_url}", wrong, cure))
    return found + _overridden(env)


def _overridden(env: Settings) -> list[Problem]:
    """Return what SERVER_ENV says in vain: the hub decides whose kernels they are, and where."""
    secret = replace(Gateway.of(env), token="x", allowed_envs=("x",))  # noqa: S106
    decided = {**Gateway.of(env).environment("", NOBODY), **secret.environment("", NOBODY)}
    names = {"KERNEL_USERNAME", *decided} & set(env.server_env)
    wrong = "is set by the hub for each server, from the settings of the kernel gateway."
    return [Problem(f"SERVER_ENV: {name}", wrong, "Remove it there.") for name in sorted(names)]


def _differ(url: str, socket: str) -> bool:
    one, other = urlsplit(url), urlsplit(socket)
    same_scheme = (one.scheme, other.scheme) in {("http", "ws"), ("https", "wss")}
    return not same_scheme or one.netloc.lower() != other.netloc.lower()
