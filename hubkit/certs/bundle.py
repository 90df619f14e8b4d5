"""What one user's server is given for the gateway, checked before each start."""

from __future__ import annotations

import datetime as dt
import os
import shlex
import time
from dataclasses import dataclass, field
from pathlib import Path

from hubkit.certs import examine, identity, pem
from hubkit.certs.errors import CertificateMissing, CertificateUnusable, Refused
from hubkit.certs.places import COMMAND, PASSPHRASE, SHOWN, Names
from hubkit.errors import Problem

EXPIRES = (
    "Your certificate for the kernel gateway expires on {end:%Y-%m-%d}, in {days}. Without "
    "a new one your server will not start after that. For an administrator: {cure}"
)
BEING_REPLACED = 0.02  # seconds; between old and new folder there is none for a moment


@dataclass(frozen=True)
class Bundle:
    """Files that work, as they are to be placed.

    Attributes:
        key: The private key, unencrypted PKCS#8 in PEM.
        certificate: The user's certificate, then those between it and its root, PEM.
        ca: The authorities the gateway is trusted by, PEM.
        expires: When the certificate does, in UTC.
        warnings: Sentences for the user and the log; never a secret.
    """

    key: bytes = field(repr=False)
    certificate: bytes
    ca: bytes
    expires: dt.datetime
    warnings: tuple[str, ...] = ()


def read(folder: Path, user: str, names: Names, now: dt.datetime | None = None) -> Bundle:
    """Return what is to be placed into the server of *user*.

    Args:
        folder: What ``secrets/gateway`` is called here.
        user: The hub user.
        names: How the three files are called.
        now: When; the present by default.

    Raises:
        CertificateMissing: There is no certificate for *user*.
        CertificateUnusable: There is one, with something wrong.
    """
    examined = inspect(folder, user, names, now)
    fatal = [finding.problem for finding in examined.findings if finding.fatal]
    if fatal or examined.key is None:
        raise CertificateUnusable(_message(user, fatal))
    warnings = tuple(_sentence(finding.problem) for finding in examined.findings)
    return Bundle(
        key=pem.key_text(examined.key),
        certificate=pem.text(examined.chain),
        ca=pem.text(examined.authorities),
        expires=examined.chain[0].not_valid_after_utc,
        warnings=warnings,
    )


def notices(folder: Path, user: str, names: Names, *, needed: bool = True) -> list[str]:
    """Return what *user* should know about their certificate, for a page.

    That it cannot be used, or ends within `WARN_DAYS`; other warnings are the log's.

    Args:
        folder: What ``secrets/gateway`` is called here.
        user: The hub user.
        names: How the three files are called.
        needed: Whether having none is worth a word.
    """
    now = dt.datetime.now(dt.UTC)
    try:
        own = read(folder, user, names, now)
    except CertificateMissing as error:
        return [str(error)] if needed else []
    except CertificateUnusable as error:
        return [str(error)]
    left = own.expires - now
    if left > dt.timedelta(days=examine.WARN_DAYS):
        return []
    days = "1 day" if left.days == 1 else f"{left.days} days"
    cure = examine.cure(user, pem.load_certificates(own.certificate)[0])
    return [EXPIRES.format(end=own.expires, days=days, cure=cure)]


def inspect(
    folder: Path,
    user: str,
    names: Names,
    now: dt.datetime | None = None,
    *,
    by_name: bool = False,
) -> examine.Examined:
    """Return what is in the folder of *user*, with all that is wrong.

    Args:
        folder: What ``secrets/gateway`` is called here.
        user: The hub user.
        names: How the three files are called.
        now: When; the present by default.
        by_name: Whether the gateway takes who comes for the certificate's common name.

    Raises:
        CertificateMissing: There is no such folder.
        CertificateUnusable: *user* is no name for a folder.
    """
    try:
        place = identity.folder(user)
    except Refused as error:
        raise CertificateUnusable(str(error)) from error
    shown, reissue = f"{SHOWN}/{place}", f"{COMMAND} issue {shlex.quote(user)}"
    try:
        found = contents(folder / place, (names.key, names.certificate, names.ca, PASSPHRASE))
    except (FileNotFoundError, NotADirectoryError):
        raise CertificateMissing(_none(user, shown)) from None
    except OSError as error:
        problem = Problem(shown, f"cannot be read: {error.strerror}.", "Let this account read it.")
        raise CertificateUnusable(_message(user, [problem])) from error
    return look(
        found, shown=shown, names=names, user=user, reissue=reissue, now=now, by_name=by_name
    )


def look(
    found: dict[str, bytes],
    *,
    shown: str,
    names: Names,
    user: str,
    reissue: str,
    now: dt.datetime | None,
    by_name: bool = False,
) -> examine.Examined:
    """Return what is wrong with the files *found* in a folder, missing ones included."""
    missing = [one for one in (names.key, names.certificate, names.ca) if one not in found]
    if missing:
        advice = examine.cure(user, None) + f" (or: {reissue})" if user else f"Run: {reissue}"
        problems = [
            Problem(f"{shown}/{one}", "is missing or unreadable.", advice) for one in missing
        ]
        return examine.Examined(None, (), (), tuple(map(examine.Finding, problems)))
    material = examine.Material(
        shown=shown,
        names=names,
        key=found[names.key],
        certificate=found[names.certificate],
        ca=found[names.ca],
        passphrase=found.get(PASSPHRASE, b"").strip(b"\r\n") or None,
        user=user,
        reissue=reissue,
        by_name=by_name,
    )
    return examine.examine(material, now)


def contents(folder: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """Return those files *names* of *folder* that can be read, all of one generation.

    A command may replace the folder at the same time; what is open stays the same one.

    Raises:
        OSError: The folder cannot be opened.
    """
    found = {}
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        time.sleep(BEING_REPLACED)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in names:
            try:
                file = os.open(name, os.O_RDONLY, dir_fd=descriptor)
                with os.fdopen(file, "rb") as opened:
                    found[name] = opened.read()
            except OSError:
                continue
    finally:
        os.close(descriptor)
    return found


def _none(user: str, shown: str) -> str:
    quoted = shlex.quote(user)
    return (
        f"There is no certificate with which {user} may use the kernel gateway ({shown} is "
        f"missing). An administrator makes one with: {COMMAND} issue {quoted} "
        f"or takes one from a PKCS#12 file: {COMMAND} import {quoted} FILE.p12"
    )


def _message(user: str, problems: list[Problem]) -> str:
    said = " ".join(map(_sentence, problems))
    return f"The kernel gateway cannot be used as {user}. For an administrator: {said}"


def _sentence(problem: Problem) -> str:
    return f"{problem.what} {problem.wrong} {problem.cure}"
