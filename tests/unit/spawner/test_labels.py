"""The labels by which the hub knows its own containers and volumes again."""

from __future__ import annotations

import pytest

from hubkit.spawner import labels

ADA = {"hubkit.hub": "lab", "hubkit.user": "ada"}


def test_of_home():
    """A home says whose it is and which hub's."""
    assert labels.of_home("lab", "ada") == ADA


@pytest.mark.parametrize("server", ["", "gpu"], ids=["default server", "named server"])
def test_of_server(server):
    """A container says which of its user's servers it is; the default one has no name."""
    assert labels.of_server("lab", "ada", server) == {**ADA, "hubkit.server": server}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param({"Config": {"Labels": ADA}, "Name": "/x"}, ADA, id="a container"),
        pytest.param({"Labels": ADA, "Name": "x"}, ADA, id="a volume"),
        pytest.param({"Config": {"Labels": None}}, {}, id="a container without"),
        pytest.param({"Labels": None}, {}, id="a volume without"),
        pytest.param({"Name": "x"}, {}, id="nothing said"),
    ],
)
def test_read(answer, expected):
    """Labels are read from where the engine puts them; none is an empty mapping."""
    assert labels.read(answer) == expected
