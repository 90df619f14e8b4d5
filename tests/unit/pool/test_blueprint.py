"""A waiting container is what a cold start would make, without what comes later."""

from __future__ import annotations

import json

import pytest

from hubkit.pool import blueprint
from hubkit.spawner import injection
from tests.unit.pool.engine import HOME, IMAGE, cold

DATA = {**HOME, "Source": "data", "Target": "/srv/data", "ReadOnly": True}
FOLDER = {"Type": "bind", "Source": "/data", "Target": "/srv/data", "ReadOnly": True}


def host(**words):
    return {**cold()["host_config"], **words}


def env(**words):
    return {**cold()["environment"], **words}


def test_words():
    """It has the start's words, waits, and gets no share while others work."""
    created = blueprint.of(cold()).create("kit-pool-00000000", "kit")

    assert created.pop("labels") == {
        "hubkit.hub": "kit",
        "hubkit.pool": blueprint.of(cold()).key,
    }
    assert created == {
        "image": "lab:1",
        "name": "kit-pool-00000000",
        "command": ["jupyterhub-singleuser"],
        "environment": {
            "PATH": "/opt/hubkit/bin:/bin",
            "LANG": "C.UTF-8",
            "JUPYTERHUB_API_TOKEN": "comes-later",
            "HUBKIT_WAIT": "1",
        },
        "ports": {"8888/tcp": None},
        "volumes": [],
        "stdin_open": True,
        "detach": True,
        "host_config": {
            "NetworkMode": "users",
            "PidsLimit": 1024,
            "CapDrop": ["ALL"],
            "AutoRemove": False,
            "CpuShares": 128,
        },
    }


def test_no_secret():
    """Neither a token nor a user is to be seen in what waits."""
    created = json.dumps(blueprint.of(cold()).create("x", "kit"))

    assert "secret" not in created
    assert "jupyterhub-user-ada" not in created
    assert "/user/ada" not in created


@pytest.mark.parametrize(
    "words",
    [
        pytest.param({"name": "jupyter-bob"}, id="name"),
        pytest.param({"labels": {"hubkit.user": "bob"}}, id="label of the user"),
        pytest.param({"environment": env(JUPYTERHUB_USER="bob")}, id="who it is"),
        pytest.param({"environment": env(JUPYTER_GATEWAY_URL="https://g")}, id="kernel gateway"),
        pytest.param({"environment": env(KG_AUTH_TOKEN="x", CLIENT_KEY="k")}, id="older images"),
        pytest.param({"host_config": host(Memory=2**30, MemorySwap=2**30)}, id="memory"),
        pytest.param({"host_config": host(CpuQuota=0, CpuShares=2)}, id="processors"),
        pytest.param({"host_config": host(Mounts=[{**HOME, "Source": "bob"}])}, id="home"),
    ],
)
def test_same_key(words):
    """What is given at the hand-out asks for no other container."""
    assert blueprint.of(cold(**words)).key == blueprint.of(cold()).key


@pytest.mark.parametrize(
    "words",
    [
        pytest.param({"inspected": {**IMAGE, "Id": "sha256:2"}}, id="image made anew"),
        pytest.param({"command": ["jupyterhub-singleuser", "--debug"]}, id="command"),
        pytest.param({"user": "root"}, id="account"),
        pytest.param({"ports": {"9999/tcp": None}}, id="port"),
        pytest.param({"host_config": host(ExtraHosts=["db:10.0.0.1"])}, id="names"),
        pytest.param({"labels": {"course": "physics"}}, id="a label of the site"),
        pytest.param({"environment": env(COURSE="physics")}, id="environment"),
        pytest.param({"host_config": host(NetworkMode="other")}, id="network"),
        pytest.param({"host_config": host(PidsLimit=5)}, id="processes"),
        pytest.param({"host_config": host(Devices=["/dev/nvidia0"])}, id="device"),
        pytest.param({"host_config": host(Binds=["/data:/srv/data:ro"])}, id="bind"),
        pytest.param({"host_config": host(Mounts=[HOME, FOLDER])}, id="folder of the host"),
        pytest.param({"host_config": host(Mounts=[HOME, DATA])}, id="another place of a volume"),
        pytest.param({"bare": ["/home/jovyan/work"]}, id="a visitor, without a home"),
        pytest.param({"open": [8888]}, id="ports that stay open"),
    ],
)
def test_other_key(words):
    """What cannot be changed in a running container asks for another one."""
    assert blueprint.of(cold(**words)).key != blueprint.of(cold()).key


def test_other_launcher(monkeypatch):
    """An upgrade with another launcher asks for other containers."""
    before = blueprint.of(cold()).key
    monkeypatch.setattr(injection, "archive", lambda: b"new")

    assert blueprint.of(cold()).key != before


def test_folders_of_the_host():
    """What everybody mounts from the host is mounted from the beginning; volumes later."""
    made = blueprint.of(cold(host_config=host(Mounts=[HOME, FOLDER])))

    assert made.words["host_config"]["Mounts"] == [FOLDER]
    assert (made.folders, made.obstacle) == (("/home/jovyan/work",), "")


@pytest.mark.parametrize(
    ("words", "obstacle"),
    [
        pytest.param({}, "", id="none"),
        pytest.param(
            {"inspected": {**IMAGE, "Config": {"Volumes": {"/home/jovyan/work": {}}}}},
            "the image declares a volume at /home/jovyan/work itself",
            id="the image's own volume",
        ),
        pytest.param(
            {"host_config": host(Mounts=[HOME, {**FOLDER, "Target": "/home/jovyan/work/data"}])},
            "/home/jovyan/work/data is mounted within the volume at /home/jovyan/work",
            id="a folder within the home",
        ),
        pytest.param(
            {"host_config": host(Binds=["/data:/home/jovyan/work/data:ro"])},
            "/home/jovyan/work/data is mounted within the volume at /home/jovyan/work",
            id="a bind within the home",
        ),
    ],
)
def test_obstacle(words, obstacle):
    """Volumes that would hide something, or be hidden, cannot be mounted later."""
    assert blueprint.of(cold(**words)).obstacle == obstacle


@pytest.mark.parametrize(
    ("words", "limits"),
    [
        pytest.param(
            {},
            {
                "mem_limit": 2**31,
                "memswap_limit": 2**31,
                "cpu_period": 100000,
                "cpu_quota": 200000,
                "cpu_shares": 1024,
            },
            id="all",
        ),
        pytest.param(
            {"host_config": {"Memory": 2**30, "CpuShares": 512}},
            {"mem_limit": 2**30, "memswap_limit": 2**31, "cpu_shares": 512},
            id="as the engine would",
        ),
        pytest.param({"host_config": {}}, {"cpu_shares": 1024}, id="none"),
        pytest.param(
            {"host_config": {"CpuShares": 128}}, {"cpu_shares": 129}, id="unlike what waits"
        ),
    ],
)
def test_limits(words, limits):
    """The hand-out sets every limit of the start, and gives the full share of a processor."""
    assert blueprint.limits(cold(**words)) == limits
