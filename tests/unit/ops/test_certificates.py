"""The edge's certificate: a good pair is in order, a bad one is one clear problem."""

from __future__ import annotations

import base64
import datetime as dt
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from hubkit.ops import certificates

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
NEW_KEYS = {
    "EC": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def alternative(text):
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def certificate(key, *names, first=NOW - DAY, last=NOW + DAY, issuer=None):
    """Return a certificate of *key* for *names*, signed by *issuer*'s key or its own."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("subject"))
        .issuer_name(name("issuer" if issuer else "subject"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(last)
    )
    if names:
        others = x509.SubjectAlternativeName([alternative(one) for one in names])
        builder = builder.add_extension(others, False)
    signer = issuer or key
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer, algorithm).public_bytes(Encoding.PEM)


def pem(key, passphrase=None):
    how = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


def of_unknown_curve(key):
    """Return the PEM of a key of a curve that exists but that no browser knows."""
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    other = der.replace(bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030106"))
    body = base64.encodebytes(other)
    return b"-----BEGIN PRIVATE KEY-----\n" + body + b"-----END PRIVATE KEY-----\n"


@pytest.fixture(scope="module")
def keys():
    """Return two keys."""
    return [NEW_KEYS["EC"]() for _ in range(2)]


@pytest.fixture
def check(tmp_path):
    """Return a function that says what is wrong with a pair for hub.example.org."""

    def look(crt=None, key=None, *, mode=0o600, domain="hub.example.org"):
        if crt is not None:
            (tmp_path / "jupyterhub.crt").write_bytes(crt)
        if key is not None:
            (tmp_path / "jupyterhub.key").write_bytes(key)
            (tmp_path / "jupyterhub.key").chmod(mode)
        return certificates.problems(tmp_path, domain)

    return look


@pytest.mark.parametrize("kind", NEW_KEYS)
def test_kinds_of_keys(check, kind):
    """Any usual kind of key will do."""
    key = NEW_KEYS[kind]()

    assert check(certificate(key, "hub.example.org"), pem(key)) == []


@pytest.mark.parametrize(
    ("names", "domain"),
    [
        pytest.param(["hub.example.org"], "hub.example.org", id="the name"),
        pytest.param(["a.org", "hub.example.org"], "hub.example.org", id="one of several"),
        pytest.param(["HUB.example.org"], "hub.example.org", id="in capitals"),
        pytest.param(["*.example.org"], "hub.example.org", id="a wildcard"),
        pytest.param(["10.0.0.7"], "10.0.0.7", id="IPv4"),
        pytest.param(["2001:db8::1"], "2001:db8::1", id="IPv6"),
    ],
)
def test_right_names(check, keys, names, domain):
    """A certificate is right whose names cover HUB_DOMAIN."""
    assert check(certificate(keys[0], *names), pem(keys[0]), domain=domain) == []


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        pytest.param(["a.org", "b.org"], "a.org, b.org", id="others"),
        pytest.param(["example.org"], "example.org", id="the domain above"),
        pytest.param(["*.hub.example.org"], "*.hub.example.org", id="a wildcard below"),
        pytest.param(["*.org"], "*.org", id="a wildcard stands for one label"),
    ],
)
def test_wrong_names(check, keys, names, shown):
    """A certificate for others is named with whom it is for."""
    [problem] = check(certificate(keys[0], *names), pem(keys[0]))

    assert problem.what == "secrets/jupyterhub.crt"
    assert problem.wrong == f"is for {shown}, not for HUB_DOMAIN=hub.example.org."
    assert "Set HUB_DOMAIN" in problem.cure


def test_no_names(check, keys):
    """A certificate that names hosts in its subject alone is said to be of no use to browsers."""
    [problem] = check(certificate(keys[0]), pem(keys[0]))

    assert problem.what == "secrets/jupyterhub.crt"
    assert problem.wrong == "has no subjectAltName; browsers need one."
    assert "subjectAltName=DNS:hub.example.org" in problem.cure


@pytest.mark.parametrize(
    ("given", "what"),
    [
        pytest.param({"key": b"x"}, ["crt"], id="no certificate"),
        pytest.param({"crt": b"x"}, ["key"], id="no key"),
        pytest.param({}, ["crt", "key"], id="neither"),
    ],
)
def test_missing(check, given, what):
    """A missing file is the one thing said, with what makes a new pair."""
    problems = check(**given)

    assert [problem.what for problem in problems] == [f"secrets/jupyterhub.{end}" for end in what]
    assert {problem.wrong for problem in problems} == {"no such file."}
    assert all("make up" in problem.cure for problem in problems)


def bad_pairs(one, other):
    """Return pairs with one thing wrong: (arguments, file, what is wrong, cure)."""
    good, key = certificate(one, "hub.example.org"), pem(one)
    dated = {
        "expired": {"first": NOW - 3 * DAY, "last": NOW - DAY},
        "not yet valid": {"first": NOW + DAY, "last": NOW + 3 * DAY},
    }
    expired, early = (certificate(one, "hub.example.org", **dates) for dates in dated.values())
    yesterday = f"expired on {NOW - DAY:%Y-%m-%d}"
    backwards = certificate(other, "hub.example.org") + good
    words = b"-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n"
    return {
        "expired": ((expired, key), "crt", yesterday, "make up"),
        "not yet valid": ((early, key), "crt", "is not valid before", "make up"),
        "another's key": ((good, pem(other)), "key", "is not the key of", "one pair"),
        "chain in wrong order": ((backwards, key), "key", "is not the key of", "comes first"),
        "a passphrase": ((good, pem(one, b"x")), "key", "by a passphrase", "openssl pkey -in"),
        "no key at all": ((good, b"\0\xffx"), "key", "cannot be read", "PEM form"),
        "the certificate as key": ((good, good), "key", "cannot be read", "PEM form"),
        "an unknown curve": ((good, of_unknown_curve(one)), "key", "cannot be read", "PEM form"),
        "an empty key": ((good, b""), "key", "cannot be read", "PEM form"),
        "no certificate at all": ((b"\0\xffx", key), "crt", "cannot be read", "PEM form"),
        "the key as certificate": ((key, key), "crt", "cannot be read", "PEM form"),
        "an empty certificate": ((b"", key), "crt", "cannot be read", "PEM form"),
        "a broken certificate": ((words, key), "crt", "cannot be read", "PEM form"),
    }


@pytest.mark.parametrize("kind", bad_pairs(*(NEW_KEYS["EC"]() for _ in range(2))))
def test_bad_pair(check, keys, kind):
    """One thing wrong is one problem, which names the file and the cure."""
    pair, end, wrong, cure = bad_pairs(*keys)[kind]

    [problem] = check(*pair)

    assert problem.what == f"secrets/jupyterhub.{end}"
    assert wrong in problem.wrong
    assert cure in problem.cure


@pytest.mark.parametrize("end", ["crt", "key"])
def test_link_that_leads_out(check, keys, tmp_path, end):
    """A link to what the containers do not see is said to be one, not to be missing."""
    check(certificate(keys[0], "hub.example.org"), pem(keys[0]))
    (tmp_path / f"jupyterhub.{end}").unlink()
    (tmp_path / f"jupyterhub.{end}").symlink_to("/etc/letsencrypt/nowhere.pem")

    [problem] = check()

    assert problem.what == f"secrets/jupyterhub.{end}"
    assert problem.wrong == "is a link that leads out of this folder."
    assert "Copy the file itself" in problem.cure


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_key_open_to_others(check, keys, mode):
    """A key that other accounts may read is refused with the command that mends it."""
    [problem] = check(certificate(keys[0], "hub.example.org"), pem(keys[0]), mode=mode)

    assert problem.what == "secrets/jupyterhub.key"
    assert f"(mode {mode:04o})" in problem.wrong
    assert problem.cure == "Run: chmod 600 secrets/jupyterhub.key"


def test_chain(check, keys):
    """The certificates of authorities may follow the site's own."""
    site, authority = keys
    chain = certificate(site, "hub.example.org", issuer=authority) + certificate(authority)

    assert check(chain, pem(site)) == []


def test_all_at_once(check, keys):
    """Everything wrong with a pair is said in one go."""
    old = certificate(keys[0], "a.org", first=NOW - 3 * DAY, last=NOW - DAY)

    problems = check(old, pem(keys[1]), mode=0o644)

    ends = [problem.what.rpartition(".")[2] for problem in problems]
    assert ends == ["key", "key", "crt", "crt"]
