"""Certificates and PKCS#12 files of every kind, good and bad, for the tests."""

from __future__ import annotations

import datetime as dt
import subprocess
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
PASSWORD = "secret word ä"


@dataclass
class Made:
    """A key and its certificate."""

    key: object
    certificate: x509.Certificate

    @property
    def pem(self):
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self, password=None):
        encryption = BestAvailableEncryption(password) if password else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def make(
    name,
    issuer=None,
    *,
    ca=None,
    key=None,
    first=NOW - DAY,
    last=NOW + 100 * DAY,
    usages=(),
    algorithm=None,
):
    """Return a certificate for *name*, by *issuer* or by itself; *ca* None: say nothing."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(last)
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
    signer = issuer.key if issuer else key
    return Made(key, builder.sign(signer, algorithm or hashes.SHA256()))


def chain(*, between=1, last=NOW + 100 * DAY, name="ada"):
    """Return a leaf, *between* intermediate authorities and a root, in this order."""
    found = [make("Root", ca=True)]
    for number in range(between):
        found.insert(0, make(f"Intermediate {number}", found[0], ca=True))
    return [make(name, found[0], ca=False, last=last, usages=[CLIENT]), *found]


def openssl(*words, text=b""):
    """Return what the command printed; fail with what it complained about."""
    done = subprocess.run(
        ["openssl", *map(str, words)], input=text, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def p12(folder, leaf, above=(), *options, password=PASSWORD):
    """Return a PKCS#12 file made by openssl from *leaf*, its key and the chain *above*."""
    (folder / "key.in").write_bytes(leaf.key_pem())
    (folder / "cert.in").write_bytes(leaf.pem)
    (folder / "chain.in").write_bytes(b"".join(one.pem for one in above))
    (folder / "password").write_text(password + "\n", encoding="utf-8")
    words = ["-inkey", folder / "key.in", "-in", folder / "cert.in"]
    words += ["-certfile", folder / "chain.in"] if above else []
    made = folder / "made.p12"
    openssl(
        "pkcs12", "-export", "-name", "Spark Client Cert", *words,
        "-passout", f"file:{folder / 'password'}", "-out", made, *options,
    )  # fmt: skip
    return made.read_bytes()
