"""Unknown is not stopped, a moved server is followed, a dead one is explained."""

from __future__ import annotations

import pytest
from jupyterhub import orm
from jupyterhub.objects import Server

from hubkit.spawner import watched
from hubkit.spawner.record import Record

NAMED, BY_ID = "/containers/jupyter-ada/json", "/containers/4f9a/json"
MINE = {"hubkit.hub": "jupyterhub", "hubkit.user": "ada", "hubkit.server": ""}
RUNNING = {"Running": True, "Status": "running"}
KILLED = {"Running": False, "Status": "exited", "ExitCode": 137, "OOMKilled": True, "Error": ""}
KILLED |= {"FinishedAt": "2026-01-01T00:00:00Z"}
ENDED = {**KILLED, "ExitCode": 0, "OOMKilled": False}


def container(state=RUNNING, labels=MINE, address="172.18.0.7"):
    networks = {"users": {"IPAddress": address}}
    config = {"Labels": labels, "Image": "lab:1", "Cmd": ["serve"], "Tty": True}
    host = {"Memory": 2**30}
    found = {"Id": "4f9a", "State": state, "Config": config, "HostConfig": host}
    return 200, {**found, "NetworkSettings": {"Networks": networks}}


@pytest.fixture
def ada(spawner, tmp_path):
    made = spawner(network_name="users")
    made.record = Record(tmp_path / "failures.log")
    made.object_id = "4f9a"
    return made


@pytest.fixture
def answered(engine):
    """Return an engine that knows ada's container by its id, and lets it be removed."""
    engine.answers |= {
        ("GET", BY_ID): container(),
        ("GET", "/containers/4f9a/logs"): (200, b""),
        ("DELETE", "/containers/4f9a"): (204, b""),
        ("POST", "/containers/4f9a/stop"): (204, b""),
    }
    return engine


def removed(engine):
    return [path for method, path, _ in engine.asked if method == "DELETE"]


async def test_running(ada, answered):
    assert await ada.poll() is None


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_an_engine_in_trouble_stops_nobody(ada, answered, status):
    """Nor is anything forgotten or removed."""
    answered.answers["GET", BY_ID] = (status, {"message": "trouble"})

    assert await ada.poll() is None
    assert (ada.object_id, removed(answered)) == ("4f9a", [])


async def test_an_engine_that_is_gone_stops_nobody(ada, answered):
    ada.client.close()
    type(ada)._client.base_url = "http://127.0.0.1:9"

    assert await ada.poll() is None


async def test_renamed_behind_the_hubs_back(ada, answered):
    """The id finds it, whatever it is called now."""
    assert (await ada.get_object())["Id"] == "4f9a"
    assert NAMED not in [path for _, path, _ in answered.asked]


async def test_removed_behind_the_hubs_back(ada, engine):
    assert await ada.poll() == 0


async def test_a_foreign_container_of_that_name(ada, answered):
    """Is neither ours nor removed."""
    answered.answers["GET", BY_ID] = (404, {"message": "No such container"})
    answered.answers["GET", NAMED] = container(labels={})

    assert await ada.poll() == 0
    assert removed(answered) == []


async def test_another_address(ada, answered):
    """A container that was restarted is found where it is now."""
    row = orm.Server(
        proto="http", cookie_name="c", ip="172.18.0.7", port=8888, base_url="/user/ada/"
    )
    ada.user.db.add(row)
    ada.orm_spawner.server = row
    ada.server = Server(orm_server=row)
    answered.answers["GET", BY_ID] = container(address="172.18.0.9")

    assert await ada.poll() is None
    assert row.ip == "172.18.0.9"


async def test_out_of_memory(ada, answered):
    """It is written down with its limit, and the container is removed."""
    answered.answers["GET", BY_ID] = container(KILLED)
    answered.answers["GET", "/containers/4f9a/logs"] = (200, b"last words")

    assert "137" in str(await ada.poll())

    failure = ada.record.current("ada")
    assert (failure.reason, failure.died) == ("memory", True)
    assert "1 GiB" in failure.sentence
    assert removed(answered) == ["/containers/4f9a"]


async def test_ended_from_within(ada, answered):
    """JupyterLab's Shut Down is no failure; the container goes."""
    answered.answers["GET", BY_ID] = container(ENDED)

    assert await ada.poll() is not None
    assert ada.record.current("ada") is None
    assert removed(answered) == ["/containers/4f9a"]


async def test_made_but_never_started(ada, answered):
    """What a hub that was killed left half is removed without a word about the server."""
    answered.answers["GET", BY_ID] = container({**ENDED, "Status": "created"})

    assert await ada.poll() is not None
    assert ada.record.current("ada") is None
    assert removed(answered) == ["/containers/4f9a"]


async def test_a_poll_during_a_start_removes_nothing(ada, answered):
    answered.answers["GET", BY_ID] = container({**ENDED, "Status": "created"})
    ada._starting = True

    await ada.poll()

    assert removed(answered) == []


async def test_a_stop_waits_for_the_engine(ada, answered, monkeypatch):
    """JupyterHub takes a stop that failed for one that worked, so none fails."""
    monkeypatch.setattr(watched, "AGAIN", 0)
    trouble = (500, {"message": "trouble"})
    answered.answers["POST", "/containers/4f9a/stop"] = [trouble, trouble, (204, b"")]

    await ada.stop()

    assert removed(answered) == ["/containers/4f9a"]
    assert ada.object_id == ""


async def test_a_stop_of_what_is_gone(ada, engine):
    """Nothing to stop is stopped."""
    ada.object_id = ""

    await ada.stop()

    assert [method for method, _, _ in engine.asked] == ["GET"]
