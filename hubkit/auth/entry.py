"""What a directory says of one person, and how to tell whether two entries are one account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ldap3.core.exceptions import LDAPInvalidDnError
from ldap3.utils.conv import escape_filter_chars
from ldap3.utils.dn import parse_dn

from hubkit.userlist import canonical

LOCKED_FOR_EVER = "000001010000Z"
ACCOUNT_DISABLED = 2  # of Active Directory's userAccountControl
STATUS = ["pwdAccountLockedTime", "nsAccountLock", "userAccountControl"]
# What a directory itself gives an entry and to no other ever again; the first one counts.
IDS = ("entryUUID", "objectGUID", "nsUniqueId", "ipaUniqueID")
BINARY = "objectguid"
WANTED = ("uidNumber", *STATUS, *IDS)

Values = Mapping[str, Any]  # by attribute, in lower case
State = Mapping[str, Any]  # what the hub stored at a sign-in


@dataclass(frozen=True)
class Entry:
    """One person in the directory.

    Attributes:
        dn: The distinguished name.
        name: The user name as the directory spells it, or "" where it may not be read.
        number: ``uidNumber``, or "".
        locked: Whether the directory has locked the account.
        ids: What outlives a change of name, such as ``entryuuid=…``, in the order of `IDS`.
    """

    dn: str
    name: str = ""
    number: str = ""
    locked: bool = False
    ids: tuple[str, ...] = ()

    @classmethod
    def of(cls, dn: str, values: Values, attribute: str) -> Entry:
        """Return the entry *dn* whose user name is in *attribute*."""
        names = texts(values.get(attribute.lower()))
        name = next((one for one in names if _names_entry(dn, one)), min(names, default=""))
        return cls(dn, name, first(values.get("uidnumber")), _locked(values), _ids(values))

    def state(self, asked: str, before: State | None = None) -> dict[str, Any]:
        """Return what to store, so that this person is found again.

        Args:
            asked: The name they were found by.
            before: What was stored the last time; its ids stay where none can be read.
        """
        ids = list(self.ids) or list((before or {}).get("ids") or ())
        name = self.name or asked
        account = ids[0] if ids else account_by(name)
        known = {"dn": self.dn, "id": account, "ids": ids, "name": name, "asked": asked}
        return {**known, "uidNumber": self.number}

    def is_of(self, state: State) -> bool:
        """Return whether this is the account *state* was stored for, as far as can be told."""
        mine, theirs = _by_kind(self.ids), _by_kind(state.get("ids") or ())
        for kind, value in mine.items():
            if kind in theirs:
                return value == theirs[kind]
        name = str(state.get("name") or "")
        return not name or not self.name or canonical(name) == canonical(self.name)


def account_by(name: str) -> str:
    """Return what the account called *name* is known by where no id can be read."""
    return canonical(name).replace("=", "==")  # and so never looks like an id


def id_filter(account: str) -> str:
    """Return the filter that finds the entry with one of its `Entry.ids`."""
    kind, _, value = account.partition("=")
    if kind == BINARY:
        escaped = "".join(f"\\{value[at : at + 2]}" for at in range(0, len(value), 2))
    else:
        escaped = escape_filter_chars(value)
    return f"({kind}={escaped})"


def member_filter(dn: str, name: str = "") -> str:
    """Return what is true of the groups that list *dn*, or *name* where that is given."""
    value = escape_filter_chars(dn)
    by_name = f"(memberUid={escape_filter_chars(name)})" if name else ""
    return f"(member={value})(uniqueMember={value}){by_name}"


def same_dn(one: str, other: str) -> bool:
    """Return whether two distinguished names are the same but for case and spaces."""
    try:
        return _parsed(one) == _parsed(other)
    except LDAPInvalidDnError:
        return False


def texts(value: Any) -> list[str]:
    """Return all values of an attribute as text."""
    values = value if isinstance(value, list) else [value] if value else []
    return [
        one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in values
    ]


def first(value: Any) -> str:
    """Return one value of an attribute, always the same one, or ""."""
    return min(texts(value), default="")


def _by_kind(ids: Any) -> dict[str, str]:
    return {kind: value for kind, _, value in (str(one).partition("=") for one in ids)}


def _ids(values: Values) -> tuple[str, ...]:
    found = []
    for kind in (one.lower() for one in IDS):
        some = values.get(kind)
        value = some[0].hex() if kind == BINARY and some else first(some).lower()
        found += [f"{kind}={value}"] if value else []
    return tuple(found)


def _parsed(dn: str) -> list[tuple[str, str]]:
    return [(kind.casefold(), value.casefold()) for kind, value, _ in parse_dn(dn, strip=True)]


def _names_entry(dn: str, name: str) -> bool:
    try:
        return _parsed(dn)[0][1] == name.casefold()
    except (LDAPInvalidDnError, IndexError):
        return False


def _locked(values: Values) -> bool:
    control = first(values.get("useraccountcontrol"))
    return (
        LOCKED_FOR_EVER in texts(values.get("pwdaccountlockedtime"))
        or first(values.get("nsaccountlock")).lower() == "true"
        or (control.isdigit() and bool(int(control) & ACCOUNT_DISABLED))
    )
