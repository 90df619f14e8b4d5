"""AUTH=native: the hub keeps the passwords, with NativeAuthenticator.

People on the userlist choose a password at their first visit; others may ask and wait
for an administrator. Administrators come in by a one-time link only: whoever knew their
name first would otherwise own the hub.
"""

from __future__ import annotations

from typing import Any

import bcrypt
from jupyterhub import orm
from jupyterhub.handlers.login import LoginHandler
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.orm import UserInfo
from tornado.web import HTTPError
from traitlets import Instance

from hubkit import stack
from hubkit.auth.invitations import Invitations
from hubkit.auth.pages import Authorize, SignUp, Welcome
from hubkit.settings import Settings
from hubkit.userlist import Userlist

LEAST_PASSWORD = 10  # characters
LONGEST_PASSWORD = 72  # bytes; bcrypt takes no more
FAILURES = 10
LOCK_SECONDS = 300


class KitNativeAuthenticator(NativeAuthenticator):
    """NativeAuthenticator whose administrators come in by invitation."""

    invitations = Instance(Invitations)

    def _invitations_default(self) -> Invitations:
        return Invitations.from_file(stack.COOKIE_SECRET)

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """Return the name if the password is right.

        Raises:
            HTTPError: The password is right but nobody has let the person in yet.
        """
        # bcrypt raises where nobody's password can be that long.
        if len(data["password"].encode("utf-8")) > LONGEST_PASSWORD:
            return None
        name: str | None = await super().authenticate(handler, data)
        info = self.get_user(data["username"])
        if (
            not name
            and info
            and not info.is_authorized
            and not self.is_blocked(info.username)
            and info.is_valid_password(data["password"])
        ):
            raise HTTPError(403, "An administrator has to let you in first.")
        return name

    def check_allowed(self, username: str, authentication: Any = None) -> bool:  # noqa: ARG002
        """Let in who was authorised: by the userlist, an invitation or an administrator."""
        info = self.get_user(username)
        return bool(info and info.is_authorized)

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
        user = orm.User.find(self.db, name)
        return name in self.admin_users or bool(user and user.admin)

    def get_authed_users(self) -> set[str]:
        """Return who may sign up without waiting: listed, or added in the admin console."""
        added = {name for (name,) in self.db.query(orm.User.name)}
        return added | set(super().get_authed_users())

    def password_hash(self, name: str) -> bytes:
        """Return the stored password of *name*, empty for one who was never invited."""
        info = self.get_user(name)
        return bytes(info.password) if info else b""

    def set_password(self, name: str, password: str) -> None:
        """Make *password* the password of *name*, who is then authorised."""
        hashed = bcrypt.hashpw(password.encode("utf-8"), bcrypt.gensalt())
        info = self.get_user(name)
        if info is None:
            info = UserInfo(username=name, password=hashed)
            self.db.add(info)
        info.password, info.is_authorized, info.has_2fa = hashed, True, False
        self.db.commit()

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        """Return NativeAuthenticator's pages, ours in place of theirs."""
        ours = {
            # NativeAuthenticator 1.3's own sign-in page fails on JupyterHub 6.
            r"/login": LoginHandler,
            r"/signup": SignUp,
            r"/authorize/([^/]*)": Authorize,
            r"/welcome": Welcome,
        }
        theirs = [pair for pair in super().get_handlers(app) if pair[0] not in ours]
        return theirs + list(ours.items())


def configure(c: Any, env: Settings, users: Userlist) -> None:  # noqa: ARG001 (one signature)
    """Set NativeAuthenticator: no open sign-up, no weak password, no endless guessing."""
    c.JupyterHub.authenticator_class = KitNativeAuthenticator
    c.JupyterHub.template_paths = [str(stack.TEMPLATES / "native")]
    c.KitNativeAuthenticator.open_signup = False
    c.KitNativeAuthenticator.minimum_password_length = LEAST_PASSWORD
    c.KitNativeAuthenticator.check_common_password = True
    c.KitNativeAuthenticator.allowed_failed_logins = FAILURES
    c.KitNativeAuthenticator.seconds_before_next_try = LOCK_SECONDS
