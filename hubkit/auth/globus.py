"""AUTH=globus: identities linked at Globus. Names are whole, such as ``ada@example.edu``.

Globus' groups are not used: somebody who was only invited would count as a member.
"""

from __future__ import annotations

from typing import Any

from oauthenticator.globus import GlobusOAuthenticator
from oauthenticator.oauth2 import OAuthenticator, OAuthLogoutHandler

from hubkit.auth import client
from hubkit.auth.guard import Guard
from hubkit.auth.oauth import KitOAuth
from hubkit.auth.provider import Provider
from hubkit.errors import Problem
from hubkit.settings import Settings

TITLE = "Globus"


class KitGlobusOAuthenticator(Guard, KitOAuth, GlobusOAuthenticator):
    """People with a Globus identity."""

    way = "globus"
    asks_again = True
    logout_handler = OAuthLogoutHandler  # Globus' own needs the tokens we do not keep

    def identity(self, model: dict[str, Any]) -> str:
        """Return the account by its subject."""
        return self.account(model, "sub")

    def build_auth_state_dict(self, token_info: Any, user_info: Any) -> dict[str, Any]:
        """Return what is stored: no tokens for Globus' other services."""
        kept = {k: v for k, v in token_info.items() if k not in ("id_token", "other_tokens")}
        state: dict[str, Any] = OAuthenticator.build_auth_state_dict(self, kept, user_info)
        return state

    async def update_auth_model(self, auth_model: dict[str, Any]) -> dict[str, Any]:
        """Return *auth_model* as it is."""
        return auth_model

    async def pre_spawn_start(self, user: Any, spawner: Any) -> None:
        """Put nothing into the server; OAuthenticator would put all tokens there."""


def configure(c: Any, env: Settings) -> type:
    """Set what Globus is asked for."""
    section = client.configure(c, env, KitGlobusOAuthenticator, TITLE)
    scope = ["openid", "profile", "email", "offline_access"]
    client.claims(section, env, scope=scope, name="preferred_username")
    return KitGlobusOAuthenticator


def problems(env: Settings) -> list[Problem]:
    """Return what is wrong with the settings for Globus."""
    return client.problems(env, "globus", "https://app.globus.org/settings/developers")


PROVIDER = Provider(TITLE, configure, problems, client="OAUTH")
