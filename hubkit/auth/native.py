"""AUTH=native: the hub keeps the passwords, with NativeAuthenticator.

People on the userlist choose a password at their first visit; others may ask and wait
for an administrator. Administrators come in by a one-time link only: whoever knew their
name first would otherwise own the hub.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import bcrypt
from jupyterhub import orm
from jupyterhub.handlers.login import LoginHandler
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.orm import UserInfo
from traitlets import Instance, default

from hubkit import stack
from hubkit.auth.answers import Refused, prepared
from hubkit.auth.failures import Failures
from hubkit.auth.guard import Guard
from hubkit.auth.invitations import Invitations
from hubkit.auth.pages import Authorize, ChangePassword, Discard, SetPassword, SignUp, Welcome
from hubkit.auth.provider import Provider
from hubkit.auth.recheck import Answer
from hubkit.settings import Settings

LEAST_PASSWORD = 10  # characters
LONGEST_PASSWORD = 72  # bytes; bcrypt takes no more
MOST_WAITING = 500  # strangers an administrator may be asked about at a time
NOT_YET = "An administrator has to let you in first."
UNTYPED = "Type your name and your password."


def hash_of(password: str) -> bytes:
    """Return what is stored of *password*; takes a quarter of a second."""
    return bcrypt.hashpw(password.encode("utf-8"), bcrypt.gensalt())


NOBODY = hash_of(secrets.token_hex())  # of a password nobody knows


class Passwords(NativeAuthenticator):
    """NativeAuthenticator, without its blocking of the whole hub while it hashes."""

    async def authenticate(self, handler: Any, data: Any = None, **extra: Any) -> Any:  # noqa: ARG002
        """Return the name if the password is right.

        Raises:
            HTTPError: Something is missing in the form, or the password is right but
                nobody has let the person in yet.
        """
        name, password = (data or {}).get("username"), (data or {}).get("password")
        if name is None or password is None:
            raise Refused(403, UNTYPED)
        info = self.get_user(self.normalize_username(name))
        if not await self.is_right(password, info):
            return None
        if not info.is_authorized:
            raise Refused(403, NOT_YET)
        return str(info.username)

    async def is_right(self, password: str, info: UserInfo | None) -> bool:
        """Return whether *password* is the one stored in *info*."""
        typed = password.encode("utf-8")
        if not 0 < len(typed) <= LONGEST_PASSWORD or b"\0" in typed:
            return False
        # Unknown names take as long as known ones, so that nobody can tell them apart.
        stored = bytes(info.password) if info else NOBODY
        right = await asyncio.to_thread(bcrypt.checkpw, typed, stored)
        return right and info is not None

    async def hashed(self, password: str) -> bytes:
        """Return what is stored of *password*; the hub goes on meanwhile."""
        return await asyncio.to_thread(hash_of, password)

    def is_password_strong(self, password: str) -> bool:
        """Return whether *password* is long enough, not too long and not common."""
        fits = len(password.encode("utf-8")) <= LONGEST_PASSWORD and "\0" not in password
        return fits and bool(super().is_password_strong(password))


class KitNativeAuthenticator(Guard, Passwords):
    """NativeAuthenticator whose administrators come in by invitation."""

    way = "native"
    form = True
    invitations = Instance(Invitations)
    sign_ups = Instance(Failures, ())  # counted by the same rules, each of them

    @default("_deprecated_db_session")
    def _session_of_several(self) -> Any:
        return getattr(self.parent, "_deprecated_db_session", None)

    def _invitations_default(self) -> Invitations:
        return Invitations.from_file(stack.COOKIE_SECRET)

    def create_user(self, username: str, password: str, **_: Any) -> UserInfo | None:
        """Sign up a visitor where name and password will do; see `enrol`."""
        name = self.normalize_username(username)
        if not self.validate_username(name) or not self.is_password_strong(password):
            return None
        return self.enrol(name, hash_of(password))

    def enrol(self, name: str, hashed: bytes) -> UserInfo | None:
        """Sign up *name* with a password; None for whom only an administrator's link will do.

        Never an administrator, and nobody behind whose name somebody else's home may be.
        """
        if self.get_user(name) or self.is_admin_name(name) or self.is_somebody(name):
            return None
        at_once = self.open_signup or name in self.get_authed_users()
        if not at_once and self.is_full():
            return None
        info = UserInfo(username=name, password=hashed, is_authorized=at_once)
        self.db.add(info)
        self.db.commit()
        return info

    def is_full(self) -> bool:
        """Return whether so many strangers wait that no further one may."""
        rows = self.db.query(UserInfo.username).filter(UserInfo.is_authorized.isnot(True))
        return len({name for (name,) in rows} - self.get_authed_users()) >= MOST_WAITING

    def is_somebody(self, name: str) -> bool:
        """Return whether anybody has ever used the hub as *name*, by whatever provider."""
        user = orm.User.find(self.db, name)
        servers = user.orm_spawners.values() if user else ()
        used = any(one.state or one.started or one.last_activity for one in servers)
        active = bool(user and user.last_activity)
        return used or active or bool(self.register.identity_of(name))

    def is_elsewhere(self, name: str) -> bool:
        """Return whether *name* belongs to somebody who comes by another provider."""
        return self.register.identity_of(name) not in {"", self.identity({"name": name})}

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

    def set_password(self, name: str, hashed: bytes, *, back: bool = False) -> None:
        """Make a password that of *name*, who is let in from now on.

        Args:
            name: Whose.
            hashed: What is stored of it.
            back: Whether an administrator meant this for somebody who had lost access.
                Older links let in nobody who lost it since.
        """
        info = self.get_user(name)
        if info is None:
            info = UserInfo(username=name, password=hashed)
            self.db.add(info)
        info.has_2fa = False
        self.replace_password(info, hashed)
        person = self.register.person(name)
        if back or not (person and person.denied):
            self.authorise(info, back=back)

    def replace_password(self, info: UserInfo, hashed: bytes) -> None:
        """Make another password that of *info*; whoever signed in by the old one is out."""
        info.password = hashed
        self.db.commit()
        if not self.is_elsewhere(info.username):
            self.end_sessions(info.username)

    def authorise(self, info: UserInfo, *, back: bool = True) -> None:
        """Let in the owner of *info*, with *back* also after they had lost access."""
        info.is_authorized = True
        self.db.commit()
        name = str(info.username)
        person = self.register.person(name)
        if back:
            self.register.put_back(name)
            if person and person.denied:
                self.register.confirm(name)
        self.let_in(name)

    def take_back(self, info: UserInfo) -> None:
        """Let in the owner of *info* no longer; their servers and tokens end, too."""
        info.is_authorized = False
        self.db.commit()
        if not self.is_elsewhere(info.username):
            self.register.deny(info.username)

    def let_in(self, name: str) -> None:
        """Remember that an administrator let *name* in, whom no list names.

        Not who was taken off the list since: their link is older than that.
        """
        person = self.register.person(name)
        if not person or person.origin != "listed":
            self.register.came(name, "added")

    async def refresh_user(self, user: Any, handler: Any = None, **kwargs: Any) -> Answer:
        """Return False also for whom an administrator took the authorisation from."""
        prepared(handler)
        info = self.get_user(user.name)
        if info and not info.is_authorized:
            return self._ended(handler, user.name, NOT_YET)
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
            r"/change-password": ChangePassword,
            r"/change-password/([^/]+)": SetPassword,
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
