"""AUTH=temporary: a fresh random user for every visitor, on jupyterhub-tmpauthenticator.

Nobody proves anything, so nothing is remembered of anybody: visitors are in the ledger
(`hubkit.auth.ledger`) as long as they are on the hub, never in the register.
"""

from __future__ import annotations

from typing import Any

from jupyterhub import orm
from tmpauthenticator import TmpAuthenticator
from traitlets import Bool, Instance, Int, List, Unicode, default

from hubkit.auth import ledger
from hubkit.auth.answers import Refused, address
from hubkit.auth.audit import Audit
from hubkit.auth.guard import Guard
from hubkit.auth.ledger import Ledger, NoRoom
from hubkit.auth.provider import Provider
from hubkit.auth.recheck import Answer
from hubkit.auth.visiting import (
    API_ONLY,
    SCOPE,
    Arrive,
    DeepLink,
    Gone,
    HandOut,
    SpawnLink,
    no_room,
)
from hubkit.settings import Settings
from hubkit.visitors import LEAST, MOST, NAME, image_names, is_visitor, new_name

DOOR = "/temporary"
NO_IMAGE = "Unknown image {image}. There are: {known}."
LONGEST = 128  # characters shown of what a stranger wrote
KINDS = "lab|doc|tree|notebooks|files|edit|consoles|terminals|nbclassic"


class KitTemporaryAuthenticator(Guard, TmpAuthenticator):
    """People who come for an hour and leave nothing."""

    way = "temporary"
    capacity = Int(30, min=1, config=True, help="""Visitors at a time.""")
    per_address = Int(
        10, min=0, config=True, help="""Visitors at a time from one address; 0 for no limit."""
    )
    name_length = Int(
        12, min=LEAST, max=MOST, config=True, help="""Random letters and digits of a name."""
    )
    api_only = Bool(
        False, config=True, help="""Admit nobody by the pages, only by the service's API."""
    )
    images = List(Unicode(), config=True, help="""Words by which a visitor may ask for an image.""")
    ledger = Instance(Ledger)

    @default("_deprecated_db_session")
    def _session_of_several(self) -> Any:
        return getattr(self.parent, "_deprecated_db_session", None)

    def _ledger_default(self) -> Ledger:
        return Ledger(ledger.FILE, self.capacity, self.per_address)

    def admit(self, where: str, image: str = "") -> str:
        """Return the name of a new visitor from the address *where*, counted from now on.

        Raises:
            NoRoom: There are as many as there may be.
        """
        name = new_name(self.name_length, _Users(self._deprecated_db_session))
        try:
            self.ledger.admit(name, where, image)
        except NoRoom as full:
            self._log(where, "limited", full.why)
            raise
        self._log(where, "signed-in", "", name)
        return name

    def require_known(self, image: str) -> None:
        """Do nothing if a visitor may ask for *image*; "" is the usual one.

        Raises:
            Refused: There is no such image.
        """
        if image and image not in self.images:
            known = ", ".join(self.images)
            raise Refused(400, NO_IMAGE.format(image=image[:LONGEST], known=known))

    async def authenticate(
        self,
        handler: Any,
        data: dict[str, str] | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        """Return a new visitor, who asks for the ``image`` in *data* or for the usual one.

        JupyterHub's own page comes here with whatever a form says.

        Raises:
            Refused: 503 where the hub is full, 429 where the address has its share, 403
                where only programs are let in, 400 where there is no such image.
        """
        image = (data or {}).get("image", "")
        if self.api_only:
            raise Refused(403, API_ONLY)
        self.require_known(image)
        try:
            name = self.admit(address(handler), image)
        except NoRoom as full:
            raise no_room(full) from None
        return {"name": name, "admin": False}

    async def check_allowed(
        self,
        username: str,
        authentication: dict[str, Any] | None = None,  # noqa: ARG002 (its signature)
    ) -> bool:
        """Return whether *username* is a visitor's; everybody else comes another way."""
        return is_visitor(username)

    def validate_username(self, username: str) -> bool:
        """Return whether *username* may be a hub user's name, which a visitor's may here."""
        return is_visitor(username) or super().validate_username(username)

    def owns(self, name: str) -> bool:
        """Return whether *name* is a visitor's."""
        return is_visitor(name)

    def is_admin(self, handler: Any, authentication: dict[str, Any]) -> bool:  # noqa: ARG002
        """Return False."""
        return False

    async def run_post_auth_hook(self, handler: Any, auth_model: dict[str, Any]) -> dict[str, Any]:
        """Return *auth_model* after the site's own hook; nothing goes into the register."""
        return dict(await super(Guard, self).run_post_auth_hook(handler, auth_model))

    async def refresh_user(
        self,
        user: Any,
        handler: Any = None,
        **_: Any,
    ) -> Answer:
        """Return whether *user* is a visitor: those stay until they are deleted."""
        return is_visitor(user.name) or await super().refresh_user(user, handler)

    def delete_user(self, user: Any) -> Any:
        """Make room."""
        if is_visitor(user.name):
            self.ledger.leave(user.name)
            return None
        return super().delete_user(user)

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        """Return the door, the links that lead through it, and what the service asks."""
        super().get_handlers(app)
        name = NAME.pattern if len(self.ways()) > 1 else "[^/]+"
        return [
            (DOOR, Arrive),
            (rf"/({KINDS})(/.*)?", DeepLink),
            (rf"/spawn/({KINDS})(/.*)?", SpawnLink),
            (rf"/spawn/user/({name})(/.*)?", Gone),
            (rf"/user/({name})(/.*)?", Gone),
            (r"/api/temporary", HandOut),
        ]

    def login_url(self, base_url: str) -> str:
        """Return the door."""
        return f"{base_url.rstrip('/')}{DOOR}"

    def _log(self, where: str, result: str, reason: str, name: str = "") -> None:
        audit: Audit = self.audit
        audit.write(result, name=name, address=where, way=self.way, reason=reason)


class _Users:
    """The names of hub users, asked one at a time."""

    def __init__(self, database: Any):
        self._database = database

    def __contains__(self, name: object) -> bool:
        return bool(self._database) and orm.User.find(self._database, name) is not None


def configure(c: Any, env: Settings) -> type:
    """Set how many visitors there may be, and how they are called."""
    section = c.KitTemporaryAuthenticator
    section.capacity = env.temporary_capacity
    section.per_address = env.temporary_per_address
    section.name_length = env.temporary_name_length
    section.images = list(image_names(env.temporary_image))
    section.api_only = bool(env.temporary_api_token)
    c.JupyterHub.custom_scopes = {
        **c.JupyterHub.get("custom_scopes", {}),
        SCOPE: {"description": "Admit visitors without an account."},
    }
    return KitTemporaryAuthenticator


PROVIDER = Provider(
    "Try it without an account",
    configure,
    outside=False,
    policies=frozenset(),
    door=DOOR,
)
