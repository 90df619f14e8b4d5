"""AUTH=google: Google accounts; an organisation is the domain of a Google Workspace.

With ALLOW=organisation alone and one domain, ``ada@example.org`` is ``ada`` on the hub;
otherwise names are whole addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from oauthenticator.google import GoogleOAuthenticator

from hubkit.auth import client
from hubkit.auth.answers import Refused
from hubkit.auth.guard import Guard
from hubkit.auth.oauth import KitOAuth
from hubkit.auth.provider import Provider
from hubkit.errors import Problem
from hubkit.settings import Settings

TITLE = "Google"
FOREIGN = "Your account is not one of the organisation this hub is for; ask {contact}."


class KitGoogleOAuthenticator(Guard, KitOAuth, GoogleOAuthenticator):
    """People with a Google account."""

    way = "google"
    asks_again = True

    def identity(self, model: dict[str, Any]) -> str:
        """Return the account by its number; an address can change hands."""
        return self.account(model, "id")

    def name_in(self, user_info: Any) -> str:
        """Return the address, without the organisation's domain where there is one only."""
        if not user_info.get("email"):
            return ""
        return str(GoogleOAuthenticator.user_info_to_username(self, user_info))

    async def groups_of(self, auth_state: dict[str, Any]) -> Iterable[str]:
        """Return the domain of the Workspace, which Google vouches for, unlike an address's."""
        domain = auth_state[self.user_auth_state_key].get("hd")
        return [str(domain).lower()] if domain else []

    def vet(self, user_info: Mapping[str, Any]) -> None:
        """Refuse accounts of other organisations."""
        # OAuthenticator refuses them in check_blocked_users, without a word.
        if self.hosted_domain and str(user_info.get("hd", "")).lower() not in self.hosted_domain:
            raise Refused(403, self.worded(FOREIGN))


def configure(c: Any, env: Settings) -> type:
    """Set what Google is asked for, and the organisations."""
    section = client.configure(c, env, KitGoogleOAuthenticator, TITLE)
    client.claims(section, env, scope=["openid", "email"], name="email")
    only = set(env.allow) == {"organisation"}
    section.hosted_domain = [one.lower() for one in env.allowed_organisations] if only else []
    # Without consent Google gives the token to ask again only at somebody's first sign-in.
    section.extra_authorize_params = {"access_type": "offline", "prompt": "consent"}
    section.manage_groups = True
    return KitGoogleOAuthenticator


def problems(env: Settings) -> list[Problem]:
    """Return what is wrong with the settings for Google."""
    return client.problems(env, "google", "https://console.cloud.google.com/apis/credentials")


PROVIDER = Provider(
    TITLE,
    configure,
    problems,
    policies=frozenset({"userlist", "organisation", "everyone"}),
    groups=True,
    client="OAUTH",
)
