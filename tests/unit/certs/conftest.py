"""A checkout with nothing in its secrets yet, and one with an authority."""

from __future__ import annotations

import pytest

from hubkit.certs.desk import Desk
from hubkit.certs.places import Names, Places


@pytest.fixture
def places(tmp_path):
    """Return the places of an empty checkout."""
    (tmp_path / "kit" / "secrets").mkdir(parents=True)
    return Places(tmp_path / "kit")


@pytest.fixture
def desk(places):
    """Return the desk of a checkout with an authority."""
    made = Desk(places, Names())
    made.init_ca()
    return made
