"""After a restart of the hub, what waits goes on waiting, and what is broken is removed."""

from __future__ import annotations

import pytest

from hubkit.pool.pool import Pool
from hubkit.spawner import labels
from tests.unit.pool.conftest import LAB, Clock

KIT = {"hubkit.hub": "kit", "hubkit.pool": LAB.key}


async def test_adopted(site):
    """Ready ones are taken over by the next run of the hub; none is made."""
    lab = site(2)
    await lab.work()
    before = set(lab.engine.containers)
    lab.begin_anew(Pool("kit", 2, clock=Clock()))

    await lab.work()

    assert set(lab.engine.containers) == before == {one.id for one in lab.pool.members}


@pytest.mark.parametrize(
    ("given", "log"),
    [
        pytest.param({"key": "old"}, None, id="made for other settings"),
        pytest.param({"Running": False}, None, id="ended"),
        pytest.param({"Paused": True}, None, id="paused"),
        pytest.param({}, b"Traceback", id="not waiting yet"),
    ],
)
async def test_broken(site, given, log):
    """What cannot become a server any more is removed."""
    lab = site(1)
    broken = lab.spare(**given)
    lab.engine.log = log or lab.engine.log

    await lab.keeper.look()

    assert broken not in lab.engine.containers
    assert not len(lab.pool.members)


async def test_restarted(site):
    """One the engine started again by itself is removed, too."""
    lab = site(1)
    lab.engine.containers[lab.spare()]["RestartCount"] = 1

    await lab.keeper.look()

    assert not lab.engine.containers


async def test_begun(site):
    """One that may have got somebody's certificates is given to nobody else."""
    lab = site(1)
    begun = lab.spare()
    await lab.engine.docker("update_container", begun, cpu_shares=1024)

    await lab.keeper.look()

    assert begun not in lab.engine.containers


async def test_half_given_away(site):
    """A hub that was killed in a hand-out leaves no second container of a user."""
    lab = site(1)
    half = lab.spare()
    lab.mounter.mounted[half] = "ada", ["home-ada"], "{}"

    await lab.keeper.look()

    assert half not in lab.engine.containers


async def test_others_are_left_alone(site):
    """Another hub's, users' servers and what is merely called so are never touched."""
    lab = site(0)
    for name, marks in {
        "lab-pool-0000000a": {"hubkit.hub": "lab", "hubkit.pool": LAB.key},
        "kit-pool-0000000b": {},
        "kit-jupyter-ada": {"hubkit.hub": "kit", "hubkit.user": "ada", "hubkit.server": ""},
        "kit-jupyter-bob": KIT,
        "renamed-by-hand": KIT,
    }.items():
        lab.engine.add(name, marks)
    before = dict(lab.engine.containers)

    await lab.work()

    assert lab.engine.containers == before


async def test_switched_off(site):
    """A pool that is switched off removes what an earlier one left."""
    lab = site(0)
    lab.spare()

    await lab.keeper.run()

    assert not lab.engine.containers
    assert lab.pool.take(LAB.key) is None


async def test_fillers(site):
    """What an earlier run's hand-out left to fill a volume is removed, but not this run's."""
    lab = site(0)
    own = labels.of_filler("kit")
    lab.engine.add("happy_curie", {**own, labels.RUN: "earlier"}, Running=False)
    lab.engine.add("merry_curie", own, Running=False)

    await lab.keeper.look()
    assert lab.engine.names == ["merry_curie"]

    # The engine answered it only now; made before fillers said whose they are.
    lab.engine.add("sad_curie", {"hubkit.hub": "kit", "hubkit.pool": "volumes"}, Running=False)
    await lab.keeper.look()
    assert lab.engine.names == ["merry_curie"]


async def test_too_many(site):
    """Of more than the size now says, the rest goes."""
    lab = site(1)
    for digit in "abc":
        lab.spare(name=f"kit-pool-0000000{digit}")

    await lab.work()

    assert len(lab.engine.containers) == 1


async def test_taken_while_looked_at(site):
    """One that is given away during a look is not taken for a leftover."""
    lab = site(1)
    await lab.work()
    listing = lab.engine._containers

    async def meanwhile(**words):
        listed = await listing(**words)
        taken = lab.pool.take(LAB.key)
        await lab.engine.docker("rename", taken.id, "jupyter-ada")
        lab.pool.gone(taken.id)
        return listed

    lab.engine._containers = meanwhile
    await lab.keeper.look()

    assert lab.engine.names == ["jupyter-ada"]
