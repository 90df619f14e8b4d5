"""What the hub is given of the kit's authority, whose expiry it tells: certificates alone."""

from __future__ import annotations

import os

from hubkit.certs.desk import Desk
from hubkit.certs.places import Names, Places
from hubkit.ops.layout import Layout, Owners


def test_certificates_and_no_key(tmp_path):
    """They are those of now; what is gone is gone there, too."""
    for folder in ("run", "data", "secrets"):
        (tmp_path / folder).mkdir()
    me, places = os.getuid(), Places(tmp_path)
    owners = Owners(hub=me, proxy=me, edge=me, warden=me, gateway=me)
    layout = Layout(tmp_path / "run", tmp_path / "data", places.secrets, owners)
    desk, given = Desk(places, Names()), tmp_path / "run" / "hub" / "gateway-ca"

    layout.make(with_certificate=False)
    assert [path for path in given.rglob("*") if path.is_file()] == []

    desk.init_ca()
    desk.server("one.example.org")
    layout.make(with_certificate=False)
    found = {str(path.relative_to(given)): path for path in given.rglob("*") if path.is_file()}
    assert set(found) == {"ca.crt", "servers/one.example.org.crt"}
    assert found["ca.crt"].read_bytes() == (places.authority / "ca.crt").read_bytes()
    assert not [path for path in found.values() if b"PRIVATE" in path.read_bytes()]

    (places.authority / "ca.crt").unlink()
    layout.make(with_certificate=False)
    assert [path.name for path in given.rglob("*.crt")] == ["one.example.org.crt"]
