"""The authority signs what it may, once it is whole, and equips gateways."""

from __future__ import annotations

import datetime as dt
import stat

import pytest
from cryptography import x509

from hubkit.certs import desk as desks
from hubkit.certs import identity, pem
from hubkit.certs.authority import Authority
from hubkit.certs.desk import Desk
from hubkit.certs.errors import Refused
from hubkit.certs.places import Names
from tests.unit.certs.making import NOW, SERVER, openssl
from tests.unit.certs.state import everything, later, leaf, verified

NAMES = Names()


def test_init_ca(places):
    """The authority may sign users and gateways but no further authorities."""
    Desk(places, NAMES).init_ca("Our CA", 100)

    kit = Authority.load(places).signer.certificate
    assert identity.called(kit.subject) == "Our CA"
    assert kit.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    assert dt.timedelta(99) < kit.not_valid_after_utc - NOW < dt.timedelta(101)
    crl = places.authority / "crl.pem"
    openssl("crl", "-in", crl, "-CAfile", places.authority / "ca.crt", "-noout", "-verify")


def test_init_ca_again(places, desk):
    """A second authority does not take the place of the first."""
    before = everything(places)

    with pytest.raises(Refused, match=r"ca\.key exists"):
        desk.init_ca()

    assert everything(places) == before


@pytest.mark.parametrize("name", ["", "x" * 65])
def test_no_name_for_a_ca(places, name):
    """A name that a certificate cannot hold is refused, and nothing is written."""
    with pytest.raises(Refused, match="no name for an authority"):
        Desk(places, NAMES).init_ca(name)

    assert everything(places) == {}


def test_all_is_private(places, desk):
    """Every folder is 0700 and every file 0600."""
    desk.issue(["ada"])
    desk.issue(["ada"])
    desk.server("gw")
    desk.revoke("ada")
    desk.issue(["ada"])

    places.secrets.chmod(0o700)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in everything(places)}
    folders = {path for path in places.secrets.rglob("*") if path.is_dir()}
    assert modes == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


def test_rsa_throughout(places):
    """The authority may be RSA as well."""
    desk = Desk(places, NAMES)
    desk.init_ca(rsa_bits=2048)
    desk.issue(["ada"], rsa_bits=2048)

    assert verified(places.person("ada"))
    assert "sha256WithRSA" in openssl(
        "x509", "-in", places.person("ada") / "cert.pem", "-noout", "-text"
    )


def test_no_authority(places):
    """Without an authority the command names the one that makes it, and nothing is written."""
    for act in (lambda d: d.issue(["ada"]), lambda d: d.renew(), lambda d: d.server("gw")):
        with pytest.raises(Refused, match="certs init-ca"):
            act(Desk(places, NAMES))

    assert everything(places) == {}


def test_not_beyond_the_authority(places):
    """A certificate does not outlive its authority; after that there is none."""
    desk = Desk(places, NAMES, NOW)
    desk.init_ca(days=10)
    desk.issue(["ada"], days=90)
    end = Authority.load(places).signer.certificate.not_valid_after_utc

    assert leaf(places.person("ada")).not_valid_after_utc == end
    with pytest.raises(Refused, match="expired on"):
        later(desk, 11).issue(["ada"])


@pytest.mark.parametrize("broken", ["ca.key", "ca.crt"])
def test_broken_authority(places, desk, broken):
    """Files of an authority that do not belong together sign nothing."""
    (places.authority / broken).write_bytes(b"x")

    with pytest.raises(Refused, match="cannot be read"):
        desk.issue(["ada"])


def test_another_authoritys_key(places, desk):
    """A key that is not the certificate's signs nothing."""
    (places.authority / "ca.key").write_bytes(pem.key_text(pem.new_key()))

    with pytest.raises(Refused, match="is not the key of"):
        desk.issue(["ada"])


def test_server(places, desk):
    """A gateway gets key, certificate, the users' authority and the list in one folder."""
    desk.server("GW.example.org", ["gw", "10.0.0.1", "::1"])
    folder = places.server("gw.example.org")

    made = leaf(folder)
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert desks.hosts(made) == ["gw.example.org", "gw", "10.0.0.1", "::1"]
    assert list(usage) == [SERVER]
    assert sorted(path.name for path in folder.iterdir()) == [
        "cert.pem",
        "client-ca.pem",
        "crl.pem",
        "key.pem",
    ]
    words = ["-purpose", "sslserver", "-x509_strict", "-verify_hostname", "gw"]
    openssl("verify", *words, "-CAfile", folder / "client-ca.pem", folder / "cert.pem")


@pytest.mark.parametrize(
    "name", ["", "a b", "../x", "https://gw", "gw:8888", "-gw", "*.gw", "ä.de"]
)
def test_no_host(places, desk, name):
    """What is neither a host name nor an address gets no certificate."""
    with pytest.raises(Refused, match="neither a host name nor an address"):
        desk.server("gw", [name])

    assert not places.servers.exists()
