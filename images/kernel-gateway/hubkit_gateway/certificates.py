"""Who a client certificate speaks for, and whether it still does."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote

from cryptography import x509
from cryptography.x509.oid import NameOID

LONGEST = 255  # characters of a user's name
CRL_BEGIN = b"-----BEGIN X509 CRL-----"


class Nobody(Exception):
    """The certificate does not name one user; the text says why."""


def identity(certificate: x509.Certificate) -> str:
    """Return the user *certificate* is for: its common name, letter by letter.

    Subject alternative names never decide. But where there are any that could name
    somebody (DNS, e-mail, URI), one of them must name the same: the whole of it, an
    e-mail address up to its @, or what follows the last / or : of a URI.

    Raises:
        Nobody: There is not exactly one common name, or it is no user's name.
    """
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(found) != 1:
        raise Nobody(f"The certificate has {len(found)} common names; it must have one.")
    name = found[0].value
    if not isinstance(name, str) or not is_name(name):
        raise Nobody("The certificate's common name is no user's name.")
    others = list(alternatives(certificate))
    if others and not any(name in meanings for meanings in others):
        raise Nobody("The certificate's alternative names are somebody else's.")
    return name


def is_name(name: str) -> bool:
    """Return whether *name* can be a user's: printable, not blank at its ends."""
    printable = not any(unicodedata.category(letter).startswith("C") for letter in name)
    return printable and name == name.strip() and 0 < len(name) <= LONGEST


def alternatives(certificate: x509.Certificate) -> Iterable[set[str]]:
    """Yield what each alternative name may mean."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    for name in names:
        match name:
            case x509.DNSName():
                yield {name.value}
            case x509.RFC822Name():
                yield {name.value, name.value.rpartition("@")[0]}
            case x509.UniformResourceIdentifier():
                yield {name.value, unquote(name.value.replace(":", "/").rpartition("/")[2])}


def revocation_lists(pem: bytes) -> list[x509.CertificateRevocationList]:
    """Return the lists in *pem*, one for each authority.

    Raises:
        ValueError: There is none, or one is damaged, or something else is in it: a
            certificate there would be trusted.
    """
    blocks = pem.split(CRL_BEGIN)[1:]
    if not blocks or len(blocks) != pem.count(b"-----BEGIN "):
        raise ValueError("it must hold revocation lists in PEM form and nothing else")
    return [x509.load_pem_x509_crl(CRL_BEGIN + block) for block in blocks]


def why_refused(
    certificate: x509.Certificate,
    lists: Iterable[x509.CertificateRevocationList],
    now: dt.datetime,
) -> str:
    """Return why *certificate* does not count any more; nothing if it does.

    The handshake asked the same. A connection may have been open since.
    """
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        return "The certificate is not valid any more, or not yet."
    number = certificate.serial_number
    for listed in lists:
        own = listed.issuer == certificate.issuer
        if own and listed.get_revoked_certificate_by_serial_number(number) is not None:
            return "The certificate has been revoked."
    return ""
