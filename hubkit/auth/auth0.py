"""AUTH=auth0: an Auth0 tenant. Addresses that are not verified are refused.

Groups come in a claim an Auth0 Action adds; OAUTH_GROUPS_CLAIM names it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from oauthenticator.auth0 import Auth0OAuthenticator

from hubkit.auth import client
from hubkit.auth.guard import Guard
from hubkit.auth.oauth import KitOAuth
from hubkit.auth.provider import Provider
from hubkit.errors import Problem
from hubkit.settings import Settings

TITLE = "Auth0"
SCOPE = ["openid", "profile", "email", "offline_access"]


class KitAuth0OAuthenticator(Guard, KitOAuth, Auth0OAuthenticator):
    """People with an account in the tenant."""

    way = "auth0"
    asks_again = True

    def place(self) -> str:
        """Return the tenant."""
        return client.place(f"https://{self.auth0_domain}")

    def identity(self, model: dict[str, Any]) -> str:
        """Return the account by its subject."""
        return self.account(model, "sub")


def configure(c: Any, env: Settings) -> type:
    """Set the tenant's domain and what is asked for."""
    section = client.configure(c, env, KitAuth0OAuthenticator, TITLE)
    section.auth0_domain = urlsplit(env.oauth_url).netloc
    client.claims(section, env, scope=SCOPE, name="email")
    client.groups(section, env)
    return KitAuth0OAuthenticator


def problems(env: Settings) -> list[Problem]:
    """Return what is wrong with the settings for the tenant."""
    address = "the tenant's domain, e.g. https://example.eu.auth0.com"
    return client.problems(env, "auth0", "https://manage.auth0.com, Applications", address=address)


PROVIDER = Provider(
    TITLE,
    configure,
    problems,
    policies=frozenset({"userlist", "group", "everyone"}),
    groups=True,
    client="OAUTH",
)
