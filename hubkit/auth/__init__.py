"""Who may sign in: one provider per file, all in one table.

To add a provider, write a module here with a `PROVIDER` like the others' and one line in
`PROVIDERS`; the contract test then runs over it.

How it fits together: a provider's authenticator proves who somebody is, `guard` decides
by `policy` and `register` whether they may enter (`staying`: and stay), `audit` writes it
down.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from hubkit import stack
from hubkit.auth import demands
from hubkit.auth.policy import Policy
from hubkit.auth.provider import Provider
from hubkit.auth.register import Register
from hubkit.auth.several import prefix, together
from hubkit.errors import ConfigError, Problem
from hubkit.settings import Settings
from hubkit.userlist import Userlist

REFRESH_SECONDS = 5  # between two looks into the register; the provider is asked less often


class Providers(Mapping[str, Provider]):
    """Providers by their word in AUTH, each imported when it is asked for.

    The libraries of all of them take seconds to import, and a hub uses one or two.

    Args:
        modules: Word → module in this package that has the `PROVIDER`.
    """

    def __init__(self, modules: Mapping[str, str]):
        self._modules = modules

    def __getitem__(self, word: str) -> Provider:
        module = import_module(f"{__name__}.{self._modules[word]}")
        found: Provider = module.PROVIDER
        return found

    def __contains__(self, word: object) -> bool:
        return word in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


# The word in AUTH → the module that says how people sign in.
PROVIDERS = Providers(
    {
        "native": "native",
        "ldap": "ldap",
        "github": "github",
        "generic-oauth": "generic",
        "gitlab": "gitlab",
        "google": "google",
        "azuread": "azuread",
        "auth0": "auth0",
        "bitbucket": "bitbucket",
        "cilogon": "cilogon",
        "globus": "globus",
        "openshift": "openshift",
        "temporary": "temporary",
    }
)


def problems(env: Settings) -> list[Problem]:
    """Return what is wrong with AUTH, ALLOW and the settings of the providers named."""
    return demands.problems(env, PROVIDERS)


def keeps_accounts(env: Settings) -> bool:
    """Return whether the names an administrator writes down are those of the hub itself."""
    first = PROVIDERS.get(env.auth[0])
    return first is not None and not first.outside


def taken(register: Register, name: str, env: Settings) -> str:
    """Return the account of a provider no longer in AUTH that keeps *name*, or ""."""
    owner, person = register.identity_of(name), register.person(name)
    gone = bool(owner) and owner.partition(":")[0] not in env.auth
    return owner if gone and not (person and person.listed) else ""


def policy(env: Settings) -> Policy:
    """Return who is let in by the settings, and who administers."""
    knows = {
        "organisation": [word for word in env.auth if "organisation" in PROVIDERS[word].policies],
        "group": [word for word in env.auth if "group" in PROVIDERS[word].policies],
        "admin": [word for word in env.auth if PROVIDERS[word].groups],
    }
    return Policy.of(env, {kind: words[0] for kind, words in knows.items() if words})


def configure(c: Any, env: Settings, users: Userlist) -> None:
    """Set the authenticator AUTH names and who may use the hub.

    Raises:
        ConfigError: AUTH, ALLOW or a provider's settings are wrong.
    """
    wrong = [*problems(env), *demands.reserved(users.members)]
    if wrong:
        raise ConfigError(wrong)
    Register(stack.REGISTER).apply(users)
    c.Authenticator.allowed_users = set(users.members)
    c.Authenticator.admin_users = set(users.admins)
    # JupyterHub's default lets everybody in who ever was in.
    c.Authenticator.allow_existing_users = False
    c.Authenticator.any_allow_config = True
    c.Authenticator.enable_auth_state = True
    # So that whoever was taken off the list is out within seconds, tokens included.
    c.Authenticator.auth_refresh_age = REFRESH_SECONDS
    c.Authenticator.auth_refresh_strict = True
    c.Guard.policy = policy(env)
    c.Guard.recheck_seconds = env.auth_recheck
    c.JupyterHub.template_paths = [str(stack.TEMPLATES)]
    chosen = {word: PROVIDERS[word] for word in env.auth}
    classes = {word: provider.configure(c, env) for word, provider in chosen.items()}
    _pages(c, env, chosen)
    c.JupyterHub.authenticator_class = together(c, chosen, classes)


def _pages(c: Any, env: Settings, chosen: Mapping[str, Provider]) -> None:
    """Say on the sign-in page which ways there are."""
    form = next((one.title for one in chosen.values() if one.form), "")
    buttons = [
        {
            "text": one.title if one.door else f"Sign in with {one.title}",
            "path": (one.door or f"{prefix(word, chosen)}/oauth_login").lstrip("/"),
        }
        for word, one in chosen.items()
        if not one.form
    ]
    c.JupyterHub.template_vars = {
        "sign_in": {
            "message": env.login_message,
            "form": form,
            "sign_up": "native" in chosen,
            "buttons": buttons,
        }
    }
    if env.logo_file:
        c.JupyterHub.logo_file = str(stack.SITE / Path(env.logo_file).name)
