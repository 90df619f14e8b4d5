"""What is revoked stays revoked, for openssl too."""

from __future__ import annotations

import pytest
from cryptography import x509

from hubkit.certs import issued
from hubkit.certs.desk import Desk
from hubkit.certs.errors import Refused
from hubkit.certs.places import Names, previous
from tests.unit.certs.making import DAY, NOW, openssl
from tests.unit.certs.state import everything, foreign, leaf

NAMES = Names()


def crl(places):
    return x509.load_pem_x509_crl((places.authority / "crl.pem").read_bytes())


def test_revoke(places, desk):
    """Every valid certificate of the user is on the list, and none of another's."""
    desk.issue(["ada", "bob"])
    desk.issue(["ada"])
    mine = {leaf(places.person("ada")), leaf(previous(places.person("ada")))}
    desk.server("gw")

    desk.revoke("ada")

    assert {one.serial_number for one in crl(places)} == {one.serial_number for one in mine}
    assert {path.stem for path in places.revoked.iterdir()} == {issued.serial(one) for one in mine}
    assert not places.person("ada").exists()
    assert not previous(places.person("ada")).exists()
    listed = (places.authority / "crl.pem").read_bytes()
    assert (places.server("gw") / "crl.pem").read_bytes() == listed
    assert b"PRIVATE" not in b"".join(path.read_bytes() for path in places.revoked.iterdir())


def test_revoked_for_openssl(places, desk, tmp_path):
    """openssl refuses what is revoked and accepts what is not."""
    desk.issue(["ada", "bob"])
    desk.revoke("ada")
    both = ["-crl_check", "-CRLfile", places.authority / "crl.pem"]
    [mine] = places.revoked.iterdir()
    ca = places.authority / "ca.crt"

    assert "OK" in openssl("verify", *both, "-CAfile", ca, places.person("bob") / "cert.pem")
    with pytest.raises(AssertionError, match="certificate revoked"):
        openssl("verify", *both, "-CAfile", ca, mine)


def test_revoke_and_issue(places, desk):
    """Who is let in again gets a certificate that is not revoked."""
    desk.issue(["ada"])
    desk.revoke("ada")
    desk.issue(["ada"])

    assert leaf(places.person("ada")).serial_number not in {
        one.serial_number for one in crl(places)
    }


def test_revoke_nobody(places, desk):
    """There is nothing to revoke of who has nothing, or has it from elsewhere."""
    foreign(places)
    before = everything(places)

    for user in ("ada", "bob"):
        with pytest.raises(Refused, match="made no certificate"):
            desk.revoke(user)

    assert everything(places) == before


def test_revoke_after_a_crash(places, desk, monkeypatch):
    """A command that was interrupted can be repeated."""
    desk.issue(["ada"])
    monkeypatch.setattr(Desk, "_set_aside", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        desk.revoke("ada")
    monkeypatch.undo()

    desk.revoke("ada")

    assert not places.person("ada").exists()
    assert len(crl(places)) == 1


def test_crl_numbers_grow(places, desk):
    """Each list has a higher number than the one before, and when the next is due."""
    desk.issue(["ada"])
    first = crl(places).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    desk.revoke("ada")
    second = crl(places).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

    assert second > first
    assert crl(places).next_update_utc > NOW + 300 * DAY
