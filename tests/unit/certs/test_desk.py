"""Issuing and renewing do what they say, and openssl agrees."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from hubkit.certs import desk as desks
from hubkit.certs import identity, pem
from hubkit.certs.authority import Authority
from hubkit.certs.places import Names, previous
from hubkit.errors import ConfigError
from tests.unit.certs.making import CLIENT, DAY, NOW, chain
from tests.unit.certs.state import everything, foreign, later, leaf, verified

NAMES = Names()


@pytest.mark.parametrize("user", ["ada", "o'brien", "josé", "ada@example.org", "x" * 64])
def test_issue(places, desk, user):
    """A certificate is the user's by common name and URI, for clients only, and verifies."""
    desk.issue([user])
    folder = places.person(user)

    made = leaf(folder)
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert identity.called(made.subject) == user == identity.claimed(made)
    assert list(usage) == [CLIENT]
    assert isinstance(made.public_key().curve, ec.SECP256R1)
    assert verified(folder, "-purpose", "sslclient", "-x509_strict")
    assert not verified(folder, "-purpose", "sslserver")


def test_issue_rsa(places, desk):
    """z/OS gets an RSA key."""
    desk.issue(["ada"], rsa_bits=3072)

    assert leaf(places.person("ada")).public_key().key_size == 3072
    assert verified(places.person("ada"), "-purpose", "sslclient", "-x509_strict")


def test_issue_again(places, desk):
    """A newer certificate takes the place of the older, which is kept."""
    desk.issue(["ada"])
    before = leaf(places.person("ada"))
    desk.issue(["ada"])

    assert leaf(places.person("ada")) != before
    assert leaf(previous(places.person("ada"))) == before


def test_issue_nothing_if_one_is_wrong(places, desk):
    """All that is wrong is said at once, and nobody gets a certificate."""
    foreign(places, "bob")
    before = everything(places)

    with pytest.raises(ConfigError) as caught:
        desk.issue(["ada", "a/b", "x" * 65, "bob"])

    assert [problem.what for problem in caught.value.problems] == [
        "a/b",
        "x" * 65,
        "secrets/gateway/bob",
    ]
    assert "nothing was changed" in str(caught.value)
    assert everything(places) == before


def test_force(places, desk):
    """Files from elsewhere are replaced only when told to, and kept."""
    foreign(places)
    before = leaf(places.person("ada"))

    desk.issue(["ada"], force=True)

    assert identity.claimed(leaf(places.person("ada"))) == "ada"
    assert leaf(previous(places.person("ada"))) == before


def test_renew(places, desk):
    """What expires soon is made anew: for as long, with a new key of the same kind."""
    desk.issue(["ada"], days=20, rsa_bits=2048)
    desk.issue(["bob"], days=90)
    desk.server("gw.example.org", ["10.0.0.1", "gw"], days=20)
    foreign(places, "eve")
    before = {user: leaf(places.person(user)) for user in ("ada", "bob", "eve")}

    said = later(desk, 5).renew(30)

    assert [line.partition(":")[0] for line in said] == ["ada", "gw.example.org"]
    ada = leaf(places.person("ada"))
    assert ada.public_key() != before["ada"].public_key()
    assert ada.public_key().key_size == 2048
    assert dt.timedelta(24) < ada.not_valid_after_utc - NOW < dt.timedelta(26)
    assert leaf(previous(places.person("ada"))) == before["ada"]
    assert leaf(places.person("bob")) == before["bob"]
    assert leaf(places.person("eve")) == before["eve"]
    assert desks.hosts(leaf(places.server("gw.example.org"))) == [
        "gw.example.org",
        "10.0.0.1",
        "gw",
    ]


def test_renew_what_has_expired(places, desk):
    """An expired certificate is made anew, too."""
    desk.issue(["ada"], days=2)

    later(desk, 5).renew(30)

    assert leaf(places.person("ada")).not_valid_after_utc > NOW + 6 * DAY


def test_renew_nothing(places, desk):
    """Nothing to renew is said; the revocation list is signed anew all the same."""
    before = (places.authority / "crl.pem").read_bytes()

    assert desk.renew(30) == ["nothing expires within 30 days"]
    assert (places.authority / "crl.pem").read_bytes() != before


def test_renew_keeps_added_authorities(places, desk):
    """Authorities an administrator added, as for the gateway's own certificate, stay."""
    desk.issue(["ada"], days=5)
    added = chain()[-1]
    with (places.person("ada") / "cacert.pem").open("ab") as file:
        file.write(added.pem)

    desk.renew(30)

    trusted = pem.load_certificates((places.person("ada") / "cacert.pem").read_bytes())
    assert trusted == [Authority.load(places).signer.certificate, added.certificate]


def test_a_former_authority_is_not_trusted_any_more(places, desk):
    """Whoever begins anew may do so because the old key is in wrong hands."""
    desk.issue(["ada"])
    added = chain()[-1]
    with (places.person("ada") / "cacert.pem").open("ab") as file:
        file.write(added.pem)
    places.authority.rename(places.secrets / "aside")

    desk.init_ca()
    desk.issue(["ada"])

    trusted = pem.load_certificates((places.person("ada") / "cacert.pem").read_bytes())
    assert trusted == [Authority.load(places).signer.certificate, added.certificate]


def test_renew_is_no_way_to_another_name(places, desk):
    """A certificate copied into another user's folder is not made anew for that user."""
    desk.issue(["ada"], days=5)
    places.person("bob").mkdir()
    for path in places.person("ada").iterdir():
        (places.person("bob") / path.name).write_bytes(path.read_bytes())

    assert [line.partition(":")[0] for line in desk.renew(30)] == ["ada"]
