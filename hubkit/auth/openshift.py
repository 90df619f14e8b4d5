"""AUTH=openshift: accounts and groups of an OpenShift cluster."""

from __future__ import annotations

from typing import Any, ClassVar

from oauthenticator.openshift import OpenShiftOAuthenticator

from hubkit.auth import client
from hubkit.auth.answers import Refused
from hubkit.auth.asking import UNCLEAR
from hubkit.auth.generic import Discovering
from hubkit.auth.guard import Guard
from hubkit.auth.provider import Provider
from hubkit.errors import Problem
from hubkit.settings import Settings

TITLE = "OpenShift"


class KitOpenShiftOAuthenticator(Guard, Discovering, OpenShiftOAuthenticator):
    """People with an account in the cluster."""

    way = "openshift"
    asks_again = True
    well_known = "/.well-known/oauth-authorization-server"
    published: ClassVar[dict[str, str]] = {
        "authorize_url": "authorization_endpoint",
        "token_url": "token_endpoint",
    }

    def vouched(self, found: dict[str, Any]) -> bool:
        """Return whether a document names its issuer: another host than the cluster's API."""
        return bool(found.get("issuer"))

    def identity(self, model: dict[str, Any]) -> str:
        """Return the account by its uid; the built-in administrator has none."""
        told = (model.get("auth_state") or {}).get(self.user_auth_state_key) or {}
        uid = (told.get("metadata") or {}).get("uid")
        if not uid:
            raise Refused(403, self.worded(UNCLEAR))
        return f"{self.way}:{self.place()}:{uid}"

    def name_in(self, user_info: Any) -> str:
        """Return the account's name."""
        return str(user_info["metadata"]["name"])


def configure(c: Any, env: Settings) -> type:
    """Set the cluster's address and what is asked for."""
    section = client.configure(c, env, KitOpenShiftOAuthenticator, TITLE)
    section.openshift_url = section.issuer = env.oauth_url
    client.claims(section, env, scope=["user:info"], name="name")
    client.groups(section, env)
    return KitOpenShiftOAuthenticator


def problems(env: Settings) -> list[Problem]:
    """Return what is wrong with the settings for the cluster."""
    address = "the address of the cluster's API, e.g. https://api.cluster.example.org:6443"
    return client.problems(env, "openshift", "the cluster, as an OAuthClient", address=address)


PROVIDER = Provider(
    TITLE,
    configure,
    problems,
    policies=frozenset({"userlist", "group", "everyone"}),
    groups=True,
    client="OAUTH",
)
