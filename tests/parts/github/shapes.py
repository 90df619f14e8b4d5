"""What GitHub's API tells about users, organizations and teams."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from state import Grant, User, World

DATES = {"created_at": "2020-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z"}


@dataclass
class Call:
    """One authenticated request."""

    request: web.Request
    world: World
    grant: Grant
    user: User

    @property
    def web(self) -> str:
        return f"{self.request.scheme}://{self.request.host}"

    @property
    def api(self) -> str:
        return self.web + ("/api/v3" if self.request.path.startswith("/api/v3/") else "")

    def named(self, name: str) -> str:
        return self.request.match_info[name]


def node(kind: str, identity: int) -> str:
    return base64.b64encode(f"04:{kind}{identity}".encode()).decode()


def account(call: Call, login: str, identity: int) -> dict[str, Any]:
    """Return the part every user has."""
    api, site = f"{call.api}/users/{login}", f"{call.web}/{login}"
    urls = ("followers", "subscriptions", "organizations:orgs", "repos", "received_events")
    listed = {f"{u.split(':')[0]}_url": f"{api}/{u.rsplit(':', 1)[-1]}" for u in urls}
    return {
        "login": login,
        "id": identity,
        "node_id": node("User", identity),
        "avatar_url": f"{call.web}/avatars/u/{identity}?v=4",
        "gravatar_id": "",
        "url": api,
        "html_url": site,
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "events_url": f"{api}/events{{/privacy}}",
        **listed,
        "type": "User",
        "user_view_type": "public",
        "site_admin": False,
    }


def organization(call: Call, login: str) -> dict[str, Any]:
    api, identity = f"{call.api}/orgs/{login}", zlib.crc32(login.lower().encode())
    return {
        "login": login,
        "id": identity,
        "node_id": node("Organization", identity),
        "url": api,
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events",
        "hooks_url": f"{api}/hooks",
        "issues_url": f"{api}/issues",
        "members_url": f"{api}/members{{/member}}",
        "public_members_url": f"{api}/public_members{{/member}}",
        "avatar_url": f"{call.web}/avatars/u/{identity}?v=4",
        "description": "",
    }


def team(call: Call, org: str, slug: str) -> dict[str, Any]:
    identity = zlib.crc32(f"{org}/{slug}".lower().encode())
    owner = organization(call, org)
    api = f"{call.api}/organizations/{owner['id']}/team/{identity}"
    more: dict[str, Any] = {
        "html_url": f"{call.web}/{org}",
        "type": "Organization",
        "archived_at": None,
    }
    more |= dict.fromkeys(("has_organization_projects", "has_repository_projects"), True)
    more |= dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    more |= DATES
    return {
        "name": slug.replace("-", " ").title(),
        "id": identity,
        "node_id": node("Team", identity),
        "slug": slug.lower(),
        "description": None,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "url": api,
        "html_url": f"{call.web}/orgs/{org}/teams/{slug}",
        "members_url": f"{api}/members{{/member}}",
        "repositories_url": f"{api}/repos",
        "type": "organization",
        "permission": "pull",
        **DATES,
        "members_count": sum(p.is_in(org, slug) for p in call.world.users.values()),
        "repos_count": 0,
        "organization": {**owner, **more},
        "parent": None,
    }
