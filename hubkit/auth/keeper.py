"""What the hub keeps in mind about its people: the ground `hubkit.auth.guard` stands on."""

from __future__ import annotations

from typing import Any

from jupyterhub import orm
from jupyterhub.auth import Authenticator
from tornado.web import HTTPError
from traitlets import Instance, Integer, Unicode, default

from hubkit import stack
from hubkit.auth.answers import address, finished, told
from hubkit.auth.audit import Audit
from hubkit.auth.failures import Failures
from hubkit.auth.policy import Policy, whole_name
from hubkit.auth.recheck import Rechecks
from hubkit.auth.register import Register
from hubkit.auth.renames import follow
from hubkit.userlist import canonical, is_name
from hubkit.visitors import is_visitor


class Keeper(Authenticator):
    """Knows who is who on this hub, and writes down what happens."""

    way = Unicode(help="The provider's word in AUTH.")
    form = False  # whether people type name and password into the hub's page
    asks_again = False  # whether the provider can be asked about somebody who is in
    policy = Instance(Policy, (), help="Who may use the hub.").tag(config=True)
    recheck_seconds = Integer(300, help="Seconds between two looks at one person.").tag(config=True)
    register = Instance(Register)
    audit = Instance(Audit)
    failures = Instance(Failures, ())
    rechecks = Instance(Rechecks)

    @default("_deprecated_db_session")
    def _session_of_several(self) -> Any:
        return getattr(self.parent, "_deprecated_db_session", None)

    def _register_default(self) -> Register:
        return Register(stack.REGISTER)

    def _audit_default(self) -> Audit:
        return Audit(stack.AUDIT_LOG)

    def _rechecks_default(self) -> Rechecks:
        return Rechecks(self.recheck_seconds)

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self._serving = False  # the hub still reads its database
        if not isinstance(self.parent, Keeper):  # one of several: those together follow
            follow(self.renamed)

    # --- who somebody is

    def identity(self, model: dict[str, Any]) -> str:
        """Return the account at the provider, which outlives a change of its name.

        Asked once, with what the provider said; the part before the first ``:`` is `way`.
        """
        return f"{self.way}:{canonical(model['name'])}"

    def normalize_username(self, username: str) -> str:
        """Return the one spelling of *username*."""
        return str(super().normalize_username(canonical(username)))

    def validate_username(self, username: str) -> bool:
        """Return whether *username* may be a hub user's name; a visitor's is nobody else's."""
        usable = is_name(username) and not is_visitor(username)
        return usable and bool(super().validate_username(username))

    def owns(self, name: str) -> bool:
        """Return whether the hub user *name* came by this provider."""
        return bool(self.register.identity_of(name).partition(":")[0] == self.way)

    def ways(self) -> list[str]:
        """Return the words of all providers in use, in the order of AUTH."""
        together = getattr(self.parent, "ways", None)
        return list(together()) if callable(together) else [self.way]

    def _name_groups(self, model: dict[str, Any]) -> dict[str, Any]:
        if model.get("groups"):
            ways = self.ways()
            model["groups"] = [whole_name(self.way, one, ways) for one in model["groups"]]
        return model

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

    def is_admin(self, handler: Any, authentication: dict[str, Any]) -> bool | None:  # noqa: ARG002
        """Return True or False where list or groups decide; None leaves it as it is."""
        name = authentication["name"]
        person = self.register.person(name)
        if self.policy.is_admin(person, authentication.get("groups") or ()):
            by_list = bool(person and person.listed_admin)
            self.register.set_admin_by(name, "list" if by_list else "group")
            return True
        if person and person.admin_by:
            # Until the database says so too, at one of the next requests.
            self.register.set_admin_by(name, "lost")
            return False
        return None

    def end_sessions(self, name: str) -> None:
        """Make every cookie of *name* worthless, in whatever browser it is."""
        database = self._deprecated_db_session
        user = orm.User.find(database, name) if database else None
        if user:
            user.cookie_id = orm.new_token()
            database.commit()

    # --- what happens to hub users

    def add_user(self, user: Any) -> Any:
        """Tell apart who was added by an administrator; take back rights the list took back."""
        if is_visitor(user.name):  # who comes for an hour is on no list and in no register
            user.admin = False
            return None
        person = self.register.person(user.name)
        if person is None or not person.origin:
            self.register.came(user.name, "added" if self._serving else "found")
            if not self._serving and user.admin:
                self.log.warning("%s is on no list: not an administrator any more", user.name)
                user.admin = False
        elif person.admin_by in {"list", "lost"} and not person.listed_admin:
            user.admin = False
            self.register.set_admin_by(user.name, "")
        elif person.listed_admin:
            self.register.set_admin_by(user.name, "list")
        return super().add_user(user)

    def get_handlers(self, app: Any) -> Any:
        """Return the provider's pages; from then on whoever is added is added by somebody."""
        self._serving = True
        return super().get_handlers(app)

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
