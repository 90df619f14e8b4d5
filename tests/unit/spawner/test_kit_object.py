"""The spawner's own container, state, names and traits."""

from __future__ import annotations

import pytest
from docker.errors import APIError
from tornado.web import HTTPError
from traitlets import TraitError

from hubkit.spawner import homes

CONTAINER = "/containers/jupyter-ada/json"
MINE = {"hubkit.hub": "jupyterhub", "hubkit.user": "ada", "hubkit.server": ""}


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        pytest.param(MINE, True, id="ours"),
        pytest.param({**MINE, "hubkit.user": "eve"}, False, id="another user's"),
        pytest.param({**MINE, "hubkit.hub": "shop"}, False, id="another hub's"),
        pytest.param({**MINE, "hubkit.server": "gpu"}, False, id="another server's"),
        pytest.param({}, False, id="not the kit's"),
        pytest.param(None, False, id="without labels"),
    ],
)
async def test_get_object(spawner, engine, labels, found):
    """Only a container with our labels is this server's."""
    engine.answers["GET", CONTAINER] = (200, {"Id": "4f9a", "Config": {"Labels": labels}})
    ada = spawner()

    container = await ada.get_object()

    assert (container is not None) == found
    assert ada.object_id == ("4f9a" if found else "")


async def test_get_object_after_a_rename(spawner, engine):
    """A container with the user's home is theirs, whatever they were called when it was made."""
    marks = {**MINE, "hubkit.user": "ada-once"}
    container = {"Id": "4f9a", "Config": {"Labels": marks}, "Mounts": [{"Name": "h1"}]}
    engine.answers["GET", CONTAINER] = (200, container)
    ada = spawner()
    homes.record(ada.user.orm_user, "h1")

    assert (await ada.get_object())["Id"] == "4f9a"


async def test_no_container(spawner, engine):
    """A container that is not there is none, and its server has stopped."""
    ada = spawner()
    ada.object_id = "4f9a"

    assert await ada.get_object() is None
    assert (ada.object_id, await ada.poll()) == ("", 0)


async def test_engine_in_trouble(spawner, engine):
    """An engine that cannot say whether a server runs does not make it a stopped one."""
    engine.answers["GET", CONTAINER] = (500, {"message": "disk trouble"})
    ada = spawner()
    ada.object_id = "4f9a"

    with pytest.raises(APIError, match="disk trouble"):
        await ada.get_object()
    assert await ada.poll() is None
    assert ada.object_id == "4f9a"


@pytest.mark.parametrize(
    ("delete", "home", "removed"),
    [
        pytest.param(False, "ours", [], id="kept by default"),
        pytest.param(True, "ours", ["/volumes/ours"], id="deleted where asked"),
        pytest.param(True, "adopted", [], id="adopted ones stay"),
        pytest.param(True, "", [], id="nothing on record"),
        pytest.param(True, "gone", [], id="gone already"),
    ],
)
async def test_delete_forever(spawner, engine, delete, home, removed):
    """A deleted user's home goes only where so configured, and only if this hub made it."""
    for name, labels in (("ours", MINE), ("adopted", {})):
        engine.answers["GET", f"/volumes/{name}"] = (200, {"Name": name, "Labels": labels})
        engine.answers["DELETE", f"/volumes/{name}"] = (204, b"")
    ada = spawner(delete_user_volumes=delete)
    if home:
        homes.record(ada.user.orm_user, home)

    await ada.delete_forever()

    assert [path for method, path, _ in engine.asked if method == "DELETE"] == removed


async def test_delete_forever_of_a_named_server(spawner, engine):
    """Deleting a named server deletes no home."""
    ada = spawner("gpu", delete_user_volumes=True)
    homes.record(ada.user.orm_user, "h1")

    await ada.delete_forever()

    assert engine.asked == []


async def test_state_keeps_the_home(spawner):
    """What the hub saves of the default server still names the home; of others it does not."""
    ada, gpu = spawner(), spawner("gpu")
    homes.record(ada.user.orm_user, "h1")
    ada.object_id = "4f9a"

    assert ada.get_state() == {
        "object_id": "4f9a",
        "object_name": "jupyter-ada",
        "home_volume": "h1",
    }
    assert "home_volume" not in gpu.get_state()


async def test_state_after_a_stop(spawner):
    """A stopped server is forgotten; the home is not."""
    ada = spawner()
    homes.record(ada.user.orm_user, "h1")
    ada.object_id = ""

    assert ada.get_state() == {"home_volume": "h1"}


@pytest.mark.parametrize(
    ("server", "traits", "name"),
    [
        pytest.param("", {}, "jupyter-ada", id="default server"),
        pytest.param("gpu", {}, "jupyter-ada--gpu", id="named server"),
        pytest.param("", {"project": "lab"}, "lab-jupyter-ada", id="another project"),
        pytest.param("", {"image": "other:2"}, "jupyter-ada", id="whatever the image"),
    ],
)
async def test_name(spawner, server, traits, name):
    """A container is called as `hubkit.names` says."""
    assert spawner(server, **traits).object_name == name


async def test_defaults(spawner):
    """A container is made anew at each start, and may take as long to answer as to start."""
    ada = spawner(ready_timeout=90)

    assert (ada.remove, ada.http_timeout, ada.pids_limit) == (True, 90, 1024)
    assert ada.start_timeout > 3600  # a pull and the queue may take their time
    assert (ada.adopt_volumes, ada.delete_user_volumes) == (False, False)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"pids_limit": -1}, id="fewer than no processes"),
        pytest.param({"delete_user_volumes": "yes"}, id="a text for a flag"),
        pytest.param({"extra_volumes": ["data:/srv"]}, id="a text for a mount"),
        pytest.param({"project": None}, id="no project"),
        pytest.param({"mem_limit": "lots"}, id="no size"),
    ],
)
async def test_wrong_value(spawner, wrong):
    """A wrong value is refused when the spawner is built, not at a user's start."""
    with pytest.raises(TraitError):
        spawner(**wrong)


@pytest.mark.parametrize(("old", "new"), [("", "gpu"), ("gpu", "")])
async def test_the_default_server_keeps_its_name(spawner, old, new):
    """The record of the home is with it; renamed, the home would look like nobody's."""
    with pytest.raises(HTTPError, match="400"):
        await spawner(old).rename(old, new)

    await spawner("gpu").rename("gpu", "gpus")
