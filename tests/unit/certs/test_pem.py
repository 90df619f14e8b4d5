"""PEM text: keys of all common spellings are read, and text between blocks is seen."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from hubkit.certs import pem
from tests.unit.certs.making import make, openssl

ONE = make("ada")
BAG = b"Bag Attributes\n    friendlyName: Spark Client Cert\n    localKeyID: 00 00 00 01\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(ONE.pem, False, id="a certificate"),
        pytest.param(ONE.pem + b"\n\r\n  " + ONE.key_pem(), False, id="blank lines"),
        pytest.param(ONE.pem.replace(b"\n", b"\r\n"), False, id="line ends of Windows"),
        pytest.param(BAG + ONE.pem, True, id="bag attributes"),
        pytest.param(ONE.pem + b"subject=/CN=x\n" + ONE.pem, True, id="between"),
        pytest.param(ONE.pem + b"-----BEGIN", True, id="half a block"),
        pytest.param(b"\xef\xbb\xbf" + ONE.pem, True, id="byte order mark"),
    ],
)
def test_outside(content, expected):
    """Text outside the blocks is found, wherever it stands."""
    assert pem.outside(content) == expected


@given(st.binary(max_size=40), st.integers(0, 2))
def test_outside_of_anything(junk, place):
    """Whatever stands before, between or after two blocks counts, unless it is blank."""
    parts = [ONE.pem, ONE.pem]
    parts.insert(place, junk)

    assert pem.outside(b"\n".join(parts)) == bool(junk.strip())


@pytest.mark.parametrize(
    "words",
    [
        ("ecparam", "-name", "prime256v1", "-genkey"),
        ("genrsa", "-traditional", "2048"),
        ("genpkey", "-algorithm", "ed25519"),
    ],
    ids=["EC with its parameters", "traditional RSA", "Ed25519"],
)
def test_load_key(words):
    """Keys as openssl writes them are read, and written again as one PKCS#8 block."""
    key = pem.load_key(openssl(*words).encode())

    text = pem.key_text(key)

    assert text.startswith(b"-----BEGIN PRIVATE KEY-----")
    assert pem.load_key(text).public_key() == key.public_key()


def test_load_encrypted_key():
    """An encrypted key needs its own passphrase."""
    content = ONE.key_pem(b"open")

    assert pem.load_key(content, b"open").public_key() == ONE.key.public_key()
    with pytest.raises(pem.Locked, match="is encrypted"):
        pem.load_key(content)
    with pytest.raises(pem.Locked, match="not encrypted with that"):
        pem.load_key(content, b"shut")


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", ONE.pem, ONE.key_pem()[:90]],
    ids=["nothing", "text", "a certificate", "half a key"],
)
def test_no_key(content):
    """What holds no key is a ValueError."""
    with pytest.raises(ValueError, match=r"."):
        pem.load_key(content)


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", ONE.key_pem(), ONE.pem[:90]],
    ids=["nothing", "text", "a key", "half a certificate"],
)
def test_no_certificate(content):
    """What holds no certificate is a ValueError."""
    with pytest.raises(ValueError, match=r"."):
        pem.load_certificates(content)


def test_certificates_keep_their_order():
    """Certificates are read and written in the order they stand in."""
    found = [make(name).certificate for name in "cab"]

    assert pem.load_certificates(pem.text(found)) == found


def test_new_keys():
    """A key is on P-256, or RSA of the wanted size."""
    assert isinstance(pem.new_key().curve, ec.SECP256R1)
    assert isinstance(pem.new_key(2048), rsa.RSAPrivateKey)
    assert pem.new_key(3072).key_size == 3072
