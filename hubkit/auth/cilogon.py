"""AUTH=cilogon: universities and laboratories by way of CILogon.

Which of some thousand institutions may vouch for people must be said, whatever else
ALLOW names: ALLOW=organisation, with their entity ids in ALLOWED_ORGANISATIONS.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from oauthenticator.cilogon import CILogonOAuthenticator

from hubkit.auth import client
from hubkit.auth.guard import Guard
from hubkit.auth.oauth import KitOAuth
from hubkit.auth.provider import Provider
from hubkit.errors import Problem
from hubkit.settings import Settings

TITLE = "CILogon"
CURE = "Set ALLOW=organisation and write entity ids from https://cilogon.org/idplist."


class KitCILogonOAuthenticator(Guard, KitOAuth, CILogonOAuthenticator):
    """People one of the institutions vouches for."""

    way = "cilogon"
    asks_again = True

    def identity(self, model: dict[str, Any]) -> str:
        """Return the account by CILogon's own number."""
        return self.account(model, "sub")

    def name_in(self, user_info: Any) -> str:
        """Return the name the institution gives."""
        return str(CILogonOAuthenticator.user_info_to_username(self, user_info))

    async def groups_of(self, auth_state: dict[str, Any]) -> Iterable[str]:
        """Return the institution."""
        return [str(auth_state[self.user_auth_state_key]["idp"])]


def configure(c: Any, env: Settings) -> type:
    """Set the institutions and the claim that is the name."""
    section = client.configure(c, env, KitCILogonOAuthenticator, TITLE)
    derivation = {"username_claim": env.oauth_username_claim or "email"}
    section.idps = {one: {"username_derivation": derivation} for one in env.allowed_organisations}
    if env.oauth_scope:
        section.scope = list(env.oauth_scope)
    section.manage_groups = True
    return KitCILogonOAuthenticator


def problems(env: Settings) -> list[Problem]:
    """Return what is wrong with the settings for CILogon."""
    found = client.problems(env, "cilogon", "https://cilogon.org/oauth2/register")
    if not env.allowed_organisations:
        wrong = "must name the institutions that may vouch for people, with AUTH=cilogon."
        found.append(Problem("ALLOWED_ORGANISATIONS=", wrong, CURE))
    for one in env.allowed_organisations:
        if urlsplit(one).scheme not in ("https", "http", "urn"):
            wrong = f"{one} is no entity id, which begins with https:, http: or urn:."
            shown = f"ALLOWED_ORGANISATIONS={','.join(env.allowed_organisations)}"
            found.append(Problem(shown, wrong, CURE))
    return found


PROVIDER = Provider(
    TITLE,
    configure,
    problems,
    policies=frozenset({"organisation", "userlist", "everyone"}),
    groups=True,
    always=frozenset({"allowed_organisations"}),
    client="OAUTH",
)
