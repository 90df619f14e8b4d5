"""AUTH=github: GitHub or a GitHub Enterprise Server.

Organisations and teams are always asked for and become groups of the hub, teams as
``org:team``. GitHub tells nothing of organisations that restrict OAuth apps and have not
approved this one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from oauthenticator.github import GitHubOAuthenticator

from hubkit.auth import client
from hubkit.auth.guard import Guard
from hubkit.auth.oauth import KitOAuth
from hubkit.auth.provider import Provider
from hubkit.errors import Problem
from hubkit.settings import Settings

TITLE = "GitHub"
KEPT = ("id", "login", "name", "email")  # of some thirty fields of a user
WHERE = "{url}/settings/developers ('OAuth Apps')"


class KitGitHubOAuthenticator(Guard, KitOAuth, GitHubOAuthenticator):
    """People with an account at GitHub."""

    way = "github"
    asks_again = True

    def place(self) -> str:
        """Return the Enterprise server, "" for github.com."""
        return client.place(self.github_url, client.PUBLIC_GITHUB)

    def identity(self, model: dict[str, Any]) -> str:
        """Return the account by its number; a login can change hands."""
        return self.account(model, "id")

    async def token_to_user(self, token_info: Any) -> dict[str, Any]:
        """Return who the bearer of a token is."""
        told = await super().token_to_user(token_info)
        return {key: told.get(key) for key in KEPT}

    async def update_auth_model(self, auth_model: dict[str, Any]) -> dict[str, Any]:
        """Return *auth_model*: what is to be known is asked for in `groups_of`."""
        return auth_model

    async def groups_of(self, auth_state: dict[str, Any]) -> Iterable[str]:
        """Return organisations and teams."""
        api = self.github_api
        orgs = await self.fetch_pages(f"{api}/user/orgs?per_page=100", auth_state)
        teams = await self.fetch_pages(f"{api}/user/teams?per_page=100", auth_state)
        names = [org["login"] for org in orgs]
        return names + [f"{team['organization']['login']}:{team['slug']}" for team in teams]


def configure(c: Any, env: Settings) -> type:
    """Set GitHub's addresses and what is asked for."""
    section = client.configure(c, env, KitGitHubOAuthenticator, TITLE, "github")
    section.github_url = env.github_url
    if env.github_url.endswith(".ghe.com"):  # Enterprise Cloud with data residency
        section.github_api = env.github_url.replace("https://", "https://api.")
    section.scope = ["read:org"]
    section.manage_groups = True
    return KitGitHubOAuthenticator


def problems(env: Settings) -> list[Problem]:
    """Return what is wrong with the settings for GitHub."""
    return client.problems(env, "github", WHERE.format(url=env.github_url), "github")


PROVIDER = Provider(
    TITLE,
    configure,
    problems,
    policies=frozenset({"userlist", "organisation", "group", "everyone"}),
    groups=True,
    client="GITHUB",
)
