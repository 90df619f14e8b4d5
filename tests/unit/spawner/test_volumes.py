"""Which volumes a server mounts, and the law that nobody gets another's home."""

from __future__ import annotations

import pytest

from hubkit.errors import NotYours
from hubkit.spawner import volumes
from hubkit.values import Mount

LABELLED = {"hubkit.hub": "lab", "hubkit.user": "ada"}
OTHER_USER = {"hubkit.hub": "lab", "hubkit.user": "grace"}
OTHER_HUB = {"hubkit.hub": "shop", "hubkit.user": "ada"}
UNKNOWN = {"com.example": "x"}


def test_home_mount():
    """A home is a volume that says whose it is, should the engine have to make it."""
    assert volumes.home_mount("lab-user-ada", "/home/jovyan/work", "lab", "ada") == {
        "type": "volume",
        "source": "lab-user-ada",
        "target": "/home/jovyan/work",
        "labels": {"hubkit.hub": "lab", "hubkit.user": "ada"},
    }


@pytest.mark.parametrize(
    ("mount", "kind", "read_only"),
    [
        pytest.param(Mount("data", "/srv/data"), "volume", False, id="a volume"),
        pytest.param(Mount("data", "/srv/data", read_only=True), "volume", True, id="read-only"),
        pytest.param(Mount("/mnt/data", "/srv/data"), "bind", False, id="a folder of the host"),
    ],
)
def test_extra_mount(mount, kind, read_only):
    """A path is a folder of the host, a name is a volume."""
    assert volumes.extra_mount(mount) == {
        "type": kind,
        "source": mount.source,
        "target": "/srv/data",
        "read_only": read_only,
    }


@pytest.mark.parametrize(
    ("labels", "recorded", "adopt"),
    [
        pytest.param(LABELLED, False, False, id="made for this user"),
        pytest.param(LABELLED, True, False, id="made for this user and recorded"),
        pytest.param(OTHER_USER, True, False, id="recorded before the user was renamed"),
        pytest.param(UNKNOWN, True, False, id="recorded when it was adopted"),
        pytest.param(None, True, False, id="recorded, restored without labels"),
        pytest.param(UNKNOWN, False, True, id="adopted"),
        pytest.param(None, False, True, id="adopted, without any label"),
    ],
)
def test_own(labels, recorded, adopt):
    """What was made for the user, is on record, or may be adopted is the user's home."""
    volume = {"Name": "lab-user-ada", "Labels": labels}

    volumes.require_own(volume, "lab", "ada", recorded=recorded, adopt=adopt)


@pytest.mark.parametrize(
    ("labels", "recorded", "adopt", "message"),
    [
        pytest.param(OTHER_HUB, False, False, "belongs to the hub 'shop'", id="another hub's"),
        pytest.param(OTHER_HUB, True, False, "COMPOSE_PROJECT_NAME", id="though recorded"),
        pytest.param(OTHER_HUB, False, True, "hub 'shop'", id="though adopting"),
        pytest.param(OTHER_USER, False, False, "of the user 'grace'", id="another user's"),
        pytest.param(OTHER_USER, False, True, "user 'grace'", id="never adopted from a user"),
        pytest.param(UNKNOWN, False, False, "set ADOPT_VOLUMES=true", id="somebody unknown's"),
        pytest.param(None, False, False, "docker volume rm lab-user-ada", id="without labels"),
        pytest.param({"hubkit.hub": "lab"}, False, True, "of the user 'None'", id="half labelled"),
    ],
)
def test_not_own(labels, recorded, adopt, message):
    """Anything else is refused, by name, with what to do about it."""
    volume = {"Name": "lab-user-ada", "Labels": labels}

    with pytest.raises(NotYours, match=r"volume lab-user-ada .*left untouched") as refused:
        volumes.require_own(volume, "lab", "ada", recorded=recorded, adopt=adopt)

    assert message in str(refused.value)
