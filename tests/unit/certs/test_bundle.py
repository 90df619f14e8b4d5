"""A start gets files that work, or the reason and the command that cures it."""

from __future__ import annotations

import datetime as dt
import ssl
import threading

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from hubkit.certs import bundle
from hubkit.certs.desk import Desk
from hubkit.certs.errors import CertificateMissing, CertificateUnusable
from hubkit.certs.places import Names
from hubkit.errors import HubkitError
from tests.unit.certs.making import DAY, NOW, chain

NAMES = Names()


def test_read(places, desk):
    """The bundle is the user's key, certificate and authorities, and when it expires."""
    desk.issue(["ada"])
    folder = places.person("ada")

    found = bundle.read(places.people, "ada", NAMES)

    assert found.key == (folder / "key.pem").read_bytes()
    assert found.certificate == (folder / "cert.pem").read_bytes()
    assert found.ca == (folder / "cacert.pem").read_bytes()
    assert dt.timedelta(89) < found.expires - NOW < dt.timedelta(91)
    assert found.warnings == ()
    assert "PRIVATE" not in repr(found)


def test_names(places):
    """The three files have the names that are set."""
    names = Names("client.key", "client.crt", "authority.crt")
    desk = Desk(places, names)
    desk.init_ca()
    desk.issue(["ada"])

    assert bundle.read(places.people, "ada", names).key
    assert sorted(path.name for path in places.person("ada").iterdir()) == [
        "authority.crt",
        "client.crt",
        "client.key",
    ]
    with pytest.raises(CertificateUnusable, match=r"key\.pem is missing"):
        bundle.read(places.people, "ada", NAMES)


def test_passphrase(places, tmp_path):
    """An encrypted key leaves decrypted: no client of a gateway asks for the passphrase."""
    leaf, middle, root = chain()
    folder = places.person("ada")
    folder.mkdir(parents=True)
    (folder / "key.pem").write_bytes(leaf.key_pem(b"open"))
    (folder / "cert.pem").write_bytes(leaf.pem + middle.pem)
    (folder / "cacert.pem").write_bytes(root.pem)
    with pytest.raises(CertificateUnusable, match="secrets/gateway/ada/passphrase"):
        bundle.read(places.people, "ada", NAMES)

    (folder / "passphrase").write_bytes(b"open\n")
    found = bundle.read(places.people, "ada", NAMES)

    assert load_pem_private_key(found.key, None).public_key() == leaf.key.public_key()
    for name, content in (("k", found.key), ("c", found.certificate), ("a", found.ca)):
        (tmp_path / name).write_bytes(content)
    context = ssl.create_default_context(cafile=tmp_path / "a")
    context.load_cert_chain(tmp_path / "c", tmp_path / "k")


def test_missing(places, desk):
    """Who has none is told so, with the two commands; it is told apart from a bad one."""
    with pytest.raises(CertificateMissing) as caught:
        bundle.read(places.people, "o'brien", NAMES)

    said = caught.value.jupyterhub_message
    assert isinstance(caught.value, HubkitError)
    assert "no certificate with which o'brien may" in said
    assert """scripts/hubkit.sh certs issue 'o'"'"'brien'""" in said
    assert "FILE.p12" in said


def test_expired(places):
    """An expired one names the day and the command for a new one."""
    desk = Desk(places, NAMES, NOW - 100 * DAY)
    desk.init_ca()
    desk.issue(["ada"])

    with pytest.raises(CertificateUnusable) as caught:
        bundle.read(places.people, "ada", NAMES)

    assert not isinstance(caught.value, CertificateMissing)
    assert f"expired on {NOW - 10 * DAY:%Y-%m-%d}" in caught.value.jupyterhub_message
    assert "scripts/hubkit.sh certs issue ada" in caught.value.jupyterhub_message


def test_warned(places, desk):
    """One that expires soon is used, and a sentence says so."""
    desk.issue(["ada"], days=12)

    [warning] = bundle.read(places.people, "ada", NAMES).warnings

    assert "in 11 days" in warning
    assert "certs issue ada" in warning


def test_another_users_files(places, desk):
    """Files of one user copied to another are refused: their certificate says whose it is."""
    desk.issue(["ada", "bob"])
    for path in places.person("bob").iterdir():
        (places.person("ada") / path.name).write_bytes(path.read_bytes())

    with pytest.raises(CertificateUnusable, match="was made for bob, not for ada"):
        bundle.read(places.people, "ada", NAMES)


@pytest.mark.parametrize("name", ["key.pem", "cert.pem", "cacert.pem"])
def test_one_file_missing(places, desk, name):
    """A missing file is named."""
    desk.issue(["ada"])
    (places.person("ada") / name).unlink()

    with pytest.raises(CertificateUnusable, match=f"ada/{name} is missing"):
        bundle.read(places.people, "ada", NAMES)


@pytest.mark.parametrize("user", ["..", "a/b", "", "."])
def test_no_way_out(places, desk, user):
    """No name leads out of the folder."""
    with pytest.raises(CertificateUnusable, match="not a user name"):
        bundle.read(places.people, user, NAMES)


def test_one_generation(places, desk):
    """What is read while a command replaces the files belongs together."""
    desk.issue(["ada"])
    writer = threading.Thread(target=lambda: [desk.issue(["ada"]) for _ in range(30)])
    writer.start()
    seen = set()
    while writer.is_alive():
        seen.add(bundle.read(places.people, "ada", NAMES).certificate)
    writer.join()

    assert len(seen) > 1


def test_notices(places, desk):
    """A page says that a certificate ends soon, is missing or cannot be used; no more."""
    desk.issue(["ada"], days=40)
    desk.issue(["bob"], days=2)
    desk.issue(["cy"])
    (places.person("cy") / "key.pem").unlink()

    def said(user, **how):
        return bundle.notices(places.people, user, NAMES, **how)

    assert said("ada") == []
    [soon] = said("bob")
    assert "expires on" in soon
    assert "in 1 day." in soon
    assert soon.endswith("certs issue bob")
    assert "key.pem is missing" in said("cy")[0]
    assert "certs issue dee" in said("dee")[0]
    assert said("dee", needed=False) == []
    assert said("cy", needed=False) == said("cy")
