"""Good files are in order; each thing that can be wrong is found, all at once, with its cure."""

from __future__ import annotations

import dataclasses

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from hubkit.certs import examine, sign
from hubkit.certs.places import Names
from tests.unit.certs.making import CLIENT, DAY, NOW, SERVER, Made, chain, make

LEAF, MIDDLE, ROOT = chain()
BAG = b"Bag Attributes\n    friendlyName: x\n"


def material(leaf=LEAF, above=(MIDDLE,), ca=(ROOT,), **others):
    made = examine.Material(
        shown="secrets/gateway/ada",
        names=Names(),
        key=leaf.key_pem(),
        certificate=b"".join(one.pem for one in (leaf, *above)),
        ca=ca if isinstance(ca, bytes) else b"".join(one.pem for one in ca),
        user="ada",
        reissue="scripts/hubkit.sh certs issue ada",
    )
    return dataclasses.replace(made, **others)


def leaf(issuer=ROOT, **others):
    return make("ada", issuer, **{"ca": False, "usages": [CLIENT], **others})


def by_kit(user, days=90, now=NOW):
    """Return what the kit's own authority would make for *user*, and that authority."""
    authority = make("Kit", ca=True)
    key = make("x").key
    signer = sign.Signer(authority.key, authority.certificate)
    return Made(key, sign.client(signer, user, key.public_key(), days, now)), authority


def single(made, issuer=ROOT, **others):
    return material(made, above=(), ca=(issuer,), **others)


@pytest.mark.parametrize(
    "good",
    [
        pytest.param(material(), id="with a chain"),
        pytest.param(material(above=(), ca=(ROOT, MIDDLE)), id="the chain beside the root"),
        pytest.param(single(leaf()), id="without a chain"),
        pytest.param(single(leaf(usages=[])), id="for any use"),
        pytest.param(single(leaf(usages=[SERVER, CLIENT])), id="for two uses"),
        pytest.param(single(*by_kit("ada")), id="made by the kit"),
        pytest.param(single(leaf(last=NOW + 31 * DAY)), id="for 31 days"),
        pytest.param(material(key=LEAF.key_pem(b"x"), passphrase=b"x"), id="with a passphrase"),
        pytest.param(material(ca=(ROOT, make("Gateway"))), id="a self-signed gateway trusted too"),
    ],
)
def test_good(good):
    """Nothing is wrong with files that work."""
    found = examine.examine(good, NOW)

    assert found.findings == ()
    assert found.key.public_key() == found.chain[0].public_key()


def test_name_in_other_letters():
    """RACF writes names in capitals; they are the same person's."""
    racf = make("ADA", ROOT, ca=False)

    assert examine.examine(single(racf), NOW).findings == ()


EXPIRED, ALONE = leaf(last=NOW - DAY / 2), make("ada")
OLD = make("Old", ca=True, last=NOW - DAY / 3)
FATAL = {
    "key of another": (material(key=MIDDLE.key_pem()), "is not the key of the first certificate"),
    "key of a stranger": (material(key=ALONE.key_pem()), "key.pem is not the key of cert.pem."),
    "key encrypted": (material(key=LEAF.key_pem(b"x")), "key.pem is encrypted."),
    "passphrase wrong": (
        material(key=LEAF.key_pem(b"x"), passphrase=b"y"),
        "is not encrypted with that passphrase.",
    ),
    "no key": (material(key=LEAF.pem), "holds no private key"),
    "no certificate": (material(certificate=b"\x30\x82"), "cert.pem holds no certificate"),
    "no authority": (material(ca=b""), "cacert.pem holds no certificate"),
    "expired": (single(EXPIRED), f"expired on {NOW - DAY / 2:%Y-%m-%d}."),
    "not yet valid": (single(leaf(first=NOW + DAY)), f"is not valid before {NOW + DAY:%Y-%m-%d}"),
    "for servers": (single(leaf(usages=[SERVER])), "is not made for a client"),
    "bag before the key": (material(key=BAG + LEAF.key_pem()), "key.pem has text outside"),
    "bag in the chain": (
        material(certificate=LEAF.pem + BAG + MIDDLE.pem),
        "cert.pem has text outside its PEM blocks.",
    ),
    "bag behind the authority": (material(ca=ROOT.pem + BAG), "cacert.pem has text outside"),
    "another authority": (
        material(ca=make("Root", ca=True).pem),
        "was not issued by an authority in cacert.pem.",
    ),
    "issuer missing": (material(above=()), "was not issued by an authority in cacert.pem."),
    "issuer is none": (single(leaf(ALONE), ALONE), "issued by ada, whose certificate is none of"),
    "issuer expired": (
        single(leaf(OLD), OLD),
        "its issuer Old expired",
    ),
    "made for another": (single(*by_kit("bob")), "was made for bob, not for ada."),
}


@pytest.mark.parametrize(("bad", "message"), FATAL.values(), ids=FATAL)
def test_fatal(bad, message):
    """What the gateway or its client would refuse is found, with a cure."""
    found = examine.examine(bad, NOW).findings

    [wrong] = [one.problem for one in found if one.fatal]
    assert message in f"{wrong.what} {wrong.wrong}"
    assert wrong.cure


WEAK = make("ada", ROOT, ca=False, key=rsa.generate_private_key(65537, 1024))  # noqa: S505
WARNED = {
    "expires soon": (single(leaf(last=NOW + 30 * DAY)), "in 30 days."),
    "expires tomorrow": (single(leaf(last=NOW + DAY)), "in 1 day."),
    "expires today": (single(leaf(last=NOW + DAY / 2)), "in 0 days."),
    "another name": (single(make("Spark Client", ROOT, ca=False)), "the name Spark Client, not"),
    "weak key": (single(WEAK), "has an RSA key of 1024 bits."),
    "root unknown": (material(ca=(MIDDLE,), above=()), "has Intermediate 0, but not who issued"),
    "no authority among them": (
        material(ca=(ROOT, make("bob", MIDDLE, ca=False))),
        "holds the certificate of bob, no authority.",
    ),
}


@pytest.mark.parametrize(("odd", "message"), WARNED.values(), ids=WARNED)
def test_warned(odd, message):
    """What works, but not everywhere or not for long, is a warning."""
    [found] = examine.examine(odd, NOW).findings

    assert message in f"{found.problem.what} {found.problem.wrong}"
    assert not found.fatal


def test_all_at_once():
    """Everything wrong is said in one go."""
    bad = single(EXPIRED, make("Root", ca=True), key=BAG + LEAF.key_pem())

    found = examine.examine(bad, NOW).findings

    assert len([one for one in found if one.fatal]) == 4


def test_nothing_secret_is_said():
    """No part of a key and no passphrase stands in a message."""
    bad = material(key=b"SECRET\n" + LEAF.key_pem(b"x"), passphrase=b"PASS")

    said = str(examine.examine(bad, NOW).findings) + repr(bad)

    assert "SECRET" not in said
    assert "PASS" not in said
    assert "PRIVATE KEY" not in said


@pytest.mark.parametrize(
    ("made", "words"),
    [(by_kit("ada")[0], "certs issue ada"), (LEAF, "certs import --force ada FILE.p12")],
    ids=["the kit's", "from elsewhere"],
)
def test_cure(made, words):
    """The command named is the one that fits where the certificate came from."""
    assert words in examine.cure("ada", made.certificate)


def test_cure_is_safe_to_paste():
    """A name with marks of the shell's is quoted."""
    assert "import --force '$(id)' FILE" in examine.cure("$(id)", None)


def test_server():
    """A gateway's certificate must be for servers, and nobody's in particular."""
    gateway = make("gw", ROOT, ca=False, usages=[SERVER])
    other = {"user": "", "reissue": "certs server gw"}

    assert examine.examine(single(gateway, **other), NOW).findings == ()
    [found] = examine.examine(single(leaf(), **other), NOW).findings
    assert "not made for a server" in found.problem.wrong
    assert "certs server gw" in found.problem.cure
