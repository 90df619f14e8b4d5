"""The edge's certificate: make a self-signed one, and say what is wrong with one."""

from __future__ import annotations

import datetime as dt
import os
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hubkit.errors import Problem

CERTIFICATE, KEY = "jupyterhub.crt", "jupyterhub.key"
VALID_DAYS = 825  # browsers on Apple systems refuse longer ones
BACKDATED = dt.timedelta(hours=1)  # a client's clock may be behind
HERE = ("localhost", "127.0.0.1", "::1")


def make_self_signed(folder: Path, domain: str) -> None:
    """Write a certificate for *domain* and its key (mode 0600) into *folder*.

    Raises:
        FileExistsError: One of the two files exists; nothing was written.
    """
    for path in there(folder):
        raise FileExistsError(path)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _sign(key, domain)
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(folder / KEY, secret, 0o600)
    _write(folder / CERTIFICATE, certificate.public_bytes(pem), 0o644)


def there(folder: Path) -> list[Path]:
    """Return which of the two are in *folder*, links that lead nowhere included."""
    return [folder / name for name in (CERTIFICATE, KEY) if os.path.lexists(folder / name)]


def _sign(key: ec.EllipticCurvePrivateKey, domain: str) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, domain[:64])])
    names = [domain, *HERE] if domain in HERE else [domain]
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + dt.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([*map(_alt_name, dict.fromkeys(names))]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .sign(key, hashes.SHA256())
    )


def _alt_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write the whole file or none of it: an interrupted run leaves no half."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    part.rename(path)


def problems(folder: Path, domain: str) -> list[Problem]:
    """Return what is wrong with the certificate and key in *folder* for *domain*."""
    found = [_missing(folder / name) for name in (CERTIFICATE, KEY)]
    missing = [problem for problem in found if problem]
    if missing:
        return missing
    wrong = _open_to_others(folder / KEY)
    try:
        chain = x509.load_pem_x509_certificates((folder / CERTIFICATE).read_bytes())
    except (ValueError, OSError) as error:
        cure = "Put the certificate chain there in PEM form, your certificate first."
        return [*wrong, Problem(_shown(CERTIFICATE), f"cannot be read: {error}.", cure)]
    return wrong + _key(folder / KEY, chain[0]) + _dates(chain[0]) + _names(chain[0], domain)


def _shown(name: str) -> str:
    return f"secrets/{name}"


def _missing(path: Path) -> Problem | None:
    if path.is_file():
        return None
    if path.is_symlink():
        cure = "Copy the file itself there; the containers see this folder only."
        return Problem(_shown(path.name), "is a link that leads out of this folder.", cure)
    cure = "Put it there, or remove its partner and run 'make up' for a self-signed pair."
    return Problem(_shown(path.name), "no such file.", cure)


def _open_to_others(key: Path) -> list[Problem]:
    mode = key.stat().st_mode & 0o777
    if not mode & 0o077:
        return []
    wrong = f"can be read by other accounts (mode {mode:04o})."
    return [Problem(_shown(KEY), wrong, f"Run: chmod 600 {_shown(KEY)}")]


def _key(path: Path, certificate: x509.Certificate) -> list[Problem]:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        fits = key.public_key() == certificate.public_key()
    except TypeError:
        cure = f"Write it without: openssl pkey -in {_shown(KEY)} -out new.key"
        return [Problem(_shown(KEY), "is protected by a passphrase.", cure)]
    except (ValueError, OSError, UnsupportedAlgorithm) as error:
        return [Problem(_shown(KEY), f"cannot be read: {error}.", "Put the key there in PEM form.")]
    if fits:
        return []
    cure = "Put the two files of one pair there; the site's own certificate comes first."
    return [Problem(_shown(KEY), f"is not the key of {_shown(CERTIFICATE)}.", cure)]


def _dates(certificate: x509.Certificate) -> list[Problem]:
    now = dt.datetime.now(dt.UTC)
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if first <= now <= last:
        return []
    wrong = f"expired on {last:%Y-%m-%d}." if now > last else f"is not valid before {first}."
    cure = "Put a valid one there; remove both files and run 'make up' for a self-signed pair."
    return [Problem(_shown(CERTIFICATE), wrong, cure)]


def _names(certificate: x509.Certificate, domain: str) -> list[Problem]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        named = {str(name.value).lower() for name in extension.value}
    except x509.ExtensionNotFound:
        named = set()
    if domain in named or f"*.{domain.partition('.')[2]}" in named:
        return []
    if not named:
        cure = f"Make it with one: openssl req … -addext subjectAltName=DNS:{domain}"
        return [Problem(_shown(CERTIFICATE), "has no subjectAltName; browsers need one.", cure)]
    wrong = f"is for {', '.join(sorted(named))}, not for HUB_DOMAIN={domain}."
    cure = "Set HUB_DOMAIN to its name, or replace it (remove both files for a self-signed pair)."
    return [Problem(_shown(CERTIFICATE), wrong, cure)]


def authority_problems(shown: str, path: Path) -> list[Problem]:
    """Return what is wrong with the file of trusted authorities at *path*.

    Args:
        shown: The setting that names it, with its value.
        path: PEM certificates.
    """
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        return [Problem(shown, f"cannot be read: {error.strerror}.", "Put the PEM file there.")]
    except ValueError:
        found = []
    if not found:
        cure = "Put the authority's certificate there, from BEGIN to END CERTIFICATE."
        return [Problem(shown, "holds no PEM certificate.", cure)]
    return []
