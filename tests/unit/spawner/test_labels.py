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


OURS = {**ADA, "hubkit.server": ""}
WITH_HOME = [{"Type": "bind", "Source": "/srv"}, {"Type": "volume", "Name": "h1"}]


@pytest.mark.parametrize(
    ("marks", "mounts", "home", "expected"),
    [
        pytest.param(OURS, None, "", True, id="before the first home the label decides"),
        pytest.param({**OURS, "hubkit.user": "eve"}, WITH_HOME, "", False, id="another user's"),
        pytest.param(OURS, WITH_HOME, "h1", True, id="with the home on record"),
        pytest.param(
            {**OURS, "hubkit.user": "once"}, WITH_HOME, "h1", True, id="made before a rename"
        ),
        pytest.param(OURS, WITH_HOME, "h2", False, id="of one who had the name before"),
        pytest.param(OURS, [], "h1", False, id="without any home"),
        pytest.param(OURS, None, "h1", False, id="mounts not said"),
        pytest.param({**OURS, "hubkit.hub": "shop"}, WITH_HOME, "h1", False, id="another hub's"),
        pytest.param({**OURS, "hubkit.server": "gpu"}, WITH_HOME, "h1", False, id="named server"),
        pytest.param(ADA, WITH_HOME, "h1", False, id="no server named"),
        pytest.param(None, WITH_HOME, "h1", False, id="no labels"),
    ],
)
def test_is_server_of(marks, mounts, home, expected):
    """A container is a user's by their home where there is one, else by their name."""
    container = {"Config": {"Labels": marks}, "Mounts": mounts}

    assert labels.is_server_of(container, "lab", "ada", "", home) == expected


@pytest.mark.parametrize(
    ("identity", "name", "project", "expected"),
    [
        pytest.param("4f9a", "jupyter-ada", "lab", True, id="on record, of this name"),
        pytest.param("", "jupyter-ada", "lab", False, id="nothing on record"),
        pytest.param("1b2c", "jupyter-ada", "lab", False, id="another on record"),
        pytest.param("4f9a", "lab-pool-0000000a", "lab", False, id="never got the name"),
        pytest.param("4f9a", "jupyter-ada", "shop", False, id="another hub's"),
        pytest.param("4f9a", "renamed", "lab", True, id="renamed by somebody"),
    ],
)
def test_is_handed_out(identity, name, project, expected):
    """A container of the pool is whose it is on record, once it has no name of the pool."""
    marks = {"hubkit.hub": project, "hubkit.pool": "k"}
    container = {"Id": "4f9a", "Name": f"/{name}", "Config": {"Labels": marks}}

    assert labels.is_handed_out(container, "lab", identity) == expected
