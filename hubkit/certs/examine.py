"""Say everything that is wrong with one set of key, certificate and authorities."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID

from hubkit.certs import chain, identity, pem
from hubkit.certs.chain import Chain
from hubkit.certs.places import COMMAND, PASSPHRASE, Names
from hubkit.errors import Problem
from hubkit.userlist import canonical

WARN_DAYS = 30
WEAK = {"md5", "sha1"}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        problem: What, why and the cure.
        fatal: Whether the files cannot be used; else it is a warning.
    """

    problem: Problem
    fatal: bool = True


@dataclass(frozen=True)
class Material:
    """The files of one user or one gateway.

    Attributes:
        shown: How their folder is called in messages.
        names: How they are called.
        key: The private key, PEM.
        certificate: The certificate and what stands between it and its root, PEM.
        ca: The authorities, PEM.
        passphrase: The key's, if there is one.
        user: Whose they are; "" for a gateway's.
        reissue: The command that makes new ones of the kit's.
        by_name: Whether the gateway takes who comes for the common name, letter by letter.
    """

    shown: str
    names: Names
    key: bytes = field(repr=False)
    certificate: bytes
    ca: bytes
    passphrase: bytes | None = field(default=None, repr=False)
    user: str = ""
    reissue: str = ""
    by_name: bool = False

    def at(self, name: str) -> str:
        """Return how the file *name* is called in messages."""
        return f"{self.shown}/{name}"


@dataclass(frozen=True)
class Examined:
    """What the files hold, as far as it could be read, and everything that is wrong."""

    key: PrivateKeyTypes | None = field(repr=False)
    chain: Chain
    authorities: Chain
    findings: tuple[Finding, ...]


def cure(user: str, certificate: x509.Certificate | None) -> str:
    """Return what to do for a new certificate of *user* instead of *certificate*."""
    quoted = shlex.quote(user)
    if certificate is not None and identity.claimed(certificate) is not None:
        return f"Run: {COMMAND} issue {quoted}"
    return f"Run: {COMMAND} import --force {quoted} FILE.p12"


def examine(material: Material, now: dt.datetime | None = None) -> Examined:
    """Return what is in *material* and all that is wrong with it."""
    now = now or dt.datetime.now(dt.UTC)
    found = list(_junk(material))
    key, wrong = _key(material)
    found += wrong
    certificates, wrong = _certificates(material, material.names.certificate, material.certificate)
    found += wrong
    authorities, wrong = _certificates(material, material.names.ca, material.ca)
    found += wrong
    if certificates:
        if key is not None:
            found += _pair(material, key, certificates)
        found += _dates(material, certificates[0], now)
        for check in (_purpose, _whose, _strength):
            found += check(material, certificates[0])
        if authorities:
            found += _issuers(material, certificates, authorities, now)
    return Examined(key, certificates, authorities, tuple(found))


def _junk(material: Material) -> Iterator[Finding]:
    names = material.names
    for name, content in (
        (names.key, material.key),
        (names.certificate, material.certificate),
        (names.ca, material.ca),
    ):
        # Without a single block it is no PEM file at all, and is reported as that.
        if pem.BLOCK.search(content) and pem.outside(content):
            # The line itself stays out of the message: it may be part of a key.
            file = shlex.quote(material.at(name))
            strip = f"Run: sed -i -n '/^-----BEGIN/,/^-----END/p' {file}"
            yield Finding(Problem(material.at(name), "has text outside its PEM blocks.", strip))


def _key(material: Material) -> tuple[PrivateKeyTypes | None, list[Finding]]:
    what, passphrase = material.at(material.names.key), material.passphrase
    try:
        return pem.load_key(material.key, passphrase), []
    except pem.Locked as error:
        advice = (
            f"Write its passphrase into {material.at(PASSPHRASE)} (chmod 600), or write the key "
            f"without: openssl pkey -in {shlex.quote(what)} -out new.key"
        )
        return None, [Finding(Problem(what, str(error), advice))]
    except ValueError:
        advice = "Put the private key there in PEM form, or import it from a PKCS#12 file."
        return None, [Finding(Problem(what, "holds no private key that can be read.", advice))]


def _certificates(material: Material, name: str, content: bytes) -> tuple[Chain, list[Finding]]:
    try:
        return tuple(pem.load_certificates(content)), []
    except ValueError:
        advice = "Put it there in PEM form; from DER: openssl x509 -inform der -in FILE"
        wrong = "holds no certificate that can be read."
        return (), [Finding(Problem(material.at(name), wrong, advice))]


def _pair(material: Material, key: PrivateKeyTypes, found: Chain) -> Iterator[Finding]:
    public = key.public_key()
    if found[0].public_key() == public:
        return
    what = material.at(material.names.key)
    if any(one.public_key() == public for one in found):
        wrong = f"is not the key of the first certificate in {material.names.certificate}."
        advice = "Put the certificate of the key first there, then its issuers."
    else:
        wrong = f"is not the key of {material.names.certificate}."
        advice = f"Put the two files of one pair there, or: {_renewal(material, found[0])}"
    yield Finding(Problem(what, wrong, advice))


def _renewal(material: Material, certificate: x509.Certificate) -> str:
    return cure(material.user, certificate) if material.user else f"Run: {material.reissue}"


def _dates(material: Material, leaf: x509.Certificate, now: dt.datetime) -> Iterator[Finding]:
    what, advice = material.at(material.names.certificate), _renewal(material, leaf)
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if now > end:
        yield Finding(Problem(what, f"expired on {end:%Y-%m-%d}.", advice))
    elif now < begin:
        wrong = f"is not valid before {begin:%Y-%m-%d %H:%M} UTC."
        advice = f"Wait, set this machine's clock, or get another. {advice}"
        yield Finding(Problem(what, wrong, advice))
    elif end - now <= dt.timedelta(days=WARN_DAYS):
        left = (end - now).days
        wrong = f"expires on {end:%Y-%m-%d}, in {left} day{'' if left == 1 else 's'}."
        yield Finding(Problem(what, wrong, advice), fatal=False)


def _purpose(material: Material, leaf: x509.Certificate) -> Iterator[Finding]:
    what = material.at(material.names.certificate)
    role, needed = ("client", ExtendedKeyUsageOID.CLIENT_AUTH)
    if not material.user:
        role, needed = ("server", ExtendedKeyUsageOID.SERVER_AUTH)
    allowed = {needed, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    try:
        usages = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not allowed & set(usages):
        wrong = f"is not made for a {role} (its extended key usage lacks {role}Auth)."
        yield Finding(Problem(what, wrong, f"Get one that is. {_renewal(material, leaf)}"))


def _whose(material: Material, leaf: x509.Certificate) -> Iterator[Finding]:
    if not material.user:
        return
    what = material.at(material.names.certificate)
    claimed, called = identity.claimed(leaf), identity.called(leaf.subject)
    if claimed is not None and claimed != material.user:
        wrong = f"was made for {claimed}, not for {material.user}."
        yield Finding(Problem(what, wrong, _renewal(material, leaf)))
    elif material.by_name and called != material.user:
        advice = (
            f"This stack's own gateway would take {material.user} for {called}. Get one with the "
            f"right name, or run: {COMMAND} issue --force {shlex.quote(material.user)}"
        )
        yield Finding(Problem(what, f"has the name {called}, not {material.user}.", advice))
    elif canonical(called) != material.user:
        wrong = f"has the name {called}, not {material.user}."
        advice = "Fine where the gateway knows whose it is, as RACF does; else get another."
        yield Finding(Problem(what, wrong, advice), fatal=False)


def _strength(material: Material, leaf: x509.Certificate) -> Iterator[Finding]:
    what, key = material.at(material.names.certificate), leaf.public_key()
    advice = "Many TLS libraries refuse that; have a new one made."
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < pem.SMALLEST_RSA:
        yield Finding(Problem(what, f"has an RSA key of {key.key_size} bits.", advice), False)
    algorithm = leaf.signature_hash_algorithm
    if algorithm is not None and algorithm.name in WEAK:
        yield Finding(Problem(what, f"is signed with {algorithm.name.upper()}.", advice), False)


def _issuers(
    material: Material, found: Chain, authorities: Chain, now: dt.datetime
) -> Iterator[Finding]:
    names = material.names
    what, ca = material.at(names.certificate), material.at(names.ca)
    path = chain.trusted_path(found[0], found[1:], authorities)
    if not path:
        issuer = identity.called(chain.path(found[0], found)[-1].issuer)
        advice = f"Add the certificate of {issuer}, and of who issued that, to {ca}."
        yield Finding(Problem(what, f"was not issued by an authority in {names.ca}.", advice))
        return
    for one in path[1:]:
        name, end = identity.called(one.subject), one.not_valid_after_utc
        if not chain.is_authority(one):
            wrong = f"was issued by {name}, whose certificate is none of an authority."
            yield Finding(Problem(what, wrong, _renewal(material, found[0])))
        if not one.not_valid_before_utc <= now <= end:
            wrong = f"its issuer {name} expired on {end:%Y-%m-%d} or is not valid yet."
            yield Finding(Problem(what, wrong, f"Put the issuer's current certificate into {ca}."))
    if not chain.is_root(path[-1]):
        wrong = f"has {identity.called(path[-1].subject)}, but not who issued that."
        advice = f"Add the root's certificate; Python before 3.13 needs it. File: {ca}"
        yield Finding(Problem(ca, wrong, advice), fatal=False)
    for one in authorities:
        if one not in path and not chain.is_authority(one) and not chain.is_root(one):
            wrong = f"holds the certificate of {identity.called(one.subject)}, no authority."
            yield Finding(Problem(ca, wrong, "Take it out."), fatal=False)
