"""Who issued whom: put certificates in order, from the one asked about to its root."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

Chain = tuple[x509.Certificate, ...]


def issued(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    """Return whether the key of *by* signed *certificate*, under the name of *by*."""
    try:
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def is_root(certificate: x509.Certificate) -> bool:
    """Return whether *certificate* is signed by its own key."""
    return issued(certificate, certificate)


def is_authority(certificate: x509.Certificate) -> bool:
    """Return whether *certificate* may sign others, as OpenSSL sees it."""
    extensions = certificate.extensions
    try:
        return bool(extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        pass
    try:
        return extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return certificate.version is x509.Version.v1 and is_root(certificate)


def unique(certificates: Iterable[x509.Certificate]) -> Chain:
    """Return *certificates* in their order, each once."""
    return tuple(dict.fromkeys(certificates))


def path(leaf: x509.Certificate, pool: Iterable[x509.Certificate]) -> Chain:
    """Return *leaf*, its issuer, that one's issuer and so on, as far as *pool* reaches."""
    return max(_paths((leaf,), unique(pool)), key=lambda found: (is_root(found[-1]), len(found)))


def trusted_path(
    leaf: x509.Certificate,
    between: Iterable[x509.Certificate],
    anchors: Collection[x509.Certificate],
) -> Chain:
    """Return the chain from *leaf* to one of *anchors*, to a root if there is one; else ().

    Args:
        leaf: The certificate asked about.
        between: Certificates that may stand between the two.
        anchors: Those that are trusted.
    """
    found = [
        one[: last + 1]
        for one in _paths((leaf,), unique([*between, *anchors]))
        for last, certificate in enumerate(one)
        if certificate in anchors
    ]
    return max(found, key=lambda one: (is_root(one[-1]), len(one)), default=())


def _paths(begun: Chain, pool: Chain) -> Iterator[Chain]:
    """Yield every way to continue *begun* with certificates of *pool* until none fits."""
    issuers = [one for one in pool if one not in begun and issued(begun[-1], one)]
    if not issuers or is_root(begun[-1]):
        yield begun
        return
    for issuer in issuers:
        yield from _paths((*begun, issuer), pool)
