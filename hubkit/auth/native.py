"""AUTH=native: the hub keeps the passwords, with NativeAuthenticator.

People on the userlist choose a password at their first visit; others may ask and wait
for an administrator. Administrators come in by a one-time link only: whoever knew their
name first would otherwise own the hub.
"""

from __future__ import annotations

import asyncio
from typing import Any

import bcrypt
from jupyterhub import orm
from jupyterhub.handlers.login import LoginHandler
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.orm import UserInfo
from tornado.web import HTTPError
from traitlets import Instance, default

from hubkit import stack
from hubkit.auth.guard import Guard
from hubkit.auth.invitations import Invitations
from hubkit.auth.pages import Authorize, Discard, SignUp, Welcome
from hubkit.auth.provider import Provider
from hubkit.auth.recheck import Answer
from hubkit.settings import Settings

LEAST_PASSWORD = 10  # characters
LONGEST_PASSWORD = 72  # bytes; bcrypt takes no more
NOT_YET = "An administrator has to let you in first."


class Passwords(NativeAuthenticator):
    """NativeAuthenticator, without its blocking of the whole hub while it hashes."""

    async def authenticate(self, handler: Any, data: Any = None, **extra: Any) -> Any:  # noqa: ARG002
        """Return the name if the password is right.

        Raises:
            HTTPError: The password is right but nobody has let the person in yet.
        """
        password = data["password"].encode("utf-8")
        if not 0 < len(password) <= LONGEST_PASSWORD:
            return None
        info = self.get_user(self.normalize_username(data["username"]))
        # Unknown names take as long as known ones, so that nobody can tell them apart.
        stored = bytes(info.password) if info else NOBODY
        right = await asyncio.to_thread(bcrypt.checkpw, password, stored)
        if not right or info is None:
            return None
        if not info.is_authorized:
            raise HTTPError(403, NOT_YET)
        return str(info.username)


NOBODY = bcrypt.hashpw(bcrypt.gensalt(), bcrypt.gensalt())  # of a password nobody knows


class KitNativeAuthenticator(Guard, Passwords):
    """NativeAuthenticator whose administrators come in by invitation."""

    way = "native"
    invitations = Instance(Invitations)

    @default("_deprecated_db_session")
    def _session_of_several(self) -> Any:
        return getattr(self.parent, "_deprecated_db_session", None)

    def _invitations_default(self) -> Invitations:
        return Invitations.from_file(stack.COOKIE_SECRET)

    def is_password_strong(self, password: str) -> bool:
        """Return whether *password* is long enough, not too long and not common."""
        fits = len(password.encode("utf-8")) <= LONGEST_PASSWORD
        return fits and bool(super().is_password_strong(password))

    def create_user(self, username: str, password: str, **kwargs: Any) -> UserInfo | None:
        """Sign up a visitor; never as an administrator."""
        if self.is_admin_name(username):
            return None
        kwargs.pop("has_2fa", None)  # asked for by nobody: allow_2fa is off
        return super().create_user(username, password, **kwargs)

    def is_admin_name(self, username: str) -> bool:
        """Return whether *username* administers the hub, by the userlist or the console."""
        name = self.normalize_username(username)
        person = self.register.person(name)
        user = orm.User.find(self.db, name)
        return bool(person and person.listed_admin) or bool(user and user.admin)

    def get_authed_users(self) -> set[str]:
        """Return who may sign up without waiting: listed, or added by an administrator."""
        people = self.register.people()
        return {one.name for one in people if one.origin and not self.policy.refusal(one)}

    def password_hash(self, name: str) -> bytes:
        """Return the stored password of *name*, empty for one who was never invited."""
        info = self.get_user(name)
        return bytes(info.password) if info else b""

    def set_password(self, name: str, password: str) -> None:
        """Make *password* the password of *name*, who is let in from now on."""
        hashed = bcrypt.hashpw(password.encode("utf-8"), bcrypt.gensalt())
        info = self.get_user(name)
        if info is None:
            info = UserInfo(username=name, password=hashed)
            self.db.add(info)
        info.password, info.is_authorized, info.has_2fa = hashed, True, False
        self.db.commit()
        self.let_in(name)

    def let_in(self, name: str) -> None:
        """Remember that an administrator let *name* in, whom no list names.

        Not who was taken off the list since: their link is older than that.
        """
        person = self.register.person(name)
        if not person or person.origin != "listed":
            self.register.came(name, "added")

    async def refresh_user(self, user: Any, handler: Any = None, **kwargs: Any) -> Answer:
        """Return False also for whom an administrator took the authorisation from."""
        info = self.get_user(user.name)
        if info and not info.is_authorized:
            return False
        return await super().refresh_user(user, handler, **kwargs)

    def rename_account(self, old: str, new: str) -> None:
        """Take the password along with a hub user who is renamed."""
        waiting, info = self.get_user(new), self.get_user(old)
        if waiting:  # a stranger who asked for this name must not get it by that
            self.db.delete(waiting)
        if info:
            info.username = new
        # Else whoever takes the old name next would be taken for its former owner.
        if self.register.identity_of(new) == self.identity({"name": old}):
            self.register.bind(self.identity({"name": new}), new)

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        """Return NativeAuthenticator's pages, ours in place of theirs."""
        ours = {
            # NativeAuthenticator 1.3's own sign-in page fails on JupyterHub 6.
            r"/login": LoginHandler,
            r"/signup": SignUp,
            r"/authorize/([^/]*)": Authorize,
            r"/discard/([^/]*)": Discard,
            r"/welcome": Welcome,
        }
        theirs = [pair for pair in super().get_handlers(app) if pair[0] not in ours]
        return theirs + list(ours.items())


def configure(c: Any, env: Settings) -> type:  # noqa: ARG001 (all providers alike)
    """Set NativeAuthenticator: no open sign-up, no weak password."""
    c.JupyterHub.template_paths.insert(0, str(stack.TEMPLATES / "native"))
    c.KitNativeAuthenticator.open_signup = False
    c.KitNativeAuthenticator.minimum_password_length = LEAST_PASSWORD
    c.KitNativeAuthenticator.check_common_password = True
    return KitNativeAuthenticator


PROVIDER = Provider("a password", configure, outside=False, form=True)
