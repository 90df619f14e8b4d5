"""Pages of AUTH=native: sign up, use an invitation, authorise somebody."""

from __future__ import annotations

from typing import Any

from jupyterhub.scopes import needs_scope
from nativeauthenticator.handlers import (
    DiscardHandler,
    LocalBase,
    SignUpHandler,
    ToggleAuthorizationHandler,
)
from tornado.web import HTTPError

from hubkit.auth.invitations import InvitationRefused

TOO_WEAK = (
    "A password needs at least {least} characters, at most 72 bytes, and must not be a common one."
)


class SignUp(SignUpHandler):
    """The sign-up page, which says what happens next."""

    def get_result_message(self, user: Any, *args: Any) -> tuple[str, str]:
        """Return the kind and the text of the page's answer."""
        name = self.get_body_argument("username", "")
        if self.authenticator.is_admin_name(name):
            return "alert-danger", (
                "Administrators get their password by a link. On the hub's machine, run: "
                f"docker compose exec jupyterhub hubkit users invite {name}"
            )
        if user is not None and user.is_authorized:
            return "alert-success", "Your password is set. You can sign in now."
        if user is not None:
            return "alert-info", "An administrator has to let you in; then you can sign in."
        kind, text = super().get_result_message(user, *args)
        return kind, text


class Welcome(LocalBase):
    """Where an invitation leads: set one's password."""

    async def get(self) -> None:
        """Show the form, or why the link does not work."""
        try:
            name = self._invited()
        except InvitationRefused as refused:
            raise HTTPError(403, _cure(refused)) from None
        await self._show(name)

    async def post(self) -> None:
        """Set the password, sign in and lead to the hub's home page."""
        try:
            name = self._invited()
        except InvitationRefused as refused:
            raise HTTPError(403, _cure(refused)) from None
        password = self.get_body_argument("password", strip=False)
        if password != self.get_body_argument("confirmation", strip=False):
            await self._show(name, "The two passwords differ.")
        elif not self.authenticator.is_password_strong(password):
            least = self.authenticator.minimum_password_length
            await self._show(name, TOO_WEAK.format(least=least))
        else:
            self.authenticator.set_password(name, password)
            self.log.info("Password of %s set by invitation", name)
            await self.login_user({"username": name, "password": password})
            self.redirect(f"{self.hub.base_url}home")

    def _invited(self) -> str:
        # In the query, where JupyterHub's log hides it.
        code = self.get_query_argument("code", "")
        invitations = self.authenticator.invitations
        name: str = invitations.name(code)
        invitations.accept(code, self.authenticator.password_hash(name))
        return name

    async def _show(self, name: str, error: str = "") -> None:
        self.finish(await self.render_template("welcome.html", person=name, error=error))


class Authorize(ToggleAuthorizationHandler):
    """Let somebody in, or take it back: a form, so that no link and no other site can."""

    @needs_scope("admin:users")
    async def get(self, slug: str) -> None:  # noqa: ARG002 (the route has it)
        """Lead to the list, where the form is."""
        self.redirect(f"{self.hub.base_url}authorize")

    @needs_scope("admin:users")
    async def post(self, slug: str) -> None:
        """Authorise *slug*, or take it back."""
        info = self.authenticator.get_user(slug)
        if info and not info.is_authorized and self.authenticator.is_admin_name(slug):
            raise HTTPError(403, "Administrators get in by a link: hubkit users invite NAME")
        await super().get(slug)
        if info and info.is_authorized:
            self.authenticator.register.put_back(info.username)
            self.authenticator.let_in(info.username)


class Discard(DiscardHandler):
    """Turn somebody down who asked to be let in."""

    @needs_scope("admin:users")
    async def get(self, slug: str) -> None:  # noqa: ARG002 (the route has it)
        """Lead to the list, where the form is."""
        self.redirect(f"{self.hub.base_url}authorize")

    @needs_scope("admin:users")
    async def post(self, slug: str) -> None:
        """Forget that *slug* asked."""
        await super().get(slug)


def _cure(refused: InvitationRefused) -> str:
    return f"{refused} Ask an administrator for a new one."
