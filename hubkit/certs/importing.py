"""Take a user's key and certificate from a PKCS#12 file."""

from __future__ import annotations

import datetime as dt
import shlex
from pathlib import Path

from cryptography import x509

from hubkit.certs import chain, desk, examine, files, identity, pem, pkcs12
from hubkit.certs.acceptance import Gate
from hubkit.certs.authority import CERTIFICATE
from hubkit.certs.errors import Refused
from hubkit.certs.places import COMMAND, SHOWN, Names, Places, previous
from hubkit.errors import ConfigError


def bring(
    places: Places,
    names: Names,
    user: str,
    package: pkcs12.Package,
    *,
    authorities: chain.Chain = (),
    force: bool = False,
    gate: Gate | None = None,
    now: dt.datetime | None = None,
) -> list[str]:
    """Write what *package* holds into the folder of *user*; return what there is to say.

    The certificate's file gets the certificate and what stands between it and its root;
    the file of authorities gets its issuers, nearest first, then *authorities*.

    Args:
        places: Where everything lies.
        names: How users' files are called.
        user: The hub user.
        package: What was read.
        authorities: Further ones, of the gateway's own certificate or to complete the chain.
        force: Replace what is there; it is kept as a backup.
        gate: The stack's own, if it is for that: what names somebody else is then unusable.
        now: When; the present by default.

    Raises:
        ConfigError: The files would be unusable; nothing was changed.
        Refused: There are other files already, or the issuers are not known.
    """
    folder = places.person(user)
    with files.locked(places.secrets):
        if not force:
            _refuse_to_replace(folder, names)
        contents, left_out = _contents(places, names, user, package, authorities)
        said = _examined(names, user, folder.name, contents, gate=gate, now=now)
        files.replace_folder(folder, contents, previous(folder))
    others = [identity.called(one.subject) for one in left_out]
    left = [f"left out {other}: not above this certificate" for other in others]
    return [_summary(user, package.chain[0], folder.name), *left, *said]


def _summary(user: str, leaf: x509.Certificate, folder: str) -> str:
    subject, issuer = identity.called(leaf.subject), identity.called(leaf.issuer)
    end = f"{leaf.not_valid_after_utc:%Y-%m-%d}"
    return f"{user}: {subject}, issued by {issuer}, valid until {end} ({SHOWN}/{folder})"


def _refuse_to_replace(folder: Path, names: Names) -> None:
    for name in (names.key, names.certificate, names.ca):
        if (folder / name).exists():
            raise Refused(
                f"{SHOWN}/{folder.name}/{name} exists. To replace it: --force (what is there is "
                "kept as a backup)."
            )


def _contents(
    places: Places, names: Names, user: str, package: pkcs12.Package, authorities: chain.Chain
) -> tuple[dict[str, bytes], chain.Chain]:
    leaf, kit = package.chain[0], desk.first(places.authority / CERTIFICATE)
    known = (*authorities, *([kit] if kit else []))
    above = pkcs12.issuers(package, known)
    trusted = chain.unique([*above, *authorities])
    if not trusted and chain.is_root(leaf):
        trusted = (leaf,)
    if not trusted:
        raise Refused(
            f"The file does not hold the certificate of {identity.called(leaf.issuer)}, who issued "
            f"the user's. Export it with the chain, or: {COMMAND} import --ca ISSUERS.pem "
            f"{shlex.quote(user)} FILE.p12"
        )
    between = [one for one in above if not chain.is_root(one)]
    contents = {
        names.key: pem.key_text(package.key),
        names.certificate: pem.text([leaf, *between]),
        names.ca: pem.text(trusted),
    }
    return contents, tuple(one for one in package.others if one not in trusted)


def _examined(
    names: Names,
    user: str,
    folder: str,
    contents: dict[str, bytes],
    *,
    gate: Gate | None,
    now: dt.datetime | None,
) -> list[str]:
    """Return the warnings about *contents*; what makes them unusable is an error."""
    material = examine.Material(
        shown=f"{SHOWN}/{folder}",
        names=names,
        key=contents[names.key],
        certificate=contents[names.certificate],
        ca=contents[names.ca],
        user=user,
        by_name=gate is not None and gate.strict,
    )
    examined = examine.examine(material, now)
    fatal = [finding.problem for finding in examined.findings if finding.fatal]
    if fatal:
        raise ConfigError(fatal, desk.UNCHANGED)
    findings = [*examined.findings, *(gate.findings(user, names, examined) if gate else ())]
    return [f"{one.problem.what} {one.problem.wrong} {one.problem.cure}" for one in findings]


def read_authorities(path: Path) -> chain.Chain:
    """Return the certificates in the PEM file at *path*.

    Raises:
        Refused: It cannot be read, or holds none.
    """
    try:
        return tuple(pem.load_certificates(path.read_bytes()))
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError:
        raise Refused(f"{path} holds no PEM certificate that can be read.") from None
