"""Whose certificates there are, and for how long they last."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography import x509

from hubkit.certs import desk, identity
from hubkit.certs.authority import CERTIFICATE
from hubkit.certs.bundle import inspect
from hubkit.certs.errors import CertificateUnusable, Refused
from hubkit.certs.examine import WARN_DAYS
from hubkit.certs.issued import Record
from hubkit.certs.places import SERVER, Names, Places, within

COLUMNS = ("NAME", "KIND", "ISSUER", "EXPIRES", "DAYS", "STATE")
DAY = 86400.0  # seconds


@dataclass(frozen=True)
class Row:
    """One certificate as `hubkit certs list` shows it.

    Attributes:
        name: The hub user or gateway, or a folder that is nobody's.
        kind: ``client`` or ``server``.
        issuer: Who issued it.
        expires: When it expires, ISO 8601 in UTC; "" if it cannot be read.
        days: Whole days left, negative after that.
        state: ``valid``, ``expires soon``, ``expired``, ``not yet valid``, ``revoked``
            or ``unusable`` (`hubkit certs check` says why).
    """

    name: str
    kind: str
    issuer: str
    expires: str
    days: int | None
    state: str

    def json(self) -> dict[str, Any]:
        """Return the row as JSON shows it."""
        return asdict(self)

    def cells(self) -> tuple[str, ...]:
        """Return the row as the table shows it."""
        days = "" if self.days is None else str(self.days)
        return self.name, self.kind, self.issuer, self.expires[:10], days, self.state


def rows(places: Places, names: Names, now: dt.datetime | None = None) -> list[Row]:
    """Return every user's and every gateway's certificate, by name."""
    now = now or dt.datetime.now(dt.UTC)
    revoked = _revoked(places)
    found = []
    for folder in within(places.people):
        user, leaf = identity.user_of(folder.name), desk.first(folder / names.certificate)
        usable = user is not None and _usable(places, user, names, now)
        state = _state(leaf, usable=usable, revoked=revoked, now=now)
        found.append(_row(user or folder.name, "client", leaf, state, now))
    for folder in within(places.servers):
        name, leaf = identity.user_of(folder.name), desk.first(folder / SERVER.certificate)
        state = _state(leaf, usable=True, revoked=revoked, now=now)
        found.append(_row(name or folder.name, "server", leaf, state, now))
    return found


def _row(name: str, kind: str, leaf: x509.Certificate | None, state: str, now: dt.datetime) -> Row:
    if leaf is None:
        return Row(name, kind, "", "", None, state)
    end = leaf.not_valid_after_utc
    issuer = identity.called(leaf.issuer)
    return Row(name, kind, issuer, end.isoformat(), (end - now).days, state)


def _state(
    leaf: x509.Certificate | None, *, usable: bool, revoked: set[int], now: dt.datetime
) -> str:
    if leaf is None:
        return "unusable"
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    states = {
        "revoked": leaf.serial_number in revoked,
        "expired": now > end,
        "not yet valid": now < begin,
        "unusable": not usable,
        "expires soon": end - now <= dt.timedelta(days=WARN_DAYS),
        "valid": True,
    }
    return next(state for state, holds in states.items() if holds)


def _revoked(places: Places) -> set[int]:
    try:
        return {entry.number for entry in Record.read(places.authority).entries if entry.revoked}
    except Refused:
        return set()


def _usable(places: Places, user: str, names: Names, now: dt.datetime) -> bool:
    try:
        findings = inspect(places.people, user, names, now).findings
    except CertificateUnusable:
        return False
    return not any(finding.fatal for finding in findings)


def table(found: Iterable[Row]) -> list[str]:
    """Return the rows *found* as lines with a headline, columns aligned."""
    cells: Sequence[tuple[str, ...]] = [COLUMNS, *(row.cells() for row in found)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]


def days_left(folder: Path, names: Names, now: dt.datetime | None = None) -> dict[str, float]:
    """Return for each user in *folder* in how many days their certificate expires.

    Negative after that. Who has no certificate that can be read is not in it.

    Args:
        folder: What ``secrets/gateway`` is called here.
        names: How the three files are called.
        now: When; the present by default.
    """
    found = {}
    for place in within(folder):
        user, leaf = identity.user_of(place.name), desk.first(place / names.certificate)
        if user and leaf:
            found[user] = _left(leaf, now)
    return found


def own_days_left(folder: Path, now: dt.datetime | None = None) -> dict[str, dict[str, float]]:
    """Return the same for the kit's ``authority`` and each ``server``, a gateway, by name.

    Args:
        folder: What ``secrets/gateway-ca`` is called here. Only certificates are needed:
            ``ca.crt``, and ``servers/NAME.crt`` for each gateway.
        now: When; the present by default.
    """
    found: dict[str, dict[str, float]] = {"authority": {}, "server": {}}
    authority = desk.first(folder / CERTIFICATE)
    if authority:
        found["authority"][identity.called(authority.subject)] = _left(authority, now)
    for path in sorted(folder.glob("servers/*.crt")):
        leaf = desk.first(path)
        if leaf:
            found["server"][identity.user_of(path.stem) or path.stem] = _left(leaf, now)
    return found


def _left(certificate: x509.Certificate, now: dt.datetime | None) -> float:
    now = now or dt.datetime.now(dt.UTC)
    return (certificate.not_valid_after_utc - now).total_seconds() / DAY
