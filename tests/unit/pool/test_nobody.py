"""What a start needs is known before anybody has come, and nobody gets into the database."""

from __future__ import annotations

import pytest
from jupyterhub import orm
from jupyterhub.objects import Hub
from traitlets.config import Config

from hubkit.pool import nobody
from hubkit.spawner.kit import KitSpawner
from hubkit.values import Mount
from tests.unit.pool.conftest import LAB
from tests.unit.pool.engine import cold


class Spawner(KitSpawner):
    """A spawner that knows what a cold start sends."""

    async def blueprint_kwargs(self):
        host = {**cold()["host_config"], "Mounts": self.mount_binds}
        return cold(image=self.image, environment=self.get_env(), host_config=host)


@pytest.fixture
def settings():
    """Return a function that makes the settings of a hub, as its web application has them."""

    def make(**traits):
        config = Config(KitSpawner={"image": "lab:1", **traits})
        return {"spawner_class": Spawner, "config": config, "hub": Hub(), "base_url": "/"}

    return make


@pytest.mark.parametrize(
    ("allowed", "images"),
    [
        pytest.param({}, ("lab:1",), id="one for all"),
        pytest.param({"R": "r:1", "lab": "lab:1"}, ("lab:1", "r:1"), id="by name"),
        pytest.param(["r:1", "r:2"], ("lab:1", "r:1", "r:2"), id="a list"),
        pytest.param("*", ("lab:1",), id="any"),
    ],
)
async def test_images(settings, allowed, images):
    """Each image somebody may choose is one of the pool's, where there is a list of them."""
    assert nobody.Nobody(settings(allowed_images=allowed)).images == images


async def test_blueprint(settings):
    """The environment that waits is that of all servers, without anybody's name."""
    found = await nobody.Nobody(settings(environment={"COURSE": "physics"})).blueprint("r:1")

    assert found.image == "r:1"
    assert found.words["environment"].items() >= {"COURSE": "physics"}.items()
    assert not any("nobody" in value for value in found.words["environment"].values())
    assert found.key != LAB.key


async def test_mounts(settings):
    """Volumes are for later, and folders of the host that everybody has are there at once."""
    extra = [Mount("data", "/srv/data", True), Mount("/data/{username}", "/srv/host")]
    found = await nobody.Nobody(
        settings(notebook_dir="/home/jovyan", extra_volumes=extra)
    ).blueprint("lab:1")

    assert found.folders == ("/home/jovyan", "/srv/data")
    [kept] = found.words["host_config"]["Mounts"]
    assert (kept["Type"], kept["Target"]) == ("bind", "/srv/host")


async def test_folders_of_the_host(settings):
    """HOST_DIRECTORIES are there at once, whoever comes."""
    shared = settings(notebook_dir="/work", host_directories=[Mount("/srv/a", "/a")])
    for name in (nobody.NAME, nobody.VISITOR):
        found = await nobody.Nobody(shared, name).blueprint("lab:1")
        [kept] = found.words["host_config"]["Mounts"]
        assert (kept["Source"], kept["Target"], kept["ReadOnly"]) == ("/srv/a", "/a", False)


async def test_not_in_the_database(settings, db):
    """Neither the user nor the server is ever seen by anybody."""
    await nobody.Nobody(settings()).blueprint("lab:1")
    db.commit()

    assert db.query(orm.User).count() == db.query(orm.Spawner).count() == 0
    assert nobody.spawner(settings()).orm_spawner not in db


@pytest.mark.parametrize(
    ("ways", "images"),
    [
        (("github",), ("lab:1",)),
        (("temporary",), ("book:1", "r:1")),
        (("github", "temporary"), ("lab:1", "book:1 (visitors)", "r:1 (visitors)")),
    ],
)
async def test_who_may_come(settings, ways, images):
    """Something waits for all who may come: with an account, without one, or both."""
    found = nobody.anybody(settings(visitor_images={"book": "book:1", "r": "r:1"}), ways)

    assert tuple(found.images) == images


async def test_of_visitors(settings):
    """What waits for visitors is what their start needs, under a name of its own."""
    shared = settings(visitor_images={"lab": "lab:1"})
    several = nobody.anybody(shared, ("github", "temporary"))

    theirs = await several.blueprint("lab:1 (visitors)")
    ours = await several.blueprint("lab:1")

    alone = await nobody.Nobody(shared, nobody.VISITOR).blueprint("lab:1")
    assert (theirs.image, theirs.key) == ("lab:1 (visitors)", alone.key)
    assert theirs.words["image"] == ours.words["image"] == ours.image == "lab:1"
    assert theirs.key != ours.key
