"""Speak with an LDAP directory: verified, with time limits, the first server that answers.

Everything here blocks; `hubkit.auth.ldap` runs it in threads of its own.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import ldap3
from ldap3.utils.conv import escape_filter_chars

from hubkit.auth.entry import WANTED, Entry, State, Values, first, id_filter, member_filter
from hubkit.auth.verified import (
    FAILED,
    LATE,
    Timed,
    Verified,
    closed_on_error,
    ended,
    leave,
    left,
    may_be_sent,
)
from hubkit.errors import HubkitError
from hubkit.settings import ROOT, Settings

PLAIN = {  # words of ldap3 and OpenSSL → what they mean
    "invalid server address": "nobody here knows this name",
    "UNEXPECTED_EOF": "it does not speak TLS at this port",
    "WRONG_VERSION_NUMBER": "it does not speak TLS at this port",
}
DOWN_SECONDS = 60.0  # a server that did not answer is asked last for so long
DEEPEST = 10  # groups in groups
AT_ONCE = 40  # groups asked for in one search
# Results of a bind that are about the name or the password: constraintViolation,
# noSuchObject, invalidDNSyntax, inappropriateAuthentication, invalidCredentials,
# insufficientAccessRights, unwillingToPerform. With 19 and 53 servers refuse locked accounts.
WRONG = {19, 32, 34, 48, 49, 50, 53}
HIDDEN = {32, 50}  # of a look at one entry: it is not there, or not for these eyes
SICK = {1, 51, 52, 80}  # operationsError, busy, unavailable, other: another server may do


class Unreachable(HubkitError):
    """No server of the directory could be asked; the message says why, for the log."""


class Ambiguous(HubkitError):
    """The directory has more than one person of that name."""


@dataclass
class Directory:
    """How to reach a directory and what to look for in it.

    Attributes:
        hosts: Host names, tried in order.
        port: TCP port.
        tls: ``starttls``, ``ldaps`` or ``insecure``.
        ca_file: Authorities trusted for it; "" for the public ones.
        timeout: Seconds one server may take for one answer.
        base: Where people are searched; "" where they are not.
        person_filter: With ``{username}`` where the name goes.
        search_user: Who searches; "" for anonymous.
        search_password: Their password.
        attribute: Which is the user name.
        group_base: Where groups are searched; "" where they are not.
    """

    hosts: tuple[str, ...]
    port: int
    tls: str = "starttls"
    ca_file: str = ""
    timeout: float = 3.0
    base: str = ""
    person_filter: str = "(uid={username})"
    search_user: str = ""
    search_password: str = field(default="", repr=False)
    attribute: str = "uid"
    group_base: str = ""
    _down: dict[str, float] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, env: Settings) -> Directory:
        """Return the directory the settings describe."""
        return cls(
            hosts=env.ldap_server_host,
            port=env.ldap_server_port or (636 if env.ldap_tls == "ldaps" else 389),
            tls=env.ldap_tls,
            ca_file=str(ROOT / env.ldap_ca_file) if env.ldap_ca_file else "",
            timeout=env.ldap_timeout,
            base=env.ldap_search_base,
            person_filter=env.ldap_search_filter,
            search_user=env.ldap_search_user,
            search_password=env.ldap_search_password,
            attribute=env.ldap_user_attribute,
            group_base=env.ldap_group_base,
        )

    def bind(self, dn: str, password: str) -> ldap3.Connection | None:
        """Return a connection of *dn*, or None if name or password are wrong.

        Raises:
            Unreachable: No server could be asked safely. No password was sent.
        """
        if dn and not may_be_sent(password):
            return None
        reasons = []
        for host in sorted(self.hosts, key=self._is_down):
            if ended():
                reasons.append(f"{host}:{self.port}: {LATE}")
                break
            try:
                connection = self.open(host, dn, password)
                with closed_on_error(connection):
                    connection.bind()
            except FAILED as error:
                reasons.append(f"{host}:{self.port}: {_plain(error)}")
                self._set_down(host)
                continue
            code = connection.result["result"]
            if code == 0:
                self._down.pop(host, None)
                return connection
            leave(connection)
            if code in WRONG:
                return None
            if code in SICK:
                self._set_down(host)
            reasons.append(f"{host}:{self.port}: {connection.result['description']}")
        raise Unreachable("; ".join(reasons))

    def open(self, host: str, dn: str = "", password: str = "") -> ldap3.Connection:
        """Return a connection to *host* with TLS as asked for, not bound yet."""
        server = ldap3.Server(
            host,
            port=self.port,
            use_ssl=self.tls == "ldaps",
            tls=Verified(host, self.ca_file, self.timeout),
            connect_timeout=left(self.timeout),
            get_info=ldap3.NONE,
        )
        connection = ldap3.Connection(
            server,
            user=dn or None,
            password=password or None,
            auto_referrals=False,
            read_only=True,
        )
        with closed_on_error(connection):
            connection.open(read_server_info=False)
            if not isinstance(connection.socket, Timed):
                connection.socket = Timed(connection.socket, self.timeout)
            if self.tls == "starttls" and not connection.start_tls(read_server_info=False):
                raise OSError("it does not speak StartTLS")
        return connection

    @contextmanager
    def searching(self) -> Iterator[ldap3.Connection]:
        """Give a connection of the account that searches.

        Raises:
            Unreachable: No server answers, or it refuses that account.
        """
        connection = self.bind(self.search_user, self.search_password)
        if connection is None:
            who = self.search_user or "an anonymous visitor"
            raise Unreachable(f"the directory does not let {who} in to search")
        try:
            yield connection
        finally:
            leave(connection)

    def find(self, connection: ldap3.Connection, name: str) -> Entry | None:
        """Return whom the directory calls *name*, or None.

        Raises:
            Ambiguous: More than one.
        """
        wanted = self.person_filter.replace("{username}", escape_filter_chars(name))
        return self._only(connection, wanted)

    def find_again(self, connection: ldap3.Connection, state: State) -> tuple[Entry | None, str]:
        """Return the entry of whom *state* was stored for, and the name that finds it now.

        The filter still has to admit them. None if it does not, or if whoever has the
        name now is another account.

        Raises:
            Ambiguous: More than one.
        """
        for name in dict.fromkeys(str(state.get(key) or "") for key in ("asked", "name")):
            entry = self.find(connection, name) if name else None
            if entry and entry.is_of(state):
                return entry, name
        for account in list(state.get("ids") or ())[:1]:
            entry = self._only(connection, id_filter(str(account)))
            renamed = self.find(connection, entry.name) if entry and entry.name else None
            if renamed and renamed.is_of(state):
                return renamed, renamed.name
        return None, ""

    def read(self, connection: ldap3.Connection, dn: str) -> Entry:
        """Return what *connection* may read of *dn* itself."""
        found = self._search(
            connection, dn, "(objectClass=*)", self._wanted(), ldap3.BASE, may_miss=True
        )
        return Entry.of(*found[0], self.attribute) if found else Entry(dn)

    def groups(self, connection: ldap3.Connection, person: Entry, name: str) -> dict[str, str]:
        """Return the groups *person* is in, also through other groups: DN → name."""
        found: dict[str, str] = {}
        if not self.group_base:
            return found
        wanted = [member_filter(person.dn, name)]
        for _ in range(DEEPEST):
            level = {
                dn: first(values.get("cn")) or dn
                for some in _batches(wanted)
                for dn, values in self._search(
                    connection, self.group_base, f"(|{''.join(some)})", ["cn"]
                )
            }
            new = {dn: cn for dn, cn in level.items() if dn not in found}
            if not new:
                break
            found |= new
            wanted = [member_filter(dn) for dn in new]
        return found

    def _only(self, connection: ldap3.Connection, wanted: str) -> Entry | None:
        found = self._search(connection, self.base, wanted, self._wanted())
        if len(found) > 1:
            raise Ambiguous(f"{len(found)} entries below {self.base} fit the name")
        return Entry.of(*found[0], self.attribute) if found else None

    def _wanted(self) -> list[str]:
        return [self.attribute, *WANTED]

    def _search(
        self,
        connection: ldap3.Connection,
        base: str,
        wanted: str,
        attributes: list[str],
        scope: str = ldap3.SUBTREE,
        *,
        may_miss: bool = False,
    ) -> list[tuple[str, Values]]:
        """Return what is found; "nothing" only where the server has looked and said so.

        Raises:
            Unreachable: It did not answer, or with an error: nobody is gone by that.
        """
        host = connection.server.host
        try:
            connection.search(base, wanted, scope, attributes=attributes)
        except FAILED as error:
            self._set_down(host)
            raise Unreachable(f"{host}:{self.port}: {_plain(error)}") from None
        code, said = connection.result["result"], connection.result["description"]
        if may_miss and code in HIDDEN:
            return []
        if code != 0:
            if code in SICK:
                self._set_down(host)
            raise Unreachable(f"{host}:{self.port} says of a search below {base}: {said}")
        return [
            (one["dn"], {key.lower(): value for key, value in one["raw_attributes"].items()})
            for one in connection.response or []
            if one["type"] == "searchResEntry"  # and no references to elsewhere
        ]

    def _set_down(self, host: str) -> None:
        self._down[host] = time.monotonic() + DOWN_SECONDS

    def _is_down(self, host: str) -> bool:
        return self._down.get(host, 0.0) > time.monotonic()


def _batches(wanted: list[str]) -> Iterable[list[str]]:
    return (wanted[begin : begin + AT_ONCE] for begin in range(0, len(wanted), AT_ONCE))


def _plain(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    untrusted = re.search(r"certificate verify failed: ([^(]*[^( ])", text)
    if untrusted:
        return f"its certificate is not trusted: {untrusted[1]}"
    for raw, plain in PLAIN.items():
        if raw in text:
            return plain
    return text
