"""Pages of AUTH=native: sign up, use an invitation, change a password, authorise somebody."""

from __future__ import annotations

from typing import Any

from jupyterhub.scopes import needs_scope
from nativeauthenticator.handlers import (
    ChangePasswordAdminHandler,
    ChangePasswordHandler,
    DiscardHandler,
    LocalBase,
    SignUpHandler,
    ToggleAuthorizationHandler,
)
from tornado.web import HTTPError, authenticated

from hubkit.auth.answers import Refused, address
from hubkit.auth.failures import Failures
from hubkit.auth.guard import BAD_NAME, LATER, LONGEST_TYPED
from hubkit.auth.invitations import InvitationRefused
from hubkit.userlist import canonical

DIFFER = "The two passwords differ."
TOO_WEAK = (
    "A password needs at least {least} characters, at most 72 bytes, and must not be a common one."
)
READY = "Your password is set. You can sign in now."
# The same for a name that is free, taken, an administrator's or somebody's home.
ASKED = (
    "An administrator has to let you in; then you can sign in. Who has an account on this "
    "hub already, or administers it, cannot sign up and needs a link: ask {contact}."
)
FULL = "Too many people are waiting to be let in. Ask {contact} for a link."
TOO_OFTEN = "Too many people have signed up from here. Try again in {minutes} min."
NO_PASSWORD = "You have no password on this hub: you sign in another way."  # noqa: S105
WRONG = "This is not your current password."
CHANGED = "Your password is changed. All your sessions have ended; sign in again."
SET = "The password of {name} is set, and their sessions have ended."


class Page(LocalBase):
    """What our pages have in common."""

    def note(self, result: str, name: str, reason: str = "") -> None:
        """Add a line to the log of sign-ins."""
        kit = self.authenticator
        kit.audit.write(result, name=name, address=address(self), way=kit.way, reason=reason)

    def count(self, failures: Failures, name: str, text: str = LATER) -> None:
        """Count an attempt on *name* from where the visitor is.

        Raises:
            Refused: There were too many.
        """
        wait = failures.begin(name, address(self))
        if wait:
            reason = text.format(minutes=-(-wait // 60))
            self.note("limited", name, reason)
            raise Refused(429, reason, wait)

    def typed(self, field: str) -> str:
        """Return a password typed into the form, or "" where there is none."""
        return str(self.get_body_argument(field, "", strip=False))

    def problem(self, password: str, again: str) -> str:
        """Return why *password* will not do, or ""."""
        if password != again:
            return DIFFER
        if not self.authenticator.is_password_strong(password):
            return TOO_WEAK.format(least=self.authenticator.minimum_password_length)
        return ""


class SignUp(Page, SignUpHandler):
    """The sign-up page, which says what happens next, and nothing about anybody else."""

    async def post(self) -> None:
        """Sign up who may, let others wait."""
        kit = self.authenticator
        if not kit.enable_signup:
            raise HTTPError(404)
        typed = self.get_body_argument("username", "")[: LONGEST_TYPED + 1]
        name = canonical(typed[:LONGEST_TYPED])
        password = self.typed("signup_password")
        error = self.problem(password, self.typed("signup_password_confirmation"))
        if len(typed) > LONGEST_TYPED or not kit.validate_username(name):
            error = BAD_NAME
        if error:
            await self._show("alert-danger", error)
            return
        self.count(kit.sign_ups, name, TOO_OFTEN)
        # Whatever comes of it: how long the answer takes tells nothing, either.
        hashed = await kit.hashed(password)
        await self._show(*self._enrol(name, hashed))

    def _enrol(self, name: str, hashed: bytes) -> tuple[str, str]:
        """Return the kind and the text of the page's answer."""
        kit = self.authenticator
        full = kit.is_full()
        info = kit.enrol(name, hashed)
        if info and info.is_authorized:
            self.note("signed-up", name)
            return "alert-success", READY
        contact = kit.policy.contact
        kind, text = ("alert-danger", FULL) if full else ("alert-info", ASKED)
        self.note("waiting" if info else "refused", name, text.format(contact=contact))
        return kind, text.format(contact=contact)

    async def _show(self, kind: str, text: str) -> None:
        self.finish(await self.render_template("signup.html", alert=kind, result_message=text))


class Welcome(Page):
    """Where an invitation leads: set one's password."""

    async def get(self) -> None:
        """Show the form, or why the link does not work."""
        await self._show(self._invited()[0])

    async def post(self) -> None:
        """Set the password, sign in and lead to the hub's home page."""
        kit = self.authenticator
        password = self.typed("password")
        name, _ = self._invited()
        error = self.problem(password, self.typed("confirmation"))
        if error:
            await self._show(name, error)
            return
        hashed = await kit.hashed(password)
        name, back = self._invited()  # still: the link may have been used meanwhile
        kit.set_password(name, hashed, back=back)
        self.log.info("Password of %s set by invitation", name)
        self.note("password-set", name, "by a link")
        await self.login_user({"username": name, "password": password})
        self.redirect(f"{self.hub.base_url}home")

    def _invited(self) -> tuple[str, bool]:
        """Return who may set a password, and whether they get access back by that.

        Raises:
            HTTPError: The link does not work.
        """
        # In the query, where JupyterHub's log hides it.
        code = self.get_query_argument("code", "")
        invitations = self.authenticator.invitations
        try:
            name: str = invitations.name(code)
            invitations.accept(code, self.authenticator.password_hash(name))
            return name, invitations.puts_back(code)
        except InvitationRefused as refused:
            raise HTTPError(403, f"{refused} Ask an administrator for a new one.") from None

    async def _show(self, name: str, error: str = "") -> None:
        self.finish(await self.render_template("welcome.html", person=name, error=error))


class ChangePassword(Page, ChangePasswordHandler):
    """Change one's own password."""

    @authenticated
    async def get(self) -> None:
        """Show the form."""
        self._own()
        await self._show()

    @authenticated
    async def post(self) -> None:
        """Change the password for whoever knows the one they have."""
        kit, info = self.authenticator, self._own()
        name, password = str(info.username), self.typed("new_password")
        error = self.problem(password, self.typed("new_password_confirmation"))
        if error:
            await self._show(error)
            return
        self.count(kit.failures, name)
        if not await kit.is_right(self.typed("old_password"), info):
            self.note("failed", name, WRONG)
            self.set_status(403)
            await self._show(WRONG)
            return
        kit.failures.success(name, address(self))
        kit.replace_password(info, await kit.hashed(password))
        self.note("password-set", name)
        await self._show(done=CHANGED)

    def _own(self) -> Any:
        """Return what is stored of the visitor's password.

        Raises:
            HTTPError: They come by another provider.
        """
        name = self.current_user.name
        info = self.authenticator.get_user(name)
        if info is None or self.authenticator.is_elsewhere(name):
            raise HTTPError(403, NO_PASSWORD)
        return info

    async def _show(self, error: str = "", done: str = "") -> None:
        shown = {"person": self.current_user.name, "own": True, "error": error, "done": done}
        self.finish(await self.render_template("change-password.html", **shown))


class SetPassword(Page, ChangePasswordAdminHandler):
    """Set somebody's password, as an administrator."""

    @needs_scope("admin:users")
    async def get(self, user_name: str) -> None:
        """Show the form."""
        await self._show(self._info(user_name))

    @needs_scope("admin:users")
    async def post(self, user_name: str) -> None:
        """Set the password."""
        info, password = self._info(user_name), self.typed("new_password")
        error = self.problem(password, self.typed("new_password_confirmation"))
        if error:
            await self._show(info, error)
            return
        self.authenticator.replace_password(info, await self.authenticator.hashed(password))
        name = str(info.username)
        self.note("password-set", name, f"by {self.current_user.name}")
        await self._show(info, done=SET.format(name=name))

    def _info(self, name: str) -> Any:
        info = self.authenticator.get_user(name)
        if info is None:
            raise HTTPError(404)
        return info

    async def _show(self, info: Any, error: str = "", done: str = "") -> None:
        shown = {"person": info.username, "own": False, "error": error, "done": done}
        self.finish(await self.render_template("change-password.html", **shown))


class Authorize(ToggleAuthorizationHandler):
    """Let somebody in, or take it back: a form, so that no link and no other site can."""

    @needs_scope("admin:users")
    async def get(self, slug: str) -> None:  # noqa: ARG002 (the route has it)
        """Lead to the list, where the form is."""
        self.redirect(f"{self.hub.base_url}authorize")

    @needs_scope("admin:users")
    async def post(self, slug: str) -> None:
        """Authorise *slug*, or take it back."""
        kit = self.authenticator
        info = kit.get_user(slug)
        if info is None:
            raise HTTPError(404)
        if info.is_authorized:
            kit.take_back(info)
        elif kit.is_admin_name(slug):
            raise HTTPError(403, "Administrators get in by a link: hubkit users invite NAME")
        elif kit.is_elsewhere(info.username):
            raise HTTPError(403, "This name belongs to another account: hubkit users release NAME")
        else:
            kit.authorise(info)
        self.redirect(f"{self.hub.base_url}authorize")


class Discard(DiscardHandler):
    """Turn somebody down who asked to be let in."""

    @needs_scope("admin:users")
    async def get(self, slug: str) -> None:  # noqa: ARG002 (the route has it)
        """Lead to the list, where the form is."""
        self.redirect(f"{self.hub.base_url}authorize")

    @needs_scope("admin:users")
    async def post(self, slug: str) -> None:
        """Forget that *slug* asked; a hub user of that name, and what is known of them, stay."""
        info = self.authenticator.get_user(slug)
        if info and not info.is_authorized:
            self.db.delete(info)
            self.db.commit()
        self.redirect(f"{self.hub.base_url}authorize")
