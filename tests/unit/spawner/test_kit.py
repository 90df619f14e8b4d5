"""The spawner: starts containers that are ours, mounts the home that is the user's."""

from __future__ import annotations

import io
import tarfile

import pytest

from hubkit.spawner import fresh, homes, owned
from hubkit.spawner.refusals import StartFailed
from hubkit.values import Mount

HOME = "/volumes/jupyterhub-user-ada"
CONTAINER = "/containers/jupyter-ada/json"
CREATE = "/containers/create"
MINE = {"hubkit.hub": "jupyterhub", "hubkit.user": "ada", "hubkit.server": ""}
USER_PASSWD = b"jovyan:x:1000:100::/home/jovyan:/bin/bash\n"


def archive(name, *, uid=0, content=None):
    """Return an archive of one file, or of one folder where there is no *content*."""
    entry = tarfile.TarInfo(name)
    entry.uid, entry.type = uid, tarfile.DIRTYPE if content is None else tarfile.REGTYPE
    entry.size = len(content or b"")
    with io.BytesIO() as buffer:
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            tar.addfile(entry, io.BytesIO(content or b""))
        return buffer.getvalue()


STARTABLE = {"image": "lab:1", "network_name": "users", "notebook_dir": "/home/jovyan/work"}
STARTABLE |= {"tuning": False}


async def test_start(spawner, startable):
    """A first start makes one container: labelled, limited, with the home it writes down."""
    extra = [Mount("data", "/srv/data", read_only=True)]
    ada = spawner(**STARTABLE, mem_limit=2**30, pids_limit=64, extra_volumes=extra)

    assert await ada.start() == ("172.18.0.7", 8888)

    sent = startable.body("POST", "/containers/create")
    host = sent["HostConfig"]
    assert sent["Labels"] == MINE
    assert (host["CapDrop"], host["SecurityOpt"]) == (["ALL"], ["no-new-privileges"])
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (2**30, 2**30, 64)
    assert host["NetworkMode"] == "users"
    assert [(m["Source"], m["Target"], m["ReadOnly"]) for m in host["Mounts"]] == [
        ("jupyterhub-user-ada", "/home/jovyan/work", False),
        ("data", "/srv/data", True),
    ]
    labels = {"hubkit.hub": "jupyterhub", "hubkit.user": "ada"}
    assert host["Mounts"][0]["VolumeOptions"]["Labels"] == labels
    assert homes.recorded(ada.user.orm_user) == "jupyterhub-user-ada"


@pytest.fixture
def by_root(startable):
    """Return an engine that makes the folders of new volumes root's, for an image of jovyan."""
    startable.headers = {"X-Docker-Container-Path-Stat": "e30="}  # {}
    _, container = startable.answers["GET", "/containers/4f9a/json"]
    archives = {
        "etc%2Fpasswd": archive("passwd", content=USER_PASSWD),
        "home%2Fjovyan%2Fwork": archive("work"),
        "srv%2Fdata": archive("data"),
    }
    startable.answers |= {
        ("GET", "/containers/4f9a/json"): (200, {**container, "Config": {"User": "jovyan"}}),
        ("PUT", "/containers/4f9a/archive"): (200, b""),
        **{
            ("GET", f"/containers/4f9a/archive?path=%2F{path}"): (200, content)
            for path, content in archives.items()
        },
    }
    return startable


def given(engine):
    """Return the folders that were given to somebody, and to whom."""
    found = {}
    for method, _, sent in engine.asked:
        if method == "PUT":
            with tarfile.open(fileobj=io.BytesIO(sent)) as tar:
                found |= {entry.name: (entry.uid, entry.gid) for entry in tar}
    return found


async def test_new_volumes_get_their_owner(spawner, by_root):
    """Volumes made with the container belong to the image's user before the server starts."""
    await spawner(**STARTABLE, extra_volumes=[Mount("data", "/srv/data")]).start()

    assert given(by_root) == {"work": (1000, 100), "data": (1000, 100)}
    paths = [path for _, path, _ in by_root.asked]
    assert paths.index("/containers/4f9a/archive") < paths.index("/containers/4f9a/start")


async def test_of_the_machine(spawner, by_root):
    """Account, weight, names and folders of the machine are the engine's words for them."""
    homes.record(spawner().user.orm_user, "h")
    by_root.answers["GET", "/volumes/h"] = (200, {"Name": "h", "Labels": None})
    options = {"server_user": "4242:50", "cpu_shares": 512, "extra_hosts": ["db:10.0.0.1"]}

    await spawner(**STARTABLE, **options, host_directories=[Mount("/srv/a", "/a")]).start()

    sent = by_root.body("POST", "/containers/create")
    host = sent["HostConfig"]
    assert (sent["User"], host["CpuShares"]) == ("4242:50", 512)
    assert host["ExtraHosts"] == ["db:10.0.0.1"]
    assert [(m["Type"], m["Source"], m["ReadOnly"]) for m in host["Mounts"][1:]] == [
        ("bind", "/srv/a", False)
    ]


@pytest.fixture
def making(monkeypatch):
    """Return what volumes are made with, instead of making them."""
    asked = []
    monkeypatch.setattr(fresh, "make_volumes", lambda *words: asked.append(words[2:]))
    return asked


@pytest.mark.parametrize(
    ("user", "adopted", "folders"),
    [
        pytest.param("", False, [], id="the image's user"),
        pytest.param("4242", False, [["/home/jovyan/work", "/srv/data"]], id="another"),
        pytest.param("4242", True, [["/srv/data"]], id="another, and a home of years"),
        pytest.param("4242", MINE, [["/srv/data"]], id="another, and a home without a record"),
    ],
)
async def test_what_the_image_put_there(spawner, by_root, making, user, adopted, folders):  # noqa: PLR0917
    """Of another user than the image's are new volumes with all that is in them."""
    if adopted:
        home = {"Name": "jupyterhub-user-ada", "Labels": adopted if adopted is MINE else None}
        by_root.answers["GET", "/volumes/jupyterhub-user-ada"] = (200, home)
    traits = {"extra_volumes": [Mount("data", "/srv/data")], "server_user": user}

    await spawner(**STARTABLE, **traits, adopt_volumes=bool(adopted)).start()

    assert [list(new) for _, new, *_ in making] == folders
    for _, _, labels, runs_as in making:
        assert (labels["hubkit.pool"], runs_as) == ("volumes", user)


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param(Mount("data", "/srv/data", read_only=True), id="read-only"),
        pytest.param(Mount("/mnt/data", "/srv/data"), id="a folder of the host"),
        pytest.param(Mount("there", "/srv/data"), id="there before"),
    ],
)
async def test_other_volumes_keep_their_owner(spawner, by_root, extra):
    """Only what was made for the server, to be written by it, is given to its user."""
    by_root.answers["GET", "/volumes/there"] = (200, {"Name": "there", "Labels": None})

    await spawner(**STARTABLE, extra_volumes=[extra]).start()

    assert given(by_root) == {"work": (1000, 100)}


async def test_an_old_home_keeps_its_owner(spawner, by_root):
    """A home on record is nobody's to give away."""
    by_root.answers["GET", HOME] = (200, {"Name": "jupyterhub-user-ada", "Labels": MINE})
    ada = spawner(**STARTABLE)
    homes.record(ada.user.orm_user, "jupyterhub-user-ada")

    await ada.start()

    assert given(by_root) == {}


async def test_the_record_decides(spawner, startable):
    """The home on record is mounted, whatever the rules would call it today."""
    startable.answers["GET", "/volumes/old"] = (200, {"Name": "old", "Labels": None})
    ada = spawner(**STARTABLE)
    homes.record(ada.user.orm_user, "old")

    await ada.start()

    [home] = startable.body("POST", "/containers/create")["HostConfig"]["Mounts"]
    assert home["Source"] == "old"


@pytest.mark.parametrize(
    ("labels", "traits"),
    [
        pytest.param({"hubkit.hub": "shop", "hubkit.user": "ada"}, {}, id="another hub's"),
        pytest.param({"hubkit.hub": "jupyterhub", "hubkit.user": "eve"}, {}, id="another user's"),
        pytest.param(None, {}, id="nobody knows whose"),
        pytest.param({"hubkit.hub": "shop"}, {"adopt_volumes": True}, id="never adopted"),
    ],
)
async def test_foreign_home(spawner, startable, labels, traits):
    """A volume of the home's name that is not the user's stops the start; nothing is made."""
    startable.answers["GET", HOME] = (200, {"Name": "jupyterhub-user-ada", "Labels": labels})
    ada = spawner(**STARTABLE, **traits)

    with pytest.raises(StartFailed, match="jupyterhub-user-ada"):
        await ada.start()

    assert {method for method, _, _ in startable.asked} == {"GET"}
    assert homes.recorded(ada.user.orm_user) == ""


async def test_adopted_home(spawner, startable):
    """A volume of an earlier deployment becomes the home where that was asked for."""
    startable.answers["GET", HOME] = (200, {"Name": "jupyterhub-user-ada", "Labels": None})
    ada = spawner(**STARTABLE, adopt_volumes=True)

    await ada.start()

    assert homes.recorded(ada.user.orm_user) == "jupyterhub-user-ada"


async def test_lost_home(spawner, startable):
    """A home on record that is gone is not silently replaced by an empty one."""
    ada = spawner(**STARTABLE)
    homes.record(ada.user.orm_user, "jupyterhub-user-ada")

    with pytest.raises(StartFailed) as refused:
        await ada.start()

    cure = "docker volume create --label hubkit.hub=jupyterhub --label hubkit.user='ada' "
    assert cure + "jupyterhub-user-ada" in str(refused.value)

    assert {method for method, _, _ in startable.asked} == {"GET"}


async def test_foreign_container(spawner, startable):
    """A container of our name that somebody else made is left alone, and named."""
    startable.answers["GET", CONTAINER] = (200, {"Id": "77", "Config": {"Labels": {}}})
    startable.answers["POST", CREATE] = (409, {"message": "name in use"})

    with pytest.raises(StartFailed, match="docker rm jupyter-ada"):
        await spawner(**STARTABLE).start()

    assert [path for method, path, _ in startable.asked if method == "POST"] == [CREATE]
    assert not [path for _, path, _ in startable.asked if "/containers/77" in path]


@pytest.fixture
def being_removed(startable, monkeypatch):
    """Return an engine that twice says it is still removing the server's last container."""
    monkeypatch.setattr(owned, "BETWEEN_TRIES", 0)
    state = {"Running": False, "Status": "removing", "ExitCode": 0}
    config = {"Labels": MINE, "Image": "lab:1"}
    ours = (200, {"Id": "77", "Config": config, "State": state, "HostConfig": {}})
    in_use = (409, {"message": "name in use"})
    gone = (404, {"message": "No such container"})
    startable.answers |= {
        ("GET", CONTAINER): [gone, ours],
        ("POST", CREATE): [in_use, in_use, startable.answers["POST", CREATE]],
    }
    return startable


async def test_old_container_on_its_way_out(spawner, being_removed):
    """A server stopped a moment ago starts once the engine has removed its container."""
    assert await spawner(**STARTABLE).start() == ("172.18.0.7", 8888)

    assert [path for method, path, _ in being_removed.asked if method == "POST"] == [
        *[CREATE] * 3,
        "/containers/4f9a/start",
    ]


async def test_old_container_gone_meanwhile(spawner, being_removed):
    """A name that is taken by nobody the engine knows of is about to be free."""
    del being_removed.answers["GET", CONTAINER]

    assert await spawner(**STARTABLE).start() == ("172.18.0.7", 8888)


async def test_old_container_that_stays(spawner, being_removed):
    """An old container that never goes ends the start, after a while."""
    being_removed.answers["POST", CREATE] = (409, {"message": "name in use"})

    with pytest.raises(StartFailed, match="docker rm jupyter-ada"):
        await spawner(**STARTABLE).start()

    made = [path for method, path, _ in being_removed.asked if method == "POST"]
    assert made == [CREATE] * owned.REMOVAL_TRIES
