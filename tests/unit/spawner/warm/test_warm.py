"""A server out of the pool is its user's, and is found again, whenever the hub was killed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from docker.errors import APIError

from hubkit.pool import blueprint
from hubkit.pool.pool import Pool
from hubkit.spawner import homes, warm
from hubkit.spawner.readiness import Died
from hubkit.warden.client import MounterClient
from hubkit.warden.refusals import Reason, Refused
from tests.unit.pool.conftest import LAB, Clock
from tests.unit.pool.engine import HOME, cold, refusal

READY = ("172.18.0.1", 8888)


async def test_warm(spawner, site):
    """The start gets the container that waits, with the user's home, name and environment."""
    ada = spawner()

    assert await ada.start_warm() == READY

    assert site.engine.names == ["kit-jupyter-ada"]
    user, volumes, line = site.mounter.mounted["id1"]
    assert (user, volumes) == ("ada", [HOME["Source"]])
    assert '"JUPYTERHUB_USER": "ada"' in line
    assert site.asked == [(*READY, "/api")]
    assert not site.pool.away
    assert homes.recorded(ada.user.orm_user) == "home-ada"


@pytest.mark.parametrize("closed", [True, False])
async def test_ports(spawner, site, monkeypatch, closed):
    """What was closed while it waited is not closed again; what was not is at the next look."""
    [member] = site.pool.members
    site.pool.members.add(replace(member, closed=closed))
    asked = []

    async def close(_, container, ports):
        asked.append((container, ports))

    monkeypatch.setattr(MounterClient, "close", close)
    ada = spawner(closer=MounterClient(Path("/nowhere")))

    await ada.start_warm()
    assert await ada.poll() is None

    assert asked == ([] if closed else [(member.id, (8888,))])


async def test_after_a_restart_of_the_hub(spawner, site):
    """The database knows the server: it runs, is its user's, and can be stopped."""
    await spawner().start_warm()

    ada = spawner()

    assert await ada.poll() is None
    await ada.stop()
    assert not site.engine.containers
    assert await ada.poll() == 0


async def test_stopped_and_started_again(spawner, site):
    """A start after a stop is a start like any other."""
    ada = spawner()
    await ada.start_warm()
    await ada.stop()
    ada.clear_state()
    await site.settle()

    assert await ada.start_warm() == ("172.18.0.2", 8888)
    assert await spawner("bob").start_warm() is None


async def test_restarted(spawner, site):
    """A server that was restarted has no home: it has ended, and is removed."""
    ada = spawner()
    await ada.start_warm()
    site.engine.restart("id1")

    assert await ada.poll() is not None
    assert not site.engine.containers


async def test_nobody_elses(spawner, site):
    """Only the server that is on record has the container, whatever it is called by now."""
    ada = spawner()
    await ada.start_warm()
    site.engine.containers["id1"]["Name"] = "/kit-jupyter-bob"

    assert await spawner("bob").get_object() is None
    assert (await ada.get_object())["Id"] == "id1"
    assert await ada.poll() is None


@pytest.mark.parametrize(
    "step", ["inspect_container", "update_container", "mount", "rename", "wait_until_ready"]
)
async def test_killed(spawner, site, monkeypatch, step):
    """A hub killed in any step finds the whole server or none, and its pool leaves no other."""
    reached = asyncio.Event()

    async def never(*_, **__):
        reached.set()
        await asyncio.Event().wait()

    place, name = {"mount": (site.mounter, step), "wait_until_ready": (warm, step)}.get(
        step, (site.engine, f"_{step}")
    )
    with monkeypatch.context() as patched:
        ada = spawner()
        patched.setattr(place, name, never)
        if step == "mount":
            site.mounter.mounted["id1"] = "ada", ["home-ada"], "{}"
        if step == "inspect_container":
            patched.setattr(ada, "get_object", never)
        killed = asyncio.create_task(ada.start_warm())
        await reached.wait()

    again = spawner()
    site.begin_anew(Pool("kit", 1, clock=Clock()))
    await site.work()
    named = step == "wait_until_ready"
    assert await again.poll() == (None if named else 0)
    assert ("kit-jupyter-ada" in site.engine.names) == named
    assert len(site.pool.members) == len(site.engine.containers) - named == 1
    kept = step not in ("mount", "rename")  # else something was told or mounted
    assert ("id1" in site.engine.containers) == kept
    killed.cancel()
    await asyncio.wait([killed])


@pytest.mark.parametrize(
    ("method", "error"),
    [
        pytest.param("update_container", refusal(500), id="limits"),
        pytest.param("rename", refusal(409), id="name"),
    ],
)
async def test_fails(spawner, site, caplog, method, error):
    """Where a step fails nothing is left, and the start is cold."""
    ada = spawner()
    site.engine.refuses[method] = [error]

    assert await ada.start_warm() is None

    assert not site.engine.containers
    assert ada.object_id == ""
    assert ada.get_state() == {"home_volume": "home-ada"}
    assert not site.pool.away
    assert "starts cold" in caplog.text


async def test_refused_volume(spawner, site, caplog):
    """A refusal is no reason to mistrust the mounter; its silence is."""
    site.mounter.refuses = [Refused(Reason.NOT_ALLOWED, "not that of the user ada")]
    assert await spawner().start_warm() is None
    assert site.pool.unsupported == ""
    await site.settle()

    site.mounter.why = "the mounter does not answer"
    assert await spawner().start_warm() is None
    assert site.pool.unsupported == "the mounter does not answer"
    assert not site.engine.containers


async def test_never_answers(spawner, site, monkeypatch):
    """A server that does not answer after it got its name is removed, too."""

    async def wait_until_ready(*_, **__):
        raise Died({"ExitCode": 65})

    monkeypatch.setattr(warm, "wait_until_ready", wait_until_ready)

    assert await spawner().start_warm() is None
    assert not site.engine.containers


async def test_cancelled(spawner, site, monkeypatch):
    """A start that is cancelled leaves nothing either."""

    async def wait_until_ready(*_, **__):
        await asyncio.Event().wait()

    monkeypatch.setattr(warm, "wait_until_ready", wait_until_ready)
    ada = spawner()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ada.start_warm(), 0.1)

    assert not site.engine.containers


async def test_not_removed(spawner, site):
    """What may still have the home keeps a second container from getting it; it goes later."""
    site.engine.refuses |= {"rename": [refusal(500)], "remove_container": [refusal(500)]}
    with pytest.raises(APIError):
        await spawner().start_warm()
    assert site.pool.doomed == {"id1"}

    await site.work(1)

    assert "id1" not in site.engine.containers


async def test_many_at_once(spawner, site):
    """Twenty starts, ten containers: nobody gets another's, the rest is cold."""
    site.pool.resize("lab:1", 10)
    await site.work()
    users = [spawner(f"u{number}") for number in range(20)]

    found = await asyncio.gather(*(one.start_warm() for one in users))

    served = [one for one, address in zip(users, found, strict=True) if address]
    assert len(served) == len(site.mounter.mounted) == 10
    assert len({one.object_id for one in served}) == 10
    for one in served:
        user = site.mounter.mounted[one.object_id][0]
        container = site.engine.containers[one.object_id]
        assert (user, container["Name"]) == (one.user.name, f"/kit-jupyter-{one.user.name}")


async def test_named_server(spawner, site):
    """A named server is one of its own, in the same home."""
    assert await spawner(server="gpu").start_warm() == READY
    assert site.engine.names == ["kit-jupyter-ada--gpu"]
    assert await spawner(server="gpu").poll() is None
    assert await spawner().poll() == 0


async def test_key():
    """What the tests' starts ask for is what the pool has."""
    assert blueprint.of(cold()).key == LAB.key
