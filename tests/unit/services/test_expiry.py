"""The gauge of days left: what it shows, and when it looks."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from hubkit import stack
from hubkit.certs.desk import Desk
from hubkit.certs.places import Names, Places
from hubkit.services import expiry
from hubkit.settings import Settings

NAMES = Names("k.pem", "c.pem", "ca.pem")
ENV = {"KG_URL": "https://g.org", "CLIENT_KEY": "k.pem", "CLIENT_CERT": "c.pem"}


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Return the desk of a hub's certificates, none yet."""
    places = Places(tmp_path)
    monkeypatch.setattr(stack, "GATEWAY_PEOPLE", places.people)
    monkeypatch.setattr(stack, "GATEWAY_AUTHORITY", places.authority)
    places.secrets.mkdir()
    return Desk(places, NAMES)


@pytest.fixture
def shown(desk):
    """Return a function that scrapes: labels → days."""
    registry = CollectorRegistry(auto_describe=True)
    expiry.configure(Settings.from_env(ENV), registry)

    def scrape():
        lines = generate_latest(registry).decode().splitlines()
        found = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name.removeprefix(expiry.NAME): round(float(days)) for name, days in found.items()}

    return scrape


def test_what_is_shown(desk, shown):
    """Each scrape looks anew; a folder that is gone is gone from it, too."""
    assert shown() == {}

    desk.init_ca("Our CA", days=1000)
    desk.issue(["ada", "bo"], days=40)
    assert shown() == {
        '{kind="client",name="ada"}': 40,
        '{kind="client",name="bo"}': 40,
        '{kind="authority",name="Our CA"}': 1000,
    }

    desk.issue(["ada"], days=50)
    desk.revoke("bo")
    (desk.places.servers / "broken.crt").parent.mkdir()
    (desk.places.servers / "broken.crt").write_text("no certificate")
    assert shown() == {
        '{kind="client",name="ada"}': 50,
        '{kind="authority",name="Our CA"}': 1000,
    }
