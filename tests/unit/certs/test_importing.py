"""A PKCS#12 file becomes three files that work, or nothing changes."""

from __future__ import annotations

import pytest

from hubkit.certs import bundle, importing, pem, pkcs12
from hubkit.certs.errors import Refused
from hubkit.certs.places import Names, previous
from hubkit.errors import ConfigError
from tests.unit.certs.making import DAY, NOW, PASSWORD, chain, make, openssl, p12

NAMES = Names()


@pytest.fixture
def bring(places, tmp_path):
    """Return a function that imports what openssl made of a leaf and what is above it."""

    def act(leaf, above=(), *options, user="ada", **others):
        package = pkcs12.read(p12(tmp_path, leaf, above, *options), PASSWORD)
        return importing.bring(places, NAMES, user, package, **others)

    return act


def held(path):
    return pem.load_certificates(path.read_bytes())


@pytest.mark.parametrize("options", [(), ("-legacy",)], ids=["modern", "legacy"])
@pytest.mark.parametrize("between", [0, 1, 2])
def test_bring(places, bring, options, between):
    """Certificate and intermediates in one file, all issuers in the other, root last."""
    leaf, *above = chain(between=between)

    bring(leaf, above[::-1], *options)

    folder = places.person("ada")
    issuers = [one.certificate for one in above]
    assert held(folder / "cert.pem") == [leaf.certificate, *issuers[:-1]]
    assert held(folder / "cacert.pem") == issuers
    for path in folder.iterdir():
        assert not pem.outside(path.read_bytes())
        assert path.stat().st_mode & 0o777 == 0o600
    ca, certificate = folder / "cacert.pem", folder / "cert.pem"
    assert "OK" in openssl("verify", "-purpose", "sslclient", "-CAfile", ca, certificate)
    assert bundle.read(places.people, "ada", NAMES).warnings == ()


def test_what_is_said(bring):
    """Who it is, who issued it, until when, and what to look at."""
    root = make("Local CA", ca=True)
    leaf = make("Spark Client", root, ca=False, last=NOW + 10 * DAY)

    said = bring(leaf, [root])

    assert said[0].startswith("ada: Spark Client, issued by Local CA, valid until ")
    assert any("expires on" in line for line in said)
    assert any("has the name Spark Client, not ada" in line for line in said)


def test_stranger_left_out(places, bring):
    """A certificate that is not above the user's is left out, and that is said."""
    leaf, *above = chain()

    said = bring(leaf, [make("Other", ca=True), *above])

    assert "left out Other: not above this certificate" in said
    assert len(held(places.person("ada") / "cacert.pem")) == 2


def test_without_chain(places, bring):
    """Without the issuer in the file it must be named, for nobody could check the gateway."""
    leaf, middle, root = chain()

    with pytest.raises(Refused, match="does not hold the certificate of Intermediate 0"):
        bring(leaf)
    assert not places.people.exists()

    bring(leaf, authorities=(root.certificate, middle.certificate))
    folder = places.person("ada")
    assert held(folder / "cert.pem") == [leaf.certificate, middle.certificate]
    assert held(folder / "cacert.pem") == [middle.certificate, root.certificate]


def test_further_authorities(places, bring):
    """The authority of the gateway's own certificate can be another one."""
    leaf, *above = chain()
    gateways = make("Corporate", ca=True)

    bring(leaf, above, authorities=(gateways.certificate,))

    assert held(places.person("ada") / "cacert.pem")[-1] == gateways.certificate


def test_made_by_the_kit(places, desk, bring, tmp_path):
    """A file made of what the kit issued needs no chain."""
    desk.issue(["ada"])
    folder = places.person("ada")
    words = ["-inkey", folder / "key.pem", "-in", folder / "cert.pem", "-passout", "pass:x"]
    openssl("pkcs12", "-export", *words, "-out", tmp_path / "x.p12")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    package = pkcs12.read((tmp_path / "x.p12").read_bytes(), "x")
    importing.bring(places, NAMES, "ada", package, force=True)

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_self_signed(places, bring):
    """A certificate signed by itself is its own authority."""
    leaf = make("ada")

    bring(leaf)

    assert held(places.person("ada") / "cacert.pem") == [leaf.certificate]


def test_no_overwriting(places, bring):
    """What is there is replaced only when told to, and kept."""
    one, two = chain(), chain()
    bring(one[0], one[1:])
    with pytest.raises(Refused, match=r"key\.pem exists.*--force"):
        bring(two[0], two[1:])
    assert held(places.person("ada") / "cert.pem")[0] == one[0].certificate

    bring(two[0], two[1:], force=True)

    assert held(places.person("ada") / "cert.pem")[0] == two[0].certificate
    assert held(previous(places.person("ada")) / "cert.pem")[0] == one[0].certificate


def test_expired(places, bring):
    """What could not be used is not put in the place of what can."""
    one = chain()
    bring(one[0], one[1:])
    old = chain(last=NOW - DAY / 2)

    with pytest.raises(ConfigError, match=r"nothing was changed(.|\n)*expired on"):
        bring(old[0], old[1:], force=True)

    assert held(places.person("ada") / "cert.pem")[0] == one[0].certificate


def test_another_kit_user(places, desk, bring):
    """What the kit made for one user is not imported for another."""
    desk.issue(["bob"])
    folder = places.person("bob")
    bob = make("x")
    bob.key, [bob.certificate] = (
        pem.load_key((folder / "key.pem").read_bytes()),
        held(folder / "cert.pem"),
    )

    with pytest.raises(ConfigError, match="was made for bob, not for ada"):
        bring(bob)


@pytest.mark.parametrize("user", ["..", "a/b", ""])
def test_no_user(bring, user):
    """Nothing is written for a name that is none."""
    leaf, *above = chain()

    with pytest.raises(Refused, match="not a user name"):
        bring(leaf, above, user=user)


def test_read_authorities(tmp_path):
    """Authorities come from a PEM file; one that holds none is refused."""
    root = make("Root", ca=True)
    (tmp_path / "ca").write_bytes(root.pem)
    (tmp_path / "bad").write_bytes(b"x")

    assert importing.read_authorities(tmp_path / "ca") == (root.certificate,)
    with pytest.raises(Refused, match="holds no PEM certificate"):
        importing.read_authorities(tmp_path / "bad")
    with pytest.raises(Refused, match="No such file"):
        importing.read_authorities(tmp_path / "none")
