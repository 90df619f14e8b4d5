"""Speak with an LDAP directory: verified, with time limits, the first server that answers.

Everything here blocks; `hubkit.auth.ldap` runs it in threads of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPExceptionError, LDAPInvalidDnError
from ldap3.utils.conv import escape_filter_chars
from ldap3.utils.dn import parse_dn

from hubkit.auth.verified import Verified
from hubkit.errors import HubkitError
from hubkit.settings import ROOT, Settings

DOWN_SECONDS = 60.0  # a server that did not answer is asked last for so long
DEEPEST = 10  # groups in groups
AT_ONCE = 40  # groups asked for in one search
WRONG = {34, 48, 49, 19, 32, 50}  # results of a bind that are about the name or the password
LOCKED_FOR_EVER = "000001010000Z"
ACCOUNT_DISABLED = 2  # of Active Directory's userAccountControl
STATUS = ["pwdAccountLockedTime", "nsAccountLock", "userAccountControl"]


class Unreachable(HubkitError):
    """No server of the directory could be asked; the message says why, for the log."""


class Ambiguous(HubkitError):
    """The directory has more than one person of that name."""


@dataclass(frozen=True)
class Entry:
    """One person in the directory.

    Attributes:
        dn: The distinguished name.
        name: The user name as the directory spells it, or "" where it may not be read.
        number: ``uidNumber``, or "".
        locked: Whether the directory has locked the account.
    """

    dn: str
    name: str = ""
    number: str = ""
    locked: bool = False


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
        reasons = []
        for host in sorted(self.hosts, key=self._is_down):
            try:
                connection = self.open(host, dn, password)
                with _closed_on_error(connection):
                    connection.bind()
            except (LDAPExceptionError, OSError) as error:
                reasons.append(f"{host}:{self.port}: {_plain(error)}")
                self._down[host] = time.monotonic() + DOWN_SECONDS
                continue
            code = connection.result["result"]
            if code == 0:
                self._down.pop(host, None)
                return connection
            connection.unbind()
            if code in WRONG:
                return None
            reasons.append(f"{host}:{self.port}: {connection.result['description']}")
        raise Unreachable("; ".join(reasons))

    def open(self, host: str, dn: str = "", password: str = "") -> ldap3.Connection:
        """Return a connection to *host* with TLS as asked for, not bound yet."""
        server = ldap3.Server(
            host,
            port=self.port,
            use_ssl=self.tls == "ldaps",
            tls=Verified(host, self.ca_file),
            connect_timeout=self.timeout,
            get_info=ldap3.NONE,
        )
        connection = ldap3.Connection(
            server,
            user=dn or None,
            password=password or None,
            receive_timeout=self.timeout,
            auto_referrals=False,
            read_only=True,
        )
        with _closed_on_error(connection):
            connection.open(read_server_info=False)
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
            connection.unbind()

    def find(self, connection: ldap3.Connection, name: str) -> Entry | None:
        """Return whom the directory calls *name*, or None.

        Raises:
            Ambiguous: More than one.
        """
        wanted = self.person_filter.replace("{username}", escape_filter_chars(name))
        found = self._search(connection, self.base, wanted, [self.attribute, "uidNumber", *STATUS])
        if len(found) > 1:
            raise Ambiguous(f"{len(found)} entries below {self.base} fit the name")
        return self._entry(*found[0]) if found else None

    def read(self, connection: ldap3.Connection, dn: str) -> Entry:
        """Return what *connection* may read of *dn* itself."""
        attributes = [self.attribute, "uidNumber", *STATUS]
        found = self._search(connection, dn, "(objectClass=*)", attributes, ldap3.BASE)
        return self._entry(*found[0]) if found else Entry(dn)

    def groups(self, connection: ldap3.Connection, person: Entry, name: str) -> dict[str, str]:
        """Return the groups *person* is in, also through other groups: DN → name."""
        found: dict[str, str] = {}
        if not self.group_base:
            return found
        wanted = [_member(person.dn, name)]
        for _ in range(DEEPEST):
            level = {
                dn: _first(values.get("cn")) or dn
                for some in _batches(wanted)
                for dn, values in self._search(
                    connection, self.group_base, f"(|{''.join(some)})", ["cn"]
                )
            }
            new = {dn: cn for dn, cn in level.items() if dn not in found}
            if not new:
                break
            found |= new
            wanted = [_member(dn) for dn in new]
        return found

    def _search(
        self,
        connection: ldap3.Connection,
        base: str,
        wanted: str,
        attributes: list[str],
        scope: str = ldap3.SUBTREE,
    ) -> list[tuple[str, dict[str, Any]]]:
        connection.search(base, wanted, scope, attributes=attributes)
        return [
            (one["dn"], {key.lower(): value for key, value in one["attributes"].items()})
            for one in connection.response or []
            if one["type"] == "searchResEntry"
        ]

    def _entry(self, dn: str, values: dict[str, Any]) -> Entry:
        names = _texts(values.get(self.attribute.lower()))
        name = next((one for one in names if _names_entry(dn, one)), min(names, default=""))
        return Entry(dn, name, _first(values.get("uidnumber")), _locked(values))

    def _is_down(self, host: str) -> bool:
        return self._down.get(host, 0.0) > time.monotonic()


@contextmanager
def _closed_on_error(connection: ldap3.Connection) -> Iterator[None]:
    """Close the socket, which ldap3 leaves open where something fails."""
    try:
        yield
    except (LDAPExceptionError, OSError):
        if connection.socket:
            connection.socket.close()
        raise


def same_dn(one: str, other: str) -> bool:
    """Return whether two distinguished names are the same but for case and spaces."""
    try:
        return _parsed(one) == _parsed(other)
    except LDAPInvalidDnError:
        return False


def _parsed(dn: str) -> list[tuple[str, str]]:
    return [(kind.casefold(), value.casefold()) for kind, value, _ in parse_dn(dn, strip=True)]


def _names_entry(dn: str, name: str) -> bool:
    try:
        return _parsed(dn)[0][1] == name.casefold()
    except (LDAPInvalidDnError, IndexError):
        return False


def _member(dn: str, name: str = "") -> str:
    value = escape_filter_chars(dn)
    by_name = f"(memberUid={escape_filter_chars(name)})" if name else ""
    return f"(member={value})(uniqueMember={value}){by_name}"


def _batches(wanted: list[str]) -> Iterable[list[str]]:
    return (wanted[begin : begin + AT_ONCE] for begin in range(0, len(wanted), AT_ONCE))


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value] if value else []
    return [
        one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in values
    ]


def _first(value: Any) -> str:
    return min(_texts(value), default="")


def _locked(values: dict[str, Any]) -> bool:
    control = _first(values.get("useraccountcontrol"))
    return (
        LOCKED_FOR_EVER in _texts(values.get("pwdaccountlockedtime"))
        or _first(values.get("nsaccountlock")).lower() == "true"
        or (control.isdigit() and bool(int(control) & ACCOUNT_DISABLED))
    )


def _plain(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
