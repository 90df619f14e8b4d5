"""A certificate authority of a test's own, and a certificate it signed."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOSTS = ("github.test", "localhost", "127.0.0.1")


def make_certificates(path: Path) -> None:
    """Make ca.pem, and server.pem with server.key signed by it; those there are kept."""
    if (path / "ca.pem").exists():
        return
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = certificate("hubkit tests CA", ca_key, None, ca_key)
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = certificate(HOSTS[0], key, ca, ca_key, HOSTS)
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (path / "server.key").touch(mode=0o600)
    (path / "server.key").write_bytes(key.private_bytes(pem, *plain))
    (path / "server.pem").write_bytes(leaf.public_bytes(pem))
    (path / "ca.pem").write_bytes(ca.public_bytes(pem))


def certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate | None,
    ca_key: ec.EllipticCurvePrivateKey,
    hosts: Iterable[str] = (),
) -> x509.Certificate:
    """Return a certificate that Python's strict checks accept; without *ca* it is one."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    usage |= {"encipher_only": False, "decipher_only": False, "digital_signature": True}
    usage |= {"key_cert_sign": ca is None, "crl_sign": ca is None}
    builder = x509.CertificateBuilder(
        issuer_name=ca.subject if ca else subject,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - day,
        not_valid_after=now + 30 * day,
    )
    known = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    builder = builder.add_extension(known, critical=False)
    builder = builder.add_extension(signer, critical=False)
    builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
    constraints = x509.BasicConstraints(ca=ca is None, path_length=None)
    builder = builder.add_extension(constraints, critical=True)
    if hosts:
        names = [general_name(host) for host in hosts]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(ca_key, hashes.SHA256())


def general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
