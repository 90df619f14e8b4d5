"""What lies in a checkout, for tests to look at and to change."""

from __future__ import annotations

from hubkit.certs import pem
from hubkit.certs.desk import Desk
from hubkit.certs.places import Names
from tests.unit.certs.making import DAY, NOW, chain, openssl

NAMES = Names()


def later(desk, days):
    """Return the same desk some days from now."""
    return Desk(desk.places, desk.names, NOW + days * DAY)


def leaf(folder):
    return pem.load_certificates((folder / "cert.pem").read_bytes())[0]


def verified(folder, *options):
    """Return whether openssl accepts the certificate in *folder* for its own authorities."""
    try:
        openssl("verify", *options, "-CAfile", folder / NAMES.ca, folder / NAMES.certificate)
    except AssertionError:
        return False
    return True


def everything(places):
    """Return every file below secrets/ with what is in it."""
    return {path: path.read_bytes() for path in places.secrets.rglob("*") if path.is_file()}


def foreign(places, user="ada"):
    """Give *user* files that the kit did not make."""
    one, middle, root = chain()
    folder = places.person(user)
    folder.mkdir(parents=True)
    (folder / "key.pem").write_bytes(one.key_pem())
    (folder / "cert.pem").write_bytes(one.pem + middle.pem)
    (folder / "cacert.pem").write_bytes(root.pem)
