"""The settings by which a provider knows this hub, the same for all OAuth providers."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from traitlets.config import Config

from hubkit import settings
from hubkit.errors import HIDDEN, Problem
from hubkit.settings import Settings

FORMS = {"native", "ldap"}  # ways to sign in that no provider sends anybody back from
PUBLIC_GITHUB = "https://github.com"
CONNECT_SECONDS, REQUEST_SECONDS = 5.0, 10.0


def callback_path(env: Settings, word: str) -> str:
    """Return where the provider *word* sends people back to; see `hubkit.auth.several`."""
    return f"/hub{'' if len(env.auth) == 1 else f'/{word}'}/oauth_callback"


def callback_url(env: Settings, word: str) -> str:
    """Return the address to register with the provider."""
    return env.oauth_callback_url or f"{env.public_url.rstrip('/')}{callback_path(env, word)}"


def configure(c: Any, env: Settings, made: type, title: str, client: str = "oauth") -> Config:
    """Set what all providers need; return the section of *made* for what only one needs.

    Args:
        c: JupyterHub's configuration.
        env: The settings.
        made: The authenticator's class.
        title: The provider, as people read it.
        client: Begin of the names of the settings with client id and secret.
    """
    section: Config = c[made.__name__]
    section.login_service = title
    section.client_id = getattr(env, f"{client}_client_id")
    section.client_secret = getattr(env, f"{client}_client_secret")
    section.oauth_callback_url = callback_url(env, str(made.way))  # type: ignore[attr-defined]
    section.validate_server_cert = True  # else an environment variable turns it off
    section.http_request_kwargs = {
        "connect_timeout": CONNECT_SECONDS,
        "request_timeout": REQUEST_SECONDS,
        "follow_redirects": False,  # secrets go nowhere else
    }
    if env.oauth_ca_file and not (client == "github" and is_public_github(env)):
        section.http_request_kwargs["ca_certs"] = str(settings.ROOT / env.oauth_ca_file)
    return section


def claims(section: Config, env: Settings, *, scope: list[str], name: str) -> None:
    """Set scopes and claims, the given ones where the settings name none."""
    section.scope = list(env.oauth_scope) or scope
    section.username_claim = env.oauth_username_claim or name


def groups(section: Config, env: Settings) -> None:
    """Make the groups of the provider groups of the hub."""
    section.manage_groups = True
    section.groups_claim = env.oauth_groups_claim or "groups"


def place(url: str, public: str = "") -> str:
    """Return host and path of a provider's address, in one spelling; "" for *public*."""
    parts = urlsplit(url)
    host = parts.netloc.lower().removesuffix(":443")
    found = f"{host}{parts.path.rstrip('/')}"
    return "" if public and found == place(public) else found


def is_public_github(env: Settings) -> bool:
    """Return whether GITHUB_URL is GitHub itself, whose certificate is a public one."""
    return env.github_url == PUBLIC_GITHUB


def problems(
    env: Settings, word: str, where: str, client: str = "oauth", *, address: str = ""
) -> list[Problem]:
    """Return what is wrong with the settings *word* needs.

    Args:
        env: The settings.
        word: The provider's word in AUTH.
        where: Where one registers a hub with the provider.
        client: Begin of the names of the settings with client id and secret.
        address: What OAUTH_URL must be, where it must be set.
    """
    found = _client(env, word, where, client)
    if address and not env.oauth_url:
        found.append(Problem("OAUTH_URL=", f"must be set with AUTH={word}.", f"Write {address}."))
    return found + _callback(env, word)


def _client(env: Settings, word: str, where: str, client: str) -> list[Problem]:
    found = []
    register = f"Register this hub at {where}, with the callback address {callback_url(env, word)}"
    for part in ("client_id", "client_secret"):
        name, value = f"{client}_{part}".upper(), str(getattr(env, f"{client}_{part}"))
        cure = f"{register}, and write what it gives you."
        if not value:
            if part == "client_secret":
                cure = f"{cure[:-1]}: here, or into a file named by {name}_FILE."
            found.append(Problem(f"{name}=", f"must be set with AUTH={word}.", cure))
        elif len(value.split()) != 1 or not value.isprintable():
            shown = HIDDEN if part == "client_secret" else value
            cure = "Copy it again from the provider's page, and nothing besides."
            found.append(Problem(f"{name}={shown}", "must be without spaces.", cure))
    return found


def _callback(env: Settings, word: str) -> list[Problem]:
    written = env.oauth_callback_url
    if not written:
        return []
    shown = f"OAUTH_CALLBACK_URL={written}"
    if word != "github" and "github" in env.auth:
        wrong = f"cannot serve both github and {word}."
        return [Problem(shown, wrong, "Remove it: each then gets an address of its own.")]
    found = []
    parts, path = urlsplit(written), callback_path(env, word)
    both = word == "github" and len([one for one in env.auth if one not in FORMS]) > 1
    if parts.path != path and not both:
        wrong = f"must end in {path} with AUTH={','.join(env.auth)}."
        found.append(Problem(shown, wrong, "Correct it, or remove it and it is derived."))
    if (parts.hostname or "") != env.hub_domain:
        wrong = f"leads elsewhere than HUB_DOMAIN={env.hub_domain}."
        cure = "Make the two name one host: a sign-in ends where it began, or fails."
        found.append(Problem(shown, wrong, cure))
    return found
