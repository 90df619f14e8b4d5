"""Keys and certificates as PEM text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
SMALLEST_RSA = 2048  # bits; OpenSSL refuses smaller ones at Debian's security level

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Locked(ValueError):
    """The key is encrypted, and the passphrase is missing or another."""


def new_key(rsa_bits: int = 0) -> Key:
    """Return a new key: RSA of that many bits, or 0 for the elliptic curve P-256."""
    if rsa_bits:
        return rsa.generate_private_key(public_exponent=65537, key_size=rsa_bits)
    return ec.generate_private_key(ec.SECP256R1())


def outside(content: bytes) -> bool:
    """Return whether *content* has more than PEM blocks and blank lines."""
    return BLOCK.sub(b"", content).strip() != b""


def load_certificates(content: bytes) -> list[x509.Certificate]:
    """Return the certificates of *content*, in its order.

    Raises:
        ValueError: There is none, or one of them is damaged.
    """
    found = x509.load_pem_x509_certificates(content)
    for certificate in found:
        # Read only when asked for; what is wrong with them is to be known here.
        _ = certificate.subject, certificate.issuer, certificate.extensions
    return found


def load_key(content: bytes, passphrase: bytes | None = None) -> PrivateKeyTypes:
    """Return the private key of *content*.

    Raises:
        Locked: It is encrypted, and not with *passphrase*.
        ValueError: There is none, or it is damaged or of an unknown kind.
    """
    try:
        return serialization.load_pem_private_key(content, password=None)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from error
    except TypeError:
        if not passphrase:
            raise Locked("is encrypted.") from None
    try:
        return serialization.load_pem_private_key(content, password=passphrase)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Locked("is not encrypted with that passphrase.") from error


def key_text(key: PrivateKeyTypes) -> bytes:
    """Return *key* as PKCS#8 PEM text, unencrypted: no gateway client asks for passphrases."""
    pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, pkcs8, plain)


def text(certificates: Iterable[x509.Certificate]) -> bytes:
    """Return *certificates* as PEM text, in their order and with nothing between them."""
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)
