"""Who has a password already, and links for those who have not."""

from __future__ import annotations

from collections.abc import Iterable

from nativeauthenticator.orm import UserInfo
from sqlalchemy import create_engine, inspect
from sqlalchemy.orm import Session

from hubkit import stack
from hubkit.auth.invitations import PATH, Invitations
from hubkit.errors import ConfigError, HubkitError, Problem
from hubkit.settings import Settings
from hubkit.userlist import NAME


def _password_hashes(env: Settings) -> dict[str, bytes]:
    database = create_engine(env.database_url or stack.DATABASE)
    try:
        if not inspect(database).has_table(UserInfo.__tablename__):
            return {}
        with Session(database) as session:
            return {info.username: info.password for info in session.query(UserInfo)}
    finally:
        database.dispose()


def with_password(env: Settings, names: Iterable[str]) -> list[str]:
    """Return those of *names* who have set a password."""
    hashes = _password_hashes(env)
    return [name for name in names if name in hashes]


def invitation(env: Settings, name: str) -> str:
    """Return a link by which *name* sets a password, once, within a day.

    Raises:
        HubkitError: The hub does not keep passwords itself.
        ConfigError: *name* is no user name.
    """
    if env.auth != "native":
        raise HubkitError(f"AUTH={env.auth}: passwords are not kept by this hub.")
    name = name.lower()
    if not NAME.fullmatch(name):
        raise ConfigError([Problem(name, "is not a user name.", "Leave out spaces and '/'.")], "")
    code = Invitations.from_file(stack.COOKIE_SECRET).code(
        name, _password_hashes(env).get(name, b"")
    )
    return f"{env.public_url}{PATH}{code}"
