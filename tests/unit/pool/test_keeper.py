"""The right containers wait, whatever happens to them."""

from __future__ import annotations

import asyncio

import pytest

from hubkit.pool import blueprint, keeper
from hubkit.pool.pool import SETTLE, Pool
from hubkit.spawner.calls import EngineSilent
from hubkit.warden.refusals import Reason, Refused
from tests.unit.pool.conftest import LAB
from tests.unit.pool.engine import IMAGE, cold

NEW = blueprint.of(cold(inspected={**IMAGE, "Id": "sha256:2"}))


def keys(site):
    return [one.key for one in site.pool.members]


async def test_filled(site):
    """A pool is filled to its size, with containers of this hub's."""
    lab = site(2)

    await lab.work()

    assert keys(lab) == [LAB.key] * 2
    assert {one.name for one in lab.pool.members} == set(lab.engine.names)
    assert lab.pool.unsupported == ""


async def test_made_step_by_step(site):
    """The mount points and the launcher are there before the container is started."""
    lab = site(1)

    await lab.work()

    made = ["create_container", "make_mount_points", "put_archive", "start", "logs"]
    at = lab.engine.asked.index("create_container")
    assert lab.engine.asked[at : at + 5] == made


async def test_closed_while_it_waits(site):
    """Before anybody has come; so is one that an earlier run of the hub made."""
    lab = site(2)
    found = blueprint.of(cold(open=(8888, 8786)))
    lab.source.known["lab:1"] = found
    lab.spare(key=found.key)

    await lab.work()

    waiting = list(lab.pool.members)
    assert [one.closed for one in waiting] == [True, True]
    assert lab.mounter.closed == {one.id: (8888, 8786) for one in waiting}


async def test_not_closed(site, monkeypatch):
    """It waits all the same, and says that it is open; nobody is asked where all are open."""
    lab = site(1)
    await lab.work()
    assert ([one.closed for one in lab.pool.members], lab.mounter.closed) == ([False], {})

    async def refuse(*_):
        raise Refused(Reason.FAILED, "no nftables")

    monkeypatch.setattr(lab.mounter, "close", refuse)
    lab.source.known["lab:1"] = blueprint.of(cold(open=(8888,)))
    await lab.work()

    assert [one.closed for one in lab.pool.members] == [False]


async def test_taken_and_refilled(site):
    """What was taken is replaced, and is left alone until it has its server's name."""
    lab = site(1)
    await lab.work()

    taken = lab.pool.take(LAB.key)
    await lab.settle()

    assert taken.id in lab.engine.containers
    assert len(lab.pool.members) == 1
    await lab.engine.docker("rename", taken.id, "jupyter-ada")
    lab.pool.gone(taken.id)
    await lab.work()
    assert taken.id in lab.engine.containers


async def test_no_container_while_somebody_starts(site):
    """Nothing is made while a server starts, nor until it has settled."""
    lab = site(1)
    with lab.pool.starting():
        await lab.work()
        assert not lab.engine.names
    await lab.work()
    assert not lab.engine.names

    await lab.settle()

    assert len(lab.engine.names) == 1


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda engine, one: engine.containers.pop(one), id="removed"),
        pytest.param(lambda engine, one: engine.restart(one), id="restarted"),
        pytest.param(
            lambda engine, one: engine.containers[one]["State"].update(Running=False), id="ended"
        ),
        pytest.param(
            lambda engine, one: engine.containers[one]["State"].update(Paused=True), id="paused"
        ),
    ],
)
async def test_harmed(site, harm):
    """One that does not wait as it did is removed, and another takes its place."""
    lab = site(1)
    await lab.work()
    [before] = lab.pool.members
    harm(lab.engine, before.id)

    await lab.work()

    [after] = lab.pool.members
    assert after.id != before.id
    assert lab.engine.names == [after.name]


async def test_another_image(site):
    """When the image was made anew, what waits is replaced at once."""
    lab = site(2)
    await lab.work()
    lab.source.known["lab:1"] = NEW

    await lab.work()

    assert keys(lab) == [NEW.key] * 2
    assert len(lab.engine.containers) == 2


@pytest.mark.parametrize("size", [1, 3])
async def test_drained(site, size):
    """All are replaced one by one, and at no moment none waits."""
    lab = site(size)
    await lab.work()
    before = {one.id for one in lab.pool.members}
    counts = []

    assert lab.pool.drain("lab:1") == size
    for _ in range(4 * size):
        await lab.keeper.work()
        counts.append(len(lab.pool.members))

    assert min(counts) == size
    assert max(counts) == size + 1  # the new one before the old one goes
    assert not before & {one.id for one in lab.pool.members}
    assert len(lab.engine.containers) == size


async def test_too_old(site, monkeypatch):
    """One that waited too long goes when another one waits."""
    lab = site(1, max_age=3600)
    await lab.work()
    [before] = lab.pool.members
    later = keeper.time.time() + 3600
    monkeypatch.setattr(keeper.time, "time", lambda: later)

    await lab.work()

    [after] = lab.pool.members
    assert after.id != before.id
    assert lab.engine.most == 2


async def test_resized(site):
    """Another size counts at once, larger and smaller."""
    lab = site(1)
    await lab.work()

    lab.pool.resize("lab:1", 3)
    await lab.work()
    assert len(lab.engine.containers) == 3

    lab.pool.resize("lab:1", 0)
    await lab.work()
    assert not lab.engine.containers


async def test_capacity(site):
    """Waiting containers and running servers together are never more than allowed."""
    lab = site(3, capacity=4)
    server = {"hubkit.hub": "kit", "hubkit.user": "u"}
    for number in range(2):
        lab.engine.add(f"jupyter-u{number}", server)

    await lab.work()
    assert len(lab.engine.containers) == lab.engine.most == 4

    lab.engine.add("jupyter-u2", server)
    await lab.work()
    assert len(lab.pool.members) == 1
    assert len(lab.engine.containers) == 4


async def test_two_images(site):
    """Each image has as many as the size says."""
    lab = site(1)
    other = blueprint.of(cold(image="r:1", inspected={**IMAGE, "Id": "sha256:r"}))
    lab.source.known["r:1"] = other
    lab.source.images.append("r:1")

    await lab.work()

    assert sorted(keys(lab)) == sorted([LAB.key, other.key])
    assert lab.pool.take(other.key).image == "r:1"


async def test_two_images_in_little_room(site):
    """None of them takes all of it, when it is filled and when it gets less."""
    lab = site(4, capacity=4)
    other = blueprint.of(cold(image="r:1", inspected={**IMAGE, "Id": "sha256:r"}))
    lab.source.known["r:1"] = other
    lab.source.images.append("r:1")

    await lab.work()
    assert sorted(keys(lab)) == sorted([LAB.key, other.key] * 2)

    for number in range(2):
        lab.engine.add(f"jupyter-u{number}", {"hubkit.hub": "kit", "hubkit.user": "u"})
    await lab.work()
    assert sorted(keys(lab)) == sorted([LAB.key, other.key])

    lab.pool.resize("lab:1", 0)
    await lab.work()
    assert keys(lab) == [other.key] * 2


async def test_run(site, monkeypatch):
    """The loop fills the pool, refills it when told, and ends when the hub does."""
    monkeypatch.setattr(keeper, "SOON", 0.01)
    lab = site(2)
    pool = Pool("kit", 2)
    monkeypatch.setattr("hubkit.pool.pool.SETTLE", 0.01)
    lab.begin_anew(pool)
    lab.engine.refuses["containers"] = [EngineSilent("", 1, begun=False), KeyError("bug")]
    running = asyncio.create_task(lab.keeper.run())

    async def full():
        while len(pool.members) < 2:
            await asyncio.sleep(0.01)

    await asyncio.wait_for(full(), 20)
    with pool.starting():
        taken = pool.take(LAB.key)
    await asyncio.wait_for(full(), 20)

    assert taken.id not in {one.id for one in pool.members}
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert len(lab.engine.containers) == 3


def test_times():
    """A start that was served is not disturbed by the next container at once."""
    assert SETTLE > 0
    assert keeper.SOON < keeper.LOOK
