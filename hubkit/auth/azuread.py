"""AUTH=azuread: one tenant of Microsoft Entra ID, formerly Azure AD.

Groups are object ids, and only told if the app registration adds the groups claim.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from oauthenticator.azuread import AzureAdOAuthenticator
from tornado.httpclient import HTTPClientError

from hubkit.auth import client
from hubkit.auth.guard import Guard
from hubkit.auth.oauth import KitOAuth
from hubkit.auth.provider import Provider
from hubkit.errors import Problem
from hubkit.settings import Settings

TITLE = "Microsoft"
SCOPE = ["openid", "profile", "email", "offline_access"]
ADDRESS = "https://login.microsoftonline.com/TENANT"
ANYBODY = {"", "common", "organizations", "consumers"}  # tenants of everybody
MANY = "{provider} lists more groups of yours than fit into its answer. Please tell {contact}."


class KitAzureAdOAuthenticator(Guard, KitOAuth, AzureAdOAuthenticator):
    """People with an account in the tenant."""

    way = "azuread"
    asks_again = True
    verified_claims = ("email_verified", "xms_edov")

    def identity(self, model: dict[str, Any]) -> str:
        """Return the account by the tenant's id and its own in there."""
        return self.account(model, "tid", "oid")

    async def token_to_user(self, token_info: Any) -> dict[str, Any]:
        """Return who a fresh id token is about."""
        if "id_token" not in token_info:
            # Stored ones say what was true at the sign-in. OAuthenticator then uses the
            # refresh token, and Microsoft has to say who it is now.
            raise HTTPClientError(401)
        return await super().token_to_user(token_info)

    async def groups_of(self, auth_state: dict[str, Any]) -> Iterable[str]:
        """Return the ids of the groups."""
        told = auth_state[self.user_auth_state_key]
        if self.groups_claim in (told.get("_claim_names") or {}):
            raise self.unsaid(MANY)
        return await super().groups_of(auth_state)


def configure(c: Any, env: Settings) -> type:
    """Set the tenant's addresses and what is asked for."""
    section = client.configure(c, env, KitAzureAdOAuthenticator, TITLE)
    section.tenant_id = _tenant(env)
    section.authorize_url = f"{env.oauth_url}/oauth2/v2.0/authorize"
    section.token_url = f"{env.oauth_url}/oauth2/v2.0/token"
    client.claims(section, env, scope=SCOPE, name="preferred_username")
    client.groups(section, env)
    return KitAzureAdOAuthenticator


def _tenant(env: Settings) -> str:
    return urlsplit(env.oauth_url).path.strip("/")


def problems(env: Settings) -> list[Problem]:
    """Return what is wrong with the settings for the tenant."""
    where = "https://entra.microsoft.com, App registrations"
    found = client.problems(env, "azuread", where, address=ADDRESS)
    if env.oauth_url and (_tenant(env) in ANYBODY or "/" in _tenant(env)):
        wrong = "must name your tenant, or strangers could take your people's names."
        found.append(Problem(f"OAUTH_URL={env.oauth_url}", wrong, f"Write {ADDRESS}."))
    return found


PROVIDER = Provider(
    TITLE,
    configure,
    problems,
    policies=frozenset({"userlist", "group", "everyone"}),
    groups=True,
    client="OAUTH",
)
