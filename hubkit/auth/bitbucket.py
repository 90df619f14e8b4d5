"""AUTH=bitbucket: Bitbucket Cloud; an organisation is a workspace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from oauthenticator.bitbucket import BitbucketOAuthenticator

from hubkit.auth import client
from hubkit.auth.asking import MOST_PAGES, UNCLEAR
from hubkit.auth.guard import Guard
from hubkit.auth.oauth import KitOAuth
from hubkit.auth.provider import Provider
from hubkit.errors import Problem
from hubkit.settings import Settings

TITLE = "Bitbucket"
API = "https://api.bitbucket.org/2.0/"
WHERE = "https://bitbucket.org, Workspace settings, OAuth consumers, permission Account: Read"


class KitBitbucketOAuthenticator(Guard, KitOAuth, BitbucketOAuthenticator):
    """People with an account at Bitbucket."""

    way = "bitbucket"
    asks_again = True

    def identity(self, model: dict[str, Any]) -> str:
        """Return the account by its id."""
        return self.account(model, "uuid")

    async def groups_of(self, auth_state: dict[str, Any]) -> Iterable[str]:
        """Return the workspaces, as they stand in addresses."""
        # Not OAuthenticator's: its address is gone since February 2026 (CHANGE-2770).
        url, names = f"{API}user/workspaces?pagelen=100", []
        for _ in range(MOST_PAGES):
            page = await self.fetch_as(url, auth_state)
            names += [str(entry.get("workspace", entry)["slug"]) for entry in page["values"]]
            url = str(page.get("next") or "")
            if not url:
                return names
            if not url.startswith(API):  # the token goes nowhere else
                raise self.outage(UNCLEAR)
        raise self.unsaid(UNCLEAR)


def configure(c: Any, env: Settings) -> type:
    """Set what Bitbucket is asked for."""
    section = client.configure(c, env, KitBitbucketOAuthenticator, TITLE)
    client.claims(section, env, scope=["account"], name="username")
    section.manage_groups = True
    return KitBitbucketOAuthenticator


def problems(env: Settings) -> list[Problem]:
    """Return what is wrong with the settings for Bitbucket."""
    return client.problems(env, "bitbucket", WHERE)


PROVIDER = Provider(
    TITLE,
    configure,
    problems,
    policies=frozenset({"userlist", "organisation", "everyone"}),
    groups=True,
    client="OAUTH",
)
