"""Everything wrong with the certificates of one checkout, each with its cure."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from cryptography import x509

from hubkit.certs import authority, bundle, identity
from hubkit.certs.acceptance import Gate
from hubkit.certs.authority import Authority
from hubkit.certs.errors import CertificateMissing, CertificateUnusable, Refused
from hubkit.certs.examine import WARN_DAYS, Finding
from hubkit.certs.issued import Record
from hubkit.certs.places import (
    COMMAND,
    CRL,
    PASSPHRASE,
    SERVER,
    SHOWN,
    SHOWN_AUTHORITY,
    Names,
    Places,
    within,
)
from hubkit.errors import Problem
from hubkit.userlist import canonical, is_name


def problems(root: Path, names: Names, gate: Gate | None = None) -> list[Problem]:
    """Return what makes certificates of the checkout at *root* unusable, for `make check`.

    One user's expired certificate is among them: it is no reason not to start the hub.
    """
    found = findings(Places(root), names, gate=gate)
    return [finding.problem for finding in found if finding.fatal]


def findings(
    places: Places,
    names: Names,
    users: Sequence[str] = (),
    now: dt.datetime | None = None,
    *,
    gate: Gate | None = None,
) -> list[Finding]:
    """Return what is wrong, warnings included.

    Args:
        places: Where everything lies.
        names: How users' files are called.
        users: Look at these only; at everybody, the gateways and the authority if empty.
        now: When; the present by default.
        gate: This stack's own gateway, where the users' certificates are for it.
    """
    now = now or dt.datetime.now(dt.UTC)
    found: list[Finding] = []
    revoked = _revoked(places)
    for user in users or _owners(places):
        found += _person(places, names, user, now, revoked=revoked, gate=gate)
    if not users:
        nobodys = (one for one in within(places.people) if identity.user_of(one.name) is None)
        found += map(_nobody, nobodys)
        for folder in within(places.servers):
            found += _server(places, folder, now)
        if (places.authority / authority.KEY).exists():
            found += _authority(places, now)
    return found


def without(places: Places, users: Iterable[str]) -> list[str]:
    """Return those of *users* who have no folder with a certificate."""
    have = set(_owners(places))
    return [user for user in users if user not in have]


def _owners(places: Places) -> list[str]:
    found = (identity.user_of(folder.name) for folder in within(places.people))
    return [user for user in found if user is not None]


def _revoked(places: Places) -> set[int]:
    try:
        return {entry.number for entry in Record.read(places.authority).entries if entry.revoked}
    except Refused:
        return set()  # `_authority` says so


def _nobody(folder: Path) -> Finding:
    what, name = f"{SHOWN}/{folder.name}", canonical(folder.name)
    cure = "Remove it."
    if is_name(name):
        there = shlex.quote(f"{SHOWN}/{identity.folder(name)}")
        cure = f"For the user {name}: mv {shlex.quote(what)} {there}"
    return Finding(Problem(what, "is not how the folder of any user is called.", cure))


def _person(
    places: Places,
    names: Names,
    user: str,
    now: dt.datetime,
    *,
    revoked: set[int],
    gate: Gate | None,
) -> Iterator[Finding]:
    by_name = gate is not None and gate.strict
    try:
        examined = bundle.inspect(places.people, user, names, now, by_name=by_name)
    except CertificateUnusable as error:
        what, wrong, cure = user, "cannot use the kernel gateway.", str(error)
        if isinstance(error, CertificateMissing):
            quoted = shlex.quote(user)
            what, wrong = f"{SHOWN}/{identity.folder(user)}", "no such folder."
            cure = f"Run: {COMMAND} issue {quoted} (or: import {quoted} FILE.p12)"
        yield Finding(Problem(what, wrong, cure))
        return
    folder = places.person(user)
    shown = f"{SHOWN}/{folder.name}"
    yield from examined.findings
    if gate:
        yield from gate.findings(user, names, examined)
    if examined.chain and examined.chain[0].serial_number in revoked:
        cure = f"Run: {COMMAND} issue {shlex.quote(user)}"
        yield Finding(Problem(f"{shown}/{names.certificate}", "is revoked.", cure))
    yield from _modes(folder, shown, (names.key, PASSPHRASE), (names.certificate, names.ca))


def _modes(
    folder: Path, shown: str, secret: Sequence[str], public: Sequence[str]
) -> Iterator[Finding]:
    """Yield what other accounts may read that is secret, and what they may change."""
    looked_at = [(folder / name, f"{shown}/{name}", 0o077, "600") for name in secret]
    looked_at += [(folder / name, f"{shown}/{name}", 0o022, "600") for name in public]
    for path, what, closed, right in [*looked_at, (folder, shown, 0o022, "700")]:
        try:
            mode = path.stat().st_mode & 0o777
        except OSError:
            continue
        if mode & closed:
            verb = "read" if closed == 0o077 else "changed"
            wrong = f"can be {verb} by other accounts (mode {mode:04o})."
            yield Finding(Problem(what, wrong, f"Run: chmod {right} {shlex.quote(what)}"))


def _server(places: Places, folder: Path, now: dt.datetime) -> Iterator[Finding]:
    shown = f"{SHOWN_AUTHORITY}/servers/{folder.name}"
    name = identity.user_of(folder.name) or folder.name
    reissue = f"{COMMAND} server {shlex.quote(name)}"
    found = bundle.contents(folder, (SERVER.key, SERVER.certificate, SERVER.ca, CRL))
    yield from bundle.look(
        found, shown=shown, names=SERVER, user="", reissue=reissue, now=now
    ).findings
    yield from _modes(folder, shown, (SERVER.key,), (SERVER.certificate, SERVER.ca, CRL))
    try:
        current = (places.authority / CRL).read_bytes()
    except OSError:
        return  # `_authority` says so
    if found.get(CRL) != current:
        wrong = f"is not the list in {SHOWN_AUTHORITY}."
        yield Finding(Problem(f"{shown}/{CRL}", wrong, f"Run: {COMMAND} renew"))


def _authority(places: Places, now: dt.datetime) -> Iterator[Finding]:
    yield from _modes(
        places.authority, SHOWN_AUTHORITY, (authority.KEY,), (authority.CERTIFICATE, CRL)
    )
    try:
        kit = Authority.load(places)
    except Refused as error:
        yield Finding(Problem(SHOWN_AUTHORITY, "cannot be used.", str(error)))
        return
    end = kit.signer.certificate.not_valid_after_utc
    if end - now <= dt.timedelta(days=WARN_DAYS):
        wrong = f"{'expired' if now > end else 'expires'} on {end:%Y-%m-%d}."
        cure = f"Move {SHOWN_AUTHORITY} aside, then: {COMMAND} init-ca, issue and server anew."
        what = f"{SHOWN_AUTHORITY}/{authority.CERTIFICATE}"
        yield Finding(Problem(what, wrong, cure), fatal=now > end)
    yield from _crl(places, kit, now)


def _crl(places: Places, kit: Authority, now: dt.datetime) -> Iterator[Finding]:
    what, cure = f"{SHOWN_AUTHORITY}/{CRL}", f"Run: {COMMAND} renew"
    try:
        crl = x509.load_pem_x509_crl((places.authority / CRL).read_bytes())
    except (OSError, ValueError):
        yield Finding(Problem(what, "cannot be read; gateways need it.", cure))
        return
    if not crl.is_signature_valid(kit.signer.key.public_key()):
        yield Finding(Problem(what, "is not signed by the authority.", cure))
        return
    listed = {one.serial_number for one in crl}
    if any(number not in listed for number, _ in kit.record.revoked(now)):
        yield Finding(Problem(what, "lacks a revoked certificate.", cure))
    end = crl.next_update_utc
    if end is None or end - now <= dt.timedelta(days=WARN_DAYS):
        over = end is None or now > end
        wrong = "is outdated; gateways refuse everybody." if over else "is outdated soon."
        yield Finding(Problem(what, wrong, cure), fatal=over)
