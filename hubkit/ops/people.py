"""Who has a password already, and links for those who have not."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import bcrypt
from nativeauthenticator.orm import UserInfo
from sqlalchemy import create_engine, inspect
from sqlalchemy.orm import Session

from hubkit import auth, stack
from hubkit.auth.invitations import PATH, Invitations
from hubkit.auth.register import Register
from hubkit.errors import ConfigError, HubkitError, Problem
from hubkit.settings import Settings
from hubkit.userlist import canonical, is_name


@contextmanager
def _database(env: Settings) -> Iterator[Session]:
    database = create_engine(env.database_url or stack.DATABASE)
    try:
        # Made here first, the table would look to JupyterHub like a database of old.
        if not inspect(database).has_table(UserInfo.__tablename__):
            raise HubkitError("the hub has not made its database yet; try again in a moment")
        with Session(database) as session:
            yield session
    finally:
        database.dispose()


def with_password(env: Settings, names: Iterable[str]) -> list[str]:
    """Return those of *names* who have set a password they may sign in with.

    Raises:
        HubkitError: The hub has not made its database yet.
    """
    with _database(env) as session:
        have = {info.username for info in session.query(UserInfo) if info.is_authorized}
    return [name for name in names if name in have]


def invitation(env: Settings, name: str) -> str:
    """Return a link by which *name* sets a password, once, within a day.

    Raises:
        HubkitError: The hub does not keep passwords itself, or has no database yet.
        ConfigError: *name* is no user name, or belongs to somebody who signs in another way.
    """
    if "native" not in env.auth:
        raise HubkitError(f"AUTH={','.join(env.auth)}: passwords are not kept by this hub.")
    name = canonical(name)
    if not is_name(name):
        raise ConfigError([Problem(name, "is not a user name.", "Leave out spaces and '/'.")], "")
    register = Register(stack.REGISTER)
    owner = register.identity_of(name)
    if auth.taken(register, name, env) or owner.partition(":")[0] not in {"", *env.auth[:1]}:
        wrong = f"belongs to the account {owner}; a link would not let anybody in."
        cure = f"To give the name and its home away: hubkit users release {name}"
        raise ConfigError([Problem(name, wrong, cure)], "no link was made")
    with _database(env) as session:
        info = UserInfo.find(session, name)
        if info is None:
            unknown = bcrypt.hashpw(secrets.token_bytes(32).hex().encode(), bcrypt.gensalt())
            info = UserInfo(username=name, password=unknown)
            session.add(info)
            session.commit()
        person = register.person(name)
        # Who is out stays out, whatever old password they know, until the link is used.
        removed = bool(person and person.origin == "listed" and not person.listed)
        back = removed or bool(person and person.denied)
        invitations = Invitations.from_file(stack.COOKIE_SECRET)
        code = invitations.code(name, bytes(info.password), back=back)
    return f"{env.public_url}{PATH}{code}"
