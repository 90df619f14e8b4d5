"""AUTH=ldap: a directory keeps the accounts, asked with LDAPAuthenticator.

People type name and password into the hub's page. The hub binds as them, either by the
template LDAP_BIND_DN or by the entry a search finds, and reads their name and groups.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from ldap3 import Connection
from ldap3.core.exceptions import LDAPExceptionError
from ldapauthenticator import LDAPAuthenticator
from tornado.web import HTTPError
from traitlets import Instance, List, Unicode

from hubkit.auth.directory import Ambiguous, Directory, Unreachable
from hubkit.auth.entry import Entry, State, account_by, same_dn
from hubkit.auth.guard import Guard
from hubkit.auth.provider import Provider
from hubkit.auth.recheck import Answer
from hubkit.auth.verified import leave, until
from hubkit.errors import Problem
from hubkit.settings import Settings

PATIENCE = 9.0  # seconds a sign-in may wait for the directory
THREADS = 16
SESSION = 12 * 3600  # seconds until people sign in again where nobody may search
DOWN = "The directory does not answer safely; try again in a minute, or ask {contact}."
TWO = "The directory has several people of this name; ask {contact}."
LOCKED = "Your account is locked in the directory; ask {contact}."
GONE = "Your account is no longer in the directory; ask {contact}."

Result = TypeVar("Result")


class Threaded(LDAPAuthenticator):
    """LDAPAuthenticator in threads of its own, which knows entries and groups."""

    directory = Instance(Directory).tag(config=True)
    named_groups = List(Unicode(), help="Groups given by their DN in ALLOWED_GROUPS.").tag(
        config=True
    )
    contact = Unicode("an administrator of this hub").tag(config=True)

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        if self.directory and self.directory.tls == "insecure":
            self.log.warning("LDAP_TLS=insecure: passwords cross the network in the clear")
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="ldap")
        self._here = threading.local()

    async def authenticate(self, handler: Any, data: Any = None, **extra: Any) -> Any:  # noqa: ARG002
        """Return name, groups and entry of whose password is right.

        Raises:
            HTTPError: 503 where the directory cannot be asked, 403 where it has several
                people of the name.
        """
        given = {key: str((data or {}).get(key) or "") for key in ("username", "password")}
        # RFC 4513 5.1.2: a bind without password always succeeds
        if not given["username"].strip() or not given["password"].strip():
            return None
        model = await self._in_thread(lambda: self._authenticate(handler, given))
        if model:
            self.proved(model)
        return model

    def proved(self, model: dict[str, Any]) -> None:
        """Take note that *model* has the right password."""

    def _authenticate(self, handler: Any, data: dict[str, str]) -> dict[str, Any] | None:
        self._here.connections, self._here.model = [], {}
        self._here.typed = data["username"]
        try:
            # Upstream's coroutine awaits nothing: one step runs it through.
            proved = _run(super().authenticate(handler, data))
            return {"name": proved["name"], **self._here.model} if proved else None
        finally:
            for connection in self._here.connections:
                leave(connection)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        """Return what *work* does; its thread is free again when nobody waits any more."""
        loop, end = asyncio.get_running_loop(), time.monotonic() + PATIENCE

        def limited() -> Result:
            with until(end):
                return work()

        try:
            return await asyncio.wait_for(loop.run_in_executor(self._threads, limited), PATIENCE)
        except (Unreachable, LDAPExceptionError, OSError) as error:
            # TimeoutError is an OSError too.
            self.log.error("LDAP: %s", error or "no answer in time")
            raise HTTPError(503, DOWN.format(contact=self.contact)) from None
        except Ambiguous as error:
            self.log.error("LDAP: %s", error)
            raise HTTPError(403, TWO.format(contact=self.contact)) from None

    def get_connection(self, userdn: str, password: str) -> Connection | None:
        """Return a connection of *userdn*, or None if the password is wrong."""
        connection = self.directory.bind(userdn, password)
        if connection:
            self._here.connections.append(connection)
        return connection

    def resolve_username(self, username_supplied_by_user: str) -> tuple[str | None, str | None]:
        """Return name and DN of whom a search finds."""
        with self.directory.searching() as connection:
            entry = self.directory.find(connection, username_supplied_by_user)
        if entry is None:
            return None, None
        # Upstream takes the DN for a template.
        dn = entry.dn.replace("{", "{{").replace("}", "}}")
        return entry.name or username_supplied_by_user, dn

    def get_user_attributes(self, conn: Connection, userdn: str) -> dict[str, Any]:
        """Read who *userdn* is, while the connection is theirs."""
        self._here.model = self._proved(conn, userdn, self._here.typed)
        return {}

    def _proved(self, own: Connection, dn: str, typed: str) -> dict[str, Any]:
        """Return who *dn* is, as the same account reads it that looks again later."""
        if not self.directory.base:
            return self._model(own, self.directory.read(own, dn), typed)
        with self.directory.searching() as connection:
            entry = self.directory.read(connection, dn)
            return self._model(
                connection, entry if entry.name else self.directory.read(own, dn), typed
            )

    def _model(
        self, connection: Connection, entry: Entry, asked: str, before: State | None = None
    ) -> dict[str, Any]:
        state = entry.state(asked, before)
        groups = self.directory.groups(connection, entry, state["name"])
        named = [one for one in self.named_groups if any(same_dn(one, dn) for dn in groups)]
        state["ldap_groups"] = sorted(groups)
        everything = sorted({*groups.values(), *named})
        return {"name": state["name"], "groups": everything, "auth_state": state}

    async def refresh_user(self, user: Any, handler: Any = None, **kwargs: Any) -> Answer:  # noqa: ARG002
        """Return what the directory says of *user* now, without their password."""
        stored = await user.get_auth_state() or {}
        # Stored by an earlier version, or not at all: the hub's name is all there is.
        state = stored if stored.get("asked") else {"asked": user.name}
        return await self._in_thread(lambda: self._look(state))

    def _look(self, state: State) -> dict[str, Any]:
        with self.directory.searching() as connection:
            entry, asked = self.directory.find_again(connection, state)
            if entry is None or entry.locked:
                reason = (LOCKED if entry else GONE).format(contact=self.contact)
                return {"refused": reason}
            return self._model(connection, entry, asked, state)


class KitLDAPAuthenticator(Guard, Threaded):
    """LDAPAuthenticator with a verified server, behind the guard."""

    way = "ldap"
    form = True

    @property
    def asks_again(self) -> bool:  # type: ignore[override]
        """Whether the directory lets the hub search for somebody who is in."""
        return bool(self.directory.base)

    def identity(self, model: dict[str, Any]) -> str:
        """Return the account: the entry's own id, or its name where none can be read."""
        return f"{self.way}:{model['auth_state']['id']}"

    def proved(self, model: dict[str, Any]) -> None:
        """Let a name that belongs to another id of the same entry belong to the first.

        It was bound by that while the first could not be read, or before the directory
        had it; by the user name if there was none at all.
        """
        state, account = model["auth_state"], self.identity(model)
        if self.register.name_of(account):
            return
        for other in (*state["ids"][1:], account_by(state["name"])):
            name = self.register.name_of(f"{self.way}:{other}")
            if name:
                self.register.bind(account, name)
                return

    async def refresh_user(self, user: Any, handler: Any = None, **kwargs: Any) -> Answer:
        """Return False also after half a day, where only a fresh sign-in tells more."""
        answer = await super().refresh_user(user, handler, **kwargs)
        person = self.register.person(user.name)
        if answer is True and not self.asks_again and person:
            old = time.time() - person.checked > SESSION
            return self.must_sign_in(user.name, handler) if old else True
        return answer


def _run(coroutine: Any) -> Any:
    try:
        coroutine.send(None)
    except StopIteration as finished:
        return finished.value
    raise RuntimeError("LDAPAuthenticator waits for something")


def configure(c: Any, env: Settings) -> type:
    """Set LDAPAuthenticator's traits."""
    own = c.KitLDAPAuthenticator
    own.directory = Directory.of(env)
    written = (one.removeprefix("ldap/") for one in (*env.allowed_groups, *env.admin_groups))
    own.named_groups = [one for one in written if "=" in one]
    own.contact = env.contact
    own.server_address = env.ldap_server_host[0]
    own.bind_dn_template = list(env.ldap_bind_dn)
    own.lookup_dn = not env.ldap_bind_dn
    own.use_lookup_dn_username = True
    own.auth_state_attributes = [env.ldap_user_attribute]
    # The guard has looked at the name; upstream's rule would refuse capitals and digits.
    own.valid_username_regex = r"(?s).+\Z"
    own.manage_groups = bool(env.ldap_group_base)
    return KitLDAPAuthenticator


def problems(env: Settings) -> list[Problem]:
    """Return what is wrong with the LDAP settings."""
    found = []
    if not env.ldap_server_host:
        cure = "Write the directory's host name, e.g. ldap.example.org."
        found.append(Problem("LDAP_SERVER_HOST=", "must be set with AUTH=ldap.", cure))
    if not env.ldap_bind_dn and not env.ldap_search_base:
        wrong = "one of them must be set with AUTH=ldap."
        cure = (
            "Write how people's names look, e.g. uid={username},ou=people,dc=example,dc=org, "
            "or where people are searched."
        )
        found.append(Problem("LDAP_BIND_DN= and LDAP_SEARCH_BASE=", wrong, cure))
    if bool(env.ldap_search_user) != bool(env.ldap_search_password):
        wrong = "only one of the two is set."
        cure = "Set both, or neither for an anonymous search."
        found.append(Problem("LDAP_SEARCH_USER and LDAP_SEARCH_PASSWORD", wrong, cure))
    if env.ldap_search_user and not env.ldap_search_base:
        wrong = "counts only with LDAP_SEARCH_BASE."
        found.append(Problem(f"LDAP_SEARCH_USER={env.ldap_search_user}", wrong, "Set that too."))
    if ("group" in env.allow or env.admin_groups) and not env.ldap_group_base:
        wrong = "must be set where ALLOW or ADMIN_GROUPS speak of groups."
        cure = "Write where groups are, e.g. ou=groups,dc=example,dc=org."
        found.append(Problem("LDAP_GROUP_BASE=", wrong, cure))
    return found


PROVIDER = Provider(
    "your account in the directory",
    configure,
    problems,
    form=True,
    policies=frozenset({"userlist", "group", "everyone"}),
    groups=True,
)
