"""What every way to sign in has in common: who may enter, and who has to leave.

`Guard` is mixed into JupyterHub's authenticators and uses their public hooks only. The
authenticator proves who somebody is; the guard decides, by the register and the policy,
whether that person may use the hub, now and at each later request.
"""

from __future__ import annotations

import time
from typing import Any

from jupyterhub.auth import Authenticator
from tornado.web import HTTPError
from traitlets import Instance, Integer, Unicode

from hubkit import stack
from hubkit.auth.answers import Refused, address, finished, prepared, told
from hubkit.auth.audit import Audit, shortened
from hubkit.auth.failures import Failures
from hubkit.auth.policy import Policy, whole_name
from hubkit.auth.recheck import Answer, Rechecks
from hubkit.auth.register import Register
from hubkit.auth.renames import follow
from hubkit.userlist import canonical, is_name

GRACE = 24 * 3600  # seconds a token works on while the provider wants a fresh sign-in

BAD_NAME = "This is no user name: at most 128 characters, without spaces, commas, slashes and '#'."
LATER = "Too many failed sign-ins. Try again in {minutes} min."
TAKEN = (
    "The name {name} on this hub belongs to another account; ask {contact}. "
    "(For administrators: hubkit users release {name})"
)
KEPT = "The name {name} on this hub is kept for somebody who signs in another way; ask {contact}."


class Guard(Authenticator):
    """Lets in whom the policy admits, and nobody else."""

    way = Unicode(help="The provider's word in AUTH.")
    asks_again = False  # whether the provider can be asked about somebody who is in
    policy = Instance(Policy, (), help="Who may use the hub.").tag(config=True)
    recheck_seconds = Integer(300, help="Seconds between two looks at one person.").tag(config=True)
    register = Instance(Register)
    audit = Instance(Audit)
    failures = Instance(Failures, ())
    rechecks = Instance(Rechecks)

    def _register_default(self) -> Register:
        return Register(stack.REGISTER)

    def _audit_default(self) -> Audit:
        return Audit(stack.AUDIT_LOG)

    def _rechecks_default(self) -> Rechecks:
        return Rechecks(self.recheck_seconds)

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(self.parent, Guard):  # one of several: those together follow
            follow(self.renamed)

    # --- who somebody is

    def identity(self, model: dict[str, Any]) -> str:
        """Return the account at the provider, which outlives a change of its name."""
        return f"{self.way}:{model['name']}"

    def normalize_username(self, username: str) -> str:
        """Return the one spelling of *username*."""
        return str(super().normalize_username(canonical(username)))

    def validate_username(self, username: str) -> bool:
        """Return whether *username* may be a hub user's name."""
        return is_name(username) and bool(super().validate_username(username))

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
            proved = await super().authenticate(handler, data, **extra)
        except HTTPError as error:
            result = "unavailable" if error.status_code >= 500 else "failed"
            self._note(handler, result, typed, told(error))
            raise
        if not proved:
            self.failures.add(canonical(typed), address(handler))
            self._note(handler, "failed", typed)
            return None
        model = dict(proved) if isinstance(proved, dict) else {"name": proved}
        self._name_groups(model)
        model["admin"] = None  # decided by `is_admin`, once somebody is let in
        reason = self._name(model) or await self._refusal(model)
        if reason:
            self._note(handler, "refused", model["name"], reason)
            raise Refused(403, reason)
        return model

    def _typed(self, handler: Any, data: dict[str, str] | None) -> str:
        """Return the name typed into the form, after looking whether it may be tried."""
        if not data or "username" not in data:
            return ""
        typed = str(data["username"])
        wait = self.failures.wait(canonical(typed[:256]), address(handler))
        if wait:
            reason = LATER.format(minutes=-(-wait // 60))
            self._note(handler, "limited", typed, reason)
            raise Refused(429, reason, wait)
        unusable = not is_name(canonical(typed[:256])) or "\0" in data.get("password", "")
        if len(typed) > 256 or unusable:
            self.failures.add(canonical(typed[:256]), address(handler))
            reason = BAD_NAME if "\0" not in data.get("password", "") else "Wrong password."
            self._note(handler, "failed", typed, reason)
            raise Refused(403, reason)
        return typed

    def _name(self, model: dict[str, Any]) -> str:
        """Give *model* the name that is theirs on this hub; return why none can be."""
        identity = self.identity(model)
        name: str = self.register.name_of(identity) or self.normalize_username(model["name"])
        model["name"] = name
        if not self.validate_username(name):
            return f"{shortened(name)}: {BAD_NAME}"
        owner = self.register.identity_of(name)
        if owner and owner != identity and not self._moved(owner, name):
            return TAKEN.format(name=name, contact=self.policy.contact)
        kept = not owner and self._kept(name)
        return KEPT.format(name=name, contact=self.policy.contact) if kept else ""

    def _name_groups(self, model: dict[str, Any]) -> dict[str, Any]:
        if model.get("groups"):
            ways = self.ways()
            model["groups"] = [whole_name(self.way, one, ways) for one in model["groups"]]
        return model

    def _kept(self, name: str) -> bool:
        """Return whether *name* waits for somebody who comes by another provider.

        Names an administrator wrote down are those of the first provider in AUTH.
        """
        person = self.register.person(name)
        return self.way != self.ways()[0] and bool(
            person and (person.listed or person.origin == "added")
        )

    async def _refusal(self, model: dict[str, Any]) -> str:
        """Return why who proved to be *model* may not use the hub now, or ""."""
        try:
            # For what a provider itself refuses by raising, such as a foreign domain.
            await finished(super().check_allowed(model["name"], model))
        except HTTPError as error:
            return told(error)
        person = self.register.person(str(model["name"]))
        reason: str = self.policy.refusal(person, model.get("groups") or ())
        return reason

    def _moved(self, owner: str, name: str) -> bool:
        """Return whether *name* came by another provider, gone since, and is still listed."""
        person = self.register.person(name)
        gone = owner.partition(":")[0] not in self.ways()
        return gone and bool(person and person.listed)

    def ways(self) -> list[str]:
        """Return the words of all providers in use, in the order of AUTH."""
        together = getattr(self.parent, "ways", None)
        return list(together()) if callable(together) else [self.way]

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
        """Return True: who is blocked is refused, with the reason, by `check_allowed`."""
        await finished(super().check_blocked_users(username, authentication))
        return True

    def is_admin(self, handler: Any, authentication: dict[str, Any]) -> bool | None:  # noqa: ARG002
        """Return True or False where list or groups decide; None leaves it as it is."""
        name = authentication["name"]
        person = self.register.person(name)
        if self.policy.is_admin(person, authentication.get("groups") or ()):
            self.register.set_admin_by(name, "list" if person and person.listed_admin else "group")
            return True
        if person and person.admin_by:
            self.register.set_admin_by(name, "")
            return False
        return None

    async def run_post_auth_hook(self, handler: Any, auth_model: dict[str, Any]) -> dict[str, Any]:
        """Remember who came in, after all checks; then the site's own hook."""
        name = auth_model["name"]
        self.register.bind(self.identity(auth_model), name)
        person = self.register.person(name)
        if not person or not (person.listed or person.origin == "added"):
            self.register.came(name, "admitted")
        self.register.confirm(name)
        self.rechecks.fresh(name)
        self.failures.clear(name, address(handler))
        self._note(handler, "signed-in", name)
        return dict(await super().run_post_auth_hook(handler, auth_model))

    # --- whether they may stay

    async def refresh_user(self, user: Any, handler: Any = None, **kwargs: Any) -> Answer:
        """Return False as soon as list, block or provider say that *user* has to leave."""
        prepared(handler)
        reason = self.policy.refusal(self.register.person(user.name))
        if reason:
            return self._ended(handler, user.name, reason)
        rights = self.register.listed_rights(user.name, admin=user.admin)
        if rights is not None:
            return {"name": user.name, "admin": rights, "groups": None}
        if not self.asks_again:
            return True
        look = super().refresh_user
        answer = await self.rechecks.ask(user.name, lambda: look(user, handler, **kwargs))
        if answer is None:
            return True
        if answer is False:
            return self._may_go_on(user.name, handler)
        return await self._still_belongs(user.name, handler, answer)

    async def _still_belongs(self, name: str, handler: Any, answer: Answer) -> Answer:
        if not isinstance(answer, dict):
            return answer
        model = self._name_groups({**answer, "name": name})
        reason = str(model.pop("refused", "")) or await self._refusal(model)
        if reason:
            self.register.deny(name)
            return self._ended(handler, name, reason)
        self.register.confirm(name)
        return {**model, "admin": self.is_admin(handler, model)}

    def _ended(self, handler: Any, name: str, reason: str) -> bool:
        """Return False, and write it down."""
        self._note(handler, "ended", name, reason)
        return False

    def _may_go_on(self, name: str, handler: Any) -> bool:
        """Return whether a token still counts while the person has to sign in again."""
        token = getattr(handler, "get_token", None)
        person = self.register.person(name)
        confirmed = person.checked if person else 0.0
        return bool(token and token()) and time.time() - confirmed < GRACE

    # --- what happens to hub users

    def add_user(self, user: Any) -> Any:
        """Tell apart who was added by an administrator; take back rights the list took back."""
        person = self.register.person(user.name)
        if person is None or not person.origin:
            self.register.came(user.name, "added")
        elif person.admin_by == "list" and not person.listed_admin:
            user.admin = False
            self.register.set_admin_by(user.name, "")
        elif person.listed_admin:
            self.register.set_admin_by(user.name, "list")
        return super().add_user(user)

    def delete_user(self, user: Any) -> Any:
        """Forget a deleted user; whose account the name belongs to is kept, as the home is."""
        self.register.forget(user.name)
        return super().delete_user(user)

    def renamed(self, old: str, new: str) -> None:
        """Follow a hub user who is called *new* from now on."""
        self.register.rename(old, new)
        self.rename_account(old, new)

    def rename_account(self, old: str, new: str) -> None:
        """Rename what the authenticator itself keeps under a name; most keep nothing."""

    def _note(self, handler: Any, result: str, name: str, reason: str = "") -> None:
        self.audit.write(result, name=name, address=address(handler), way=self.way, reason=reason)
