"""The list says who has what and for how long, and the metric says the same in days."""

from __future__ import annotations

import pytest

from hubkit.certs import overview
from hubkit.certs.desk import Desk
from hubkit.certs.places import Names
from tests.unit.certs.making import DAY, NOW

NAMES = Names()


@pytest.fixture
def people(places):
    """Make a certificate in every state, and return the places."""
    Desk(places, NAMES, NOW - 100 * DAY).init_ca("Our CA")
    for user, days, when in (
        ("ada", 90, NOW),
        ("bob", 90, NOW - 75 * DAY),
        ("cy", 90, NOW - 99 * DAY),
        ("dee", 90, NOW + 2 * DAY),
        ("eve", 90, NOW),
    ):
        Desk(places, NAMES, when).issue([user], days)
    Desk(places, NAMES, NOW).server("gw", days=200)
    (places.person("eve") / "key.pem").unlink()
    (places.people / "Nobody").mkdir()
    return places


def test_rows(people):
    """Everybody is there, by name, gateways last."""
    found = overview.rows(people, NAMES, NOW)

    assert [(row.name, row.kind, row.days, row.state) for row in found] == [
        ("Nobody", "client", None, "unusable"),
        ("ada", "client", 90, "valid"),
        ("bob", "client", 15, "expires soon"),
        ("cy", "client", -9, "expired"),
        ("dee", "client", 92, "not yet valid"),
        ("eve", "client", 90, "unusable"),
        ("gw", "server", 200, "valid"),
    ]
    assert {row.issuer for row in found if row.expires} == {"Our CA"}


def test_revoked(people):
    """Who put a revoked certificate back is told so."""
    kept = {path: path.read_bytes() for path in people.person("ada").iterdir()}
    Desk(people, NAMES, NOW).revoke("ada")
    people.person("ada").mkdir()
    for path, content in kept.items():
        path.write_bytes(content)

    assert overview.rows(people, NAMES, NOW)[1].state == "revoked"


def test_table(people):
    """Columns are aligned below their headline."""
    headline, *lines = overview.table(overview.rows(people, NAMES, NOW))

    place = headline.index("STATE")
    assert headline.split() == list(overview.COLUMNS)
    assert {line[place - 1] for line in lines} == {" "}
    assert lines[1][place:] == "valid"


def test_nothing(places):
    """Where nothing is yet, the table has its headline and no error."""
    assert len(overview.table(overview.rows(places, NAMES))) == 1
    assert overview.days_left(places.people, NAMES) == {}


def test_json(people):
    """A program gets the same as plain values."""
    assert overview.rows(people, NAMES, NOW)[1].json() == {
        "name": "ada",
        "kind": "client",
        "issuer": "Our CA",
        "expires": (NOW + 90 * DAY).isoformat(),
        "days": 90,
        "state": "valid",
    }


def test_days_left(people):
    """The metric has each user whose certificate can be read."""
    assert overview.days_left(people.people, NAMES, NOW) == {
        "ada": 90,
        "bob": 15,
        "cy": -9,
        "dee": 92,
        "eve": 90,
    }


def test_own_days_left(people):
    """The authority's and the gateways', of which the hub has the certificates alone."""
    copies = people.root / "copies"
    (copies / "servers").mkdir(parents=True)
    assert overview.own_days_left(copies, NOW) == {"authority": {}, "server": {}}

    (copies / "ca.crt").write_bytes((people.authority / "ca.crt").read_bytes())
    (copies / "servers" / "gw.crt").write_bytes((people.server("gw") / "cert.pem").read_bytes())
    (copies / "servers" / "broken.crt").write_text("nothing")

    found = overview.own_days_left(copies, NOW)
    assert round(found["authority"]["Our CA"]) == 3550
    assert {name: round(days) for name, days in found["server"].items()} == {"gw": 200}
