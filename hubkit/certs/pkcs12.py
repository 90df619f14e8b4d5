"""Read a PKCS#12 file as RACF exports it and as openssl makes it, in old and new encryption."""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import pkcs12

from hubkit.certs import chain
from hubkit.certs.chain import Chain
from hubkit.certs.errors import Refused

SEQUENCE = b"\x30"  # what DER begins with
PKCS7 = bytes.fromhex("06092a864886f70d0107")  # pkcs7, which every PKCS#12 file names
KEY_BAGS = tuple(bytes.fromhex(f"060b2a864886f70d010c0a01{kind}") for kind in ("01", "02"))


@dataclass(frozen=True)
class Package:
    """What a PKCS#12 file holds; names and other attributes of its parts are left out.

    Attributes:
        key: The private key.
        chain: The key's certificate, its issuer and so on, as far as the file reaches.
        others: Certificates of the file that are not in that chain.
    """

    key: PrivateKeyTypes = field(repr=False)
    chain: Chain
    others: Chain


def read(content: bytes, password: str) -> Package:
    """Return what the PKCS#12 file *content* holds.

    Raises:
        Refused: It is no such file, the password is wrong, or it does not hold one key
            with its certificate.
    """
    content = _binary(content)
    # The library would take the first of several and say nothing. Only names of fields
    # are counted, and those of keys are not encrypted in what RACF and openssl write.
    keys = sum(content.count(bag) for bag in KEY_BAGS)
    if keys > 1:
        raise Refused(f"The file holds {keys} keys. Export the one certificate of this user.")
    try:
        found = pkcs12.load_pkcs12(content, password.encode())
    except UnsupportedAlgorithm as error:
        raise Refused(f"The file is encrypted in an unknown way: {error}.") from None
    except ValueError:
        raise Refused("The password is wrong, or the file is damaged.") from None
    if found.key is None:
        raise Refused(
            "The file holds no private key. Export it with the key: in RACF with "
            "FORMAT(PKCS12DER), with openssl without -nokeys."
        )
    held = [found.cert, *found.additional_certs]
    return _package(found.key, chain.unique(one.certificate for one in held if one))


def _package(key: PrivateKeyTypes, held: Chain) -> Package:
    public = key.public_key()
    own = [one for one in held if one.public_key() == public]
    if not own:
        raise Refused("The file holds no certificate for its key. Export both together.")
    leaf = max(own, key=lambda one: one.not_valid_after_utc)
    ordered = chain.path(leaf, held)
    return Package(key, ordered, tuple(one for one in held if one not in ordered))


def _binary(content: bytes) -> bytes:
    """Return *content* as DER: RACF's PKCS12B64 is the same in base64, between two lines."""
    if not content.startswith(SEQUENCE):
        lines = [line.strip() for line in content.splitlines() if not line.startswith(b"-----")]
        try:
            content = b64decode(b"".join(lines), validate=True)
        except binascii.Error:
            content = b""
    if not content.startswith(SEQUENCE) or PKCS7 not in content:
        raise Refused(
            "This is no PKCS#12 file. If it comes from z/OS, transfer it again in binary mode."
        )
    return content


def issuers(package: Package, known: Chain) -> Chain:
    """Return the authorities above the package's certificate, nearest first.

    Args:
        package: What was read.
        known: Certificates from elsewhere that may complete the chain.
    """
    leaf = package.chain[0]
    return chain.path(leaf, (*package.chain[1:], *package.others, *known))[1:]
