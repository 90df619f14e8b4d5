"""What the kernel gateway finds in its folder, and people's certificates in theirs."""

from __future__ import annotations

import pytest

from tests.unit.ops.laying import contents, person, server

OWN = ["gateway/key.pem", "gateway/cert.pem", "gateway/client-ca.pem", "gateway/crl.pem"]


@pytest.mark.parametrize("token", ["", "hunter2"], ids=["without", "with a token"])
def test_the_gateway_gets_its_own(layout, token):
    """Its own certificate, the list of the revoked, the token; nothing of anybody else's."""
    server(layout)

    layout.make(gateway_token=token)

    found = {name: text for name, text in contents(layout.run).items() if "gateway/" in name}
    expected = {name: f"kernel-gateway {name.partition('/')[2]}" for name in OWN}
    assert found == expected | ({"gateway/token": token} if token else {})
    assert "the authority" not in "".join(contents(layout.run).values())


def test_the_gateway_loses_what_is_gone(layout):
    """A token that was taken away is; without a gateway no key of it is left."""
    server(layout)
    layout.make(gateway_token="hunter2")

    layout.make(gateway_token="")
    assert {name for name in contents(layout.run) if "gateway/" in name} == set(OWN)
    layout.make()

    assert list((layout.run / "gateway").iterdir()) == []


def test_peoples_certificates(layout):
    """Everybody's files reach the hub: new ones, changed ones, and not those that went."""
    person(layout, "ada", "ada 1")
    person(layout, "bob", "bob 1")
    layout.make()
    unchanged = (layout.run / "hub" / "gateway" / "bob").stat().st_ino
    (layout.run / "hub" / "gateway" / ".eve.part").mkdir()  # of a run that was interrupted
    person(layout, "ada", "ada 2")
    person(layout, "carol", "carol 1")

    layout.make()

    people = layout.run / "hub" / "gateway"
    assert contents(people) == {
        "ada/key.pem": "ada 2",
        "bob/key.pem": "bob 1",
        "carol/key.pem": "carol 1",
    }
    assert (people / "bob").stat().st_ino == unchanged
    assert {path.name for path in people.iterdir()} == {"ada", "bob", "carol"}
    (layout.secrets / "gateway" / "bob" / "key.pem").unlink()
    (layout.secrets / "gateway" / "bob").rmdir()
    layout.make()
    assert not (people / "bob").exists()
