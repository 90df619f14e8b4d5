"""PKCS#12 files made by the real openssl are taken apart; what is not one is refused."""

from __future__ import annotations

from base64 import encodebytes

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization import pkcs12 as other
from hypothesis import given, settings
from hypothesis import strategies as st

from hubkit.certs import pkcs12
from hubkit.certs.errors import Refused
from tests.unit.certs.making import NOW, PASSWORD, chain, make, p12

MODES = {
    "modern": (),
    "legacy": ("-legacy",),
    "3DES": ("-legacy", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES"),
    "RC2": ("-legacy", "-keypbe", "PBE-SHA1-RC2-40", "-certpbe", "PBE-SHA1-RC2-40"),
    "AES-128": ("-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC", "-macalg", "sha1"),
    "certificates in clear": ("-certpbe", "NONE"),
}


@pytest.mark.parametrize("between", [None, 0, 1, 2], ids=lambda n: f"{n} between")
@pytest.mark.parametrize("options", MODES.values(), ids=MODES)
def test_read(tmp_path, options, between):
    """Key and chain come out in order, in old and new encryption."""
    leaf, *above = chain(between=between or 0)
    above = [] if between is None else above

    found = pkcs12.read(p12(tmp_path, leaf, above[::-1], *options), PASSWORD)

    assert found.key.private_numbers() == leaf.key.private_numbers()
    assert found.chain == (leaf.certificate, *(one.certificate for one in above))
    assert found.others == ()


def test_read_rsa(tmp_path):
    """An RSA key of the size RACF makes today comes out too."""
    leaf = make("ada", key=rsa.generate_private_key(65537, 2048))

    found = pkcs12.read(p12(tmp_path, leaf, (), "-legacy"), PASSWORD)

    assert found.key.private_numbers() == leaf.key.private_numbers()


def test_read_base64(tmp_path):
    """RACF's PKCS12B64 is the same file as text."""
    leaf, *above = chain()
    text = encodebytes(p12(tmp_path, leaf, above))
    framed = b"-----BEGIN CERTIFICATE-----\r\n" + text + b"-----END CERTIFICATE-----\r\n"

    for content in (text, framed):
        assert pkcs12.read(content, PASSWORD).chain[0] == leaf.certificate


def test_others_are_set_apart(tmp_path):
    """A certificate that is not above the user's is not in the chain."""
    leaf, *above = chain()
    stranger = make("Root", ca=True)

    found = pkcs12.read(p12(tmp_path, leaf, [stranger, *above]), PASSWORD)

    assert found.chain == (leaf.certificate, *(one.certificate for one in above))
    assert found.others == (stranger.certificate,)


def test_renewed_with_the_same_key(tmp_path):
    """Of two certificates for the key the one that lasts longer counts."""
    old, root = chain(between=0)
    new = make("ada", root, key=old.key, last=NOW.replace(year=NOW.year + 1), ca=False)

    found = pkcs12.read(p12(tmp_path, old, [new, root]), PASSWORD)

    assert found.chain == (new.certificate, root.certificate)


def test_empty_password(tmp_path):
    """A file may be protected by the empty password."""
    leaf = make("ada")

    assert pkcs12.read(p12(tmp_path, leaf, password=""), "").chain == (leaf.certificate,)


@pytest.mark.parametrize("options", MODES.values(), ids=MODES)
@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + " "])
def test_wrong_password(tmp_path, options, password):
    """A wrong password is one plain sentence."""
    content = p12(tmp_path, make("ada"), (), *options)

    with pytest.raises(Refused, match="password is wrong"):
        pkcs12.read(content, password)


def test_no_key(tmp_path):
    """A file of certificates only is refused."""
    content = p12(tmp_path, make("ada"), (), "-nokeys")

    with pytest.raises(Refused, match="holds no private key"):
        pkcs12.read(content, PASSWORD)


def test_several_keys(tmp_path):
    """Of several keys none is chosen silently."""
    one, two = make("ada"), make("bob")
    content = with_all_keys(tmp_path, [one, two])

    with pytest.raises(Refused, match="holds 2 keys"):
        pkcs12.read(content, PASSWORD)


def with_all_keys(folder, made):
    """Return one file with the bags of all *made*, which openssl itself does not write."""
    safes = b"".join(inner(p12(folder, one, (), "-nomac"), 5) for one in made)
    data = bytes.fromhex("06092a864886f70d010701")
    auth = tlv(0x30, data + tlv(0xA0, tlv(0x04, tlv(0x30, safes))))
    return tlv(0x30, b"\x02\x01\x03" + auth)


def tlv(tag, body):
    """Return *body* in DER with its tag and length."""
    return bytes([tag, 0x82]) + len(body).to_bytes(2, "big") + body


def split(content):
    """Return where the body of the first value in *content* begins and ends."""
    length, start = content[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(content[2:start], "big")
    return start, start + length


def contents(content):
    """Return the values that stand one after the other in *content*."""
    found = []
    while content:
        _, end = split(content)
        found.append(content[:end])
        content = content[end:]
    return found


def inner(content, levels=1):
    """Return what the last value in *content* holds, *levels* deep."""
    for _ in range(levels):
        last = contents(content)[-1]
        content = last[slice(*split(last))]
    return content


def test_a_key_of_another(tmp_path):
    """A file whose certificate does not belong to its key is refused."""
    key, stranger = make("ada"), make("bob")
    content = other.serialize_key_and_certificates(
        b"x", key.key, None, [stranger.certificate],
        BestAvailableEncryption(PASSWORD.encode()),
    )  # fmt: skip

    with pytest.raises(Refused, match="no certificate for its key"):
        pkcs12.read(content, PASSWORD)


@given(st.binary(max_size=200))
def test_no_package(content):
    """What is no PKCS#12 file is refused as that, whatever it is."""
    with pytest.raises(Refused, match="no PKCS#12 file"):
        pkcs12.read(content, PASSWORD)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damaged(tmp_path_factory, data):
    """A file damaged on its way is refused, or holds what it held."""
    leaf = make("ada")
    content = bytearray(p12(tmp_path_factory.mktemp("p12"), leaf))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))

    try:
        found = pkcs12.read(bytes(content), PASSWORD)
    except Refused:
        return
    assert found.chain == (leaf.certificate,)


def test_key_stays_out_of_sight(tmp_path):
    """What is printed of a package has no key in it."""
    found = pkcs12.read(p12(tmp_path, make("ada")), PASSWORD)

    assert "key=" not in repr(found)
