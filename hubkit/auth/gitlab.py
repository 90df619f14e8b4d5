"""AUTH=gitlab: gitlab.com or a GitLab of one's own.

Asked with OpenID Connect, which tells groups too: the scopes GitLab's API wants for
them would let the hub read all of somebody's projects.
"""

from __future__ import annotations

from typing import Any

from oauthenticator.gitlab import GitLabOAuthenticator

from hubkit.auth import client
from hubkit.auth.guard import Guard
from hubkit.auth.oauth import KitOAuth
from hubkit.auth.provider import Provider
from hubkit.errors import Problem
from hubkit.settings import Settings

TITLE = "GitLab"
PUBLIC = "https://gitlab.com"
WHERE = "{url}/-/user_settings/applications, scopes openid and profile"


class KitGitLabOAuthenticator(Guard, KitOAuth, GitLabOAuthenticator):
    """People with an account at GitLab; groups are full paths such as ``team/tools``."""

    way = "gitlab"
    asks_again = True

    def place(self) -> str:
        """Return the GitLab, "" for gitlab.com."""
        return client.place(self.gitlab_url, PUBLIC)

    def identity(self, model: dict[str, Any]) -> str:
        """Return the account by its number."""
        return self.account(model, "sub")

    async def token_to_user(self, token_info: Any) -> dict[str, Any]:
        """Return who the bearer of a token is, with the number where OAuthenticator looks."""
        told = await super().token_to_user(token_info)
        return {**told, "id": told.get("sub")}


def configure(c: Any, env: Settings) -> type:
    """Set GitLab's addresses and what is asked for."""
    section = client.configure(c, env, KitGitLabOAuthenticator, TITLE)
    section.gitlab_url = env.oauth_url or PUBLIC
    section.userdata_url = f"{section.gitlab_url}/oauth/userinfo"
    client.claims(section, env, scope=["openid", "profile"], name="nickname")
    client.groups(section, env)
    return KitGitLabOAuthenticator


def problems(env: Settings) -> list[Problem]:
    """Return what is wrong with the settings for GitLab."""
    return client.problems(env, "gitlab", WHERE.format(url=env.oauth_url or PUBLIC))


PROVIDER = Provider(
    TITLE,
    configure,
    problems,
    policies=frozenset({"userlist", "organisation", "group", "everyone"}),
    groups=True,
    client="OAUTH",
)
