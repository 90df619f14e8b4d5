"""What every way to sign in has in common: who may enter, and who has to leave.

`Guard` is mixed into JupyterHub's authenticators and uses their public hooks only. The
authenticator proves who somebody is; the guard decides, by the register and the policy,
whether that person may use the hub, now and at each later request.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from tornado.web import HTTPError

from hubkit.auth.answers import Refused, address, finished, told
from hubkit.auth.audit import shortened
from hubkit.auth.staying import Staying
from hubkit.userlist import canonical, is_name

LONGEST_TYPED = 256  # characters of a name that are looked at

BAD_NAME = "This is no user name: at most 128 characters, without spaces, commas, slashes and '#'."
LATER = "Too many failed sign-ins. Try again in {minutes} min."
BUSY = "The hub is busy; try again in a moment."
TAKEN = (
    "The name {name} on this hub belongs to another account; ask {contact}. "
    "(For administrators: hubkit users release {name})"
)
KEPT = "The name {name} on this hub is kept for somebody who signs in another way; ask {contact}."


class Guard(Staying):
    """Lets in whom the policy admits, and nobody else."""

    async def authenticate(
        self, handler: Any, data: dict[str, str] | None = None, **extra: Any
    ) -> dict[str, Any] | None:
        """Return who signs in, under the name that is theirs on this hub.

        Raises:
            HTTPError: 429 after too many failures; 403 where the name is no user name
                or is another account's.
        """
        typed = self._typed(handler, data)
        try:
            model = await self._prove(handler, data, typed, **extra)
            reason = self._name(model) or await self._refusal(model) if model else ""
        except HTTPError:
            raise
        except Exception as error:
            self.failures.undo(canonical(typed), address(handler))
            if not isinstance(error, sqlite3.OperationalError):
                raise
            self.log.error("The register cannot be read: %s", error)
            raise Refused(503, BUSY, 5) from None
        if model and reason:
            self.failures.undo(canonical(typed), address(handler))  # the password was right
            self._note(handler, "refused", model["name"], reason)
            raise Refused(403, reason)
        return model

    async def _prove(
        self, handler: Any, data: dict[str, str] | None, typed: str, **extra: Any
    ) -> dict[str, Any] | None:
        try:
            proved = await super().authenticate(handler, data, **extra)
        except HTTPError as error:
            if error.status_code >= 500:
                self.failures.undo(canonical(typed), address(handler))
            result = "unavailable" if error.status_code >= 500 else "failed"
            self._note(handler, result, typed, told(error))
            raise
        if not proved:
            self._note(handler, "failed", typed)
            return None
        model = dict(proved) if isinstance(proved, dict) else {"name": proved}
        model["identity"] = self.identity(model)
        model["typed"] = typed
        model["admin"] = None  # decided by `is_admin`, once somebody is let in
        return self._name_groups(model)

    def _typed(self, handler: Any, data: dict[str, str] | None) -> str:
        """Return the name typed into the form; it counts as a failure until it is none.

        Raises:
            HTTPError: 403 where it is no user name, 429 after too many failures.
        """
        if data is None or not self.form:
            return ""
        typed, password = str(data.get("username", "")), str(data.get("password", ""))
        name = canonical(typed[:LONGEST_TYPED])
        wrong = "Wrong password." if "\0" in password else ""
        if len(typed) > LONGEST_TYPED or not is_name(name):
            wrong = BAD_NAME
        wait = 0 if wrong == BAD_NAME else self.failures.begin(name, address(handler))
        if wait:
            reason = LATER.format(minutes=-(-wait // 60))
            self._note(handler, "limited", typed, reason)
            raise Refused(429, reason, wait)
        if wrong:
            self._note(handler, "failed", typed, wrong)
            raise Refused(403, wrong)
        return typed

    # --- whether they may enter

    async def check_allowed(
        self, username: str, authentication: dict[str, Any] | None = None
    ) -> bool:
        """Return whether the policy admits them; `authenticate` has said why not before."""
        groups = (authentication or {}).get("groups") or ()
        return not self.policy.refusal(self.register.person(username), groups)

    async def check_blocked_users(
        self, username: str, authentication: dict[str, Any] | None = None
    ) -> bool:
        """Return whether a site's own `blocked_users` lets them in."""
        return bool(await finished(super().check_blocked_users(username, authentication)))

    async def run_post_auth_hook(self, handler: Any, auth_model: dict[str, Any]) -> dict[str, Any]:
        """Remember who came in, after all checks; then the site's own hook."""
        name, identity = auth_model["name"], auth_model.pop("identity")
        typed = auth_model.pop("typed")
        person = self.register.person(name)
        if (person and person.ended) or self.register.identity_of(name) not in {"", identity}:
            self.end_sessions(name)
        self.register.bind(identity, name)
        if not person or not (person.listed or person.origin == "added"):
            self.register.came(name, "admitted")  # by ALLOW, now
        self.register.begin(name)
        self.rechecks.fresh(name)
        if typed:
            self.failures.success(canonical(typed), address(handler))
        self._note(handler, "signed-in", name)
        return dict(await super().run_post_auth_hook(handler, auth_model))

    def _name(self, model: dict[str, Any]) -> str:
        """Give *model* the name that is theirs on this hub; return why none can be."""
        identity = model["identity"]
        name: str = self.register.name_of(identity) or self.normalize_username(model["name"])
        model["name"] = name
        if not self.validate_username(name):
            return f"{shortened(name)}: {BAD_NAME}"
        owner = self.register.identity_of(name)
        if owner and owner != identity and not self._moved(owner, name):
            return TAKEN.format(name=name, contact=self.policy.contact)
        kept = not owner and self._kept(name)
        return KEPT.format(name=name, contact=self.policy.contact) if kept else ""

    def _kept(self, name: str) -> bool:
        """Return whether *name* waits for somebody who comes by another provider.

        Names an administrator wrote down are those of the first provider in AUTH.
        """
        person = self.register.person(name)
        return self.way != self.ways()[0] and bool(
            person and (person.listed or person.origin == "added")
        )

    def _moved(self, owner: str, name: str) -> bool:
        """Return whether *name* came by another provider, gone since, and is still listed."""
        person = self.register.person(name)
        gone = owner.partition(":")[0] not in self.ways()
        return gone and bool(person and person.listed)
