"""What the kit's authority signs: its own certificate, clients', servers', its CRL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hubkit.certs import identity, pem
from hubkit.certs.errors import Refused

BACKDATED = dt.timedelta(hours=1)  # a gateway's clock may be behind
CRL_DAYS = 365  # a gateway refuses everybody once its list is past this

USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True)
class Signer:
    """An authority: its key and its certificate."""

    key: pem.Key = field(repr=False)
    certificate: x509.Certificate


def root(key: pem.Key, name: str, days: int, now: dt.datetime) -> x509.Certificate:
    """Return the certificate of a new authority that signs users and gateways, nothing else."""
    return (
        _begun(_named(name), _named(name), key.public_key(), now)
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        .sign(key, hashes.SHA256())
    )


def client(
    signer: Signer, user: str, key: CertificatePublicKeyTypes, days: int, now: dt.datetime
) -> x509.Certificate:
    """Return a certificate that proves to a gateway that its holder is the hub user *user*.

    Raises:
        Refused: The name is too long, or the authority has expired.
    """
    names = [x509.UniformResourceIdentifier(identity.uri(user))]
    begun = _leaf(signer, identity.common_name(user), key, days, now)
    return _end(begun, signer, names, ExtendedKeyUsageOID.CLIENT_AUTH)


def server(
    signer: Signer,
    hosts: Sequence[str],
    key: CertificatePublicKeyTypes,
    days: int,
    now: dt.datetime,
) -> x509.Certificate:
    """Return a certificate for the gateway called *hosts*: names and addresses.

    Raises:
        Refused: The authority has expired.
    """
    begun = _leaf(signer, hosts[0][: identity.LONGEST_COMMON_NAME], key, days, now)
    return _end(begun, signer, [*map(_host, hosts)], ExtendedKeyUsageOID.SERVER_AUTH)


def revocations(
    signer: Signer, taken_back: Iterable[tuple[int, dt.datetime]], number: int, now: dt.datetime
) -> x509.CertificateRevocationList:
    """Return the signed list of the certificates *taken_back*: serial number and when."""
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(signer.certificate.subject)
        .last_update(now - BACKDATED)
        .next_update(now + dt.timedelta(days=CRL_DAYS))
        .add_extension(authority, critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for serial, when in taken_back:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(signer.key, hashes.SHA256())


def _leaf(
    signer: Signer, name: str, key: CertificatePublicKeyTypes, days: int, now: dt.datetime
) -> x509.CertificateBuilder:
    end = signer.certificate.not_valid_after_utc
    if now >= end:
        raise Refused(
            f"The authority in secrets/gateway-ca expired on {end:%Y-%m-%d}. Move that folder "
            "aside and make a new one with 'certs init-ca'."
        )
    # What RACF calls HANDSHAKE: with RSA, old cipher suites encrypt a key with it.
    encipher = ["key_encipherment"] if isinstance(key, rsa.RSAPublicKey) else []
    return (
        _begun(_named(name), signer.certificate.subject, key, now)
        .not_valid_after(min(now + dt.timedelta(days=days), end))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage("digital_signature", *encipher), critical=True)
    )


def _end(
    begun: x509.CertificateBuilder,
    signer: Signer,
    names: Sequence[x509.GeneralName],
    purpose: x509.ObjectIdentifier,
) -> x509.Certificate:
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key())
    return (
        begun.add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(authority, critical=False)
        .sign(signer.key, hashes.SHA256())
    )


def _begun(
    subject: x509.Name, issuer: x509.Name, key: CertificatePublicKeyTypes, now: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*usages: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in usages for usage in USAGES})


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
