"""Who is there, what they belong to, what was granted to whom, and what was asked."""

from __future__ import annotations

import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

# A scope that includes others is granted alone, as GitHub does.
INCLUDES = {
    "admin:org": {"write:org", "read:org", "manage_runners:org"},
    "write:org": {"read:org"},
    "repo": {"repo:status", "repo_deployment", "public_repo", "repo:invite"},
    "user": {"read:user", "user:email", "user:follow"},
}
SCOPES = {"read:org", "gist", *INCLUDES}.union(*INCLUDES.values())


class Refused(Exception):
    """The control's wish makes no sense."""


@dataclass
class User:
    """One account; the id is what stays."""

    id: int
    login: str
    name: str | None = None
    email: str | None = None
    email_public: bool = False
    email_verified: bool = True
    orgs: dict[str, bool] = field(default_factory=dict)  # login → membership is public
    teams: list[tuple[str, str]] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    @property
    def sub(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, str(self.id)))

    def join(self, org: str, team: str = "", *, public: bool = False) -> None:
        known = {name.lower(): name for name in self.orgs}
        org = known.get(org.lower(), org)
        self.orgs[org] = self.orgs.get(org, False) or public
        if team and not self.is_in(org, team):
            self.teams.append((org, team))

    def leave(self, org: str, team: str = "") -> None:
        """Leave a team, or the organization with all its teams."""
        org, team = org.lower(), team.lower()
        self.teams = [t for t in self.teams if t[0].lower() != org or team not in ("", t[1])]
        if not team:
            self.orgs = {name: seen for name, seen in self.orgs.items() if name.lower() != org}

    def is_in(self, org: str, team: str = "", *, publicly: bool = False) -> bool:
        """Names count whatever their case, as at GitHub."""
        if team:
            return (org.lower(), team.lower()) in [(o.lower(), t.lower()) for o, t in self.teams]
        return any(
            name.lower() == org.lower() and (seen or not publicly)
            for name, seen in self.orgs.items()
        )


@dataclass
class Grant:
    """What stands behind a code, an access token or a refresh token."""

    kind: str  # github or oidc
    user: int
    scopes: list[str]
    redirect: str = ""
    challenge: str = ""
    nonce: str = ""
    expires: float = float("inf")

    def has(self, *scopes: str) -> bool:
        """Return whether one of *scopes* was granted, by itself or within another."""
        granted = set(self.scopes).union(*(INCLUDES.get(s, set()) for s in self.scopes))
        return not granted.isdisjoint(scopes)


@dataclass
class World:
    """Everything the server knows."""

    client_id: str
    client_secret: str
    callback: str
    key: str
    users: dict[int, User] = field(default_factory=dict)
    codes: dict[str, Grant] = field(default_factory=dict)
    tokens: dict[str, Grant] = field(default_factory=dict)
    refresh: dict[str, Grant] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    used: dict[int, int] = field(default_factory=dict)  # requests per user, for the rate limit
    mode: str = "ok"
    mode_path: str = ""
    code_lifetime: float = 600
    lifetime: float = 300  # of OpenID Connect's access tokens
    refresh_lifetime: float = 1800
    rotate: bool = False  # whether a refresh token is good for one use only
    refreshing: bool = True  # whether refresh tokens are given at all

    def mode_of(self, path: str) -> str:
        return self.mode if self.mode_path in path else "ok"

    def find(self, login: str) -> User | None:
        matching = (u for u in self.users.values() if u.login.lower() == login.strip().lower())
        return next(matching, None)

    def need(self, login: str) -> User:
        if user := self.find(login):
            return user
        raise Refused(f"no user {login}")

    def put(self, login: str, **values: Any) -> User:
        """Create the user or change what is given."""
        user = self.find(login)
        identity = values.pop("id", None)
        if user and identity not in (None, user.id):
            raise Refused(f"{login} has the id {user.id}")
        if user is None:
            identity = identity or max(self.users, default=1000) + 1
            if identity in self.users:
                raise Refused(f"the id {identity} is {self.users[identity].login}'s")
            user = User(identity, login, email=f"{login.lower()}@example.org")
            self.users[identity] = user
        self._belong(user, values)
        for name, value in values.items():
            if name not in ("name", "email", "email_public", "email_verified", "groups"):
                raise Refused(f"a user has no {name}")
            setattr(user, name, value)
        return user

    @staticmethod
    def _belong(user: User, values: dict[str, Any]) -> None:
        orgs, teams = values.pop("orgs", None), values.pop("teams", None)
        if orgs is not None:
            user.orgs, user.teams = {}, []
            for org in orgs:
                user.join(org)
        for org in values.pop("public_orgs", ()):
            user.join(org, public=True)
        if teams is not None:
            user.teams = []
            for org, team in teams:
                user.join(org, team)

    def rename(self, login: str, to: str) -> None:
        user = self.need(login)
        if self.find(to) not in (None, user):
            raise Refused(f"{to} is taken")
        user.login = to

    def remove(self, login: str) -> None:
        self.revoke(login)
        del self.users[self.need(login).id]

    def revoke(self, login: str, *, refresh: bool = True) -> None:
        """Make the user's tokens worthless; without *refresh* new ones can be fetched."""
        user = self.need(login)
        tables = (self.codes, self.tokens, self.refresh) if refresh else (self.tokens,)
        for table in tables:
            for word in [word for word, grant in table.items() if grant.user == user.id]:
                del table[word]

    def issue(self, table: dict[str, Grant], grant: Grant, prefix: str, length: int) -> str:
        word = prefix + "".join(
            secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
            for _ in range(length)
        )
        table[word] = grant
        return word

    def look_up(
        self, table: dict[str, Grant], word: str, kind: str, *, once: bool = False
    ) -> Grant | None:
        """Return what stands behind *word* if that still counts; *once* uses it up."""
        grant = table.get(word)
        if once:
            table.pop(word, None)
        if grant is None or grant.kind != kind or grant.user not in self.users:
            return None
        return grant if time.time() < grant.expires else None


WORLD = web.AppKey("world", World)
