"""Whoever takes a container is the only one who does."""

from __future__ import annotations

import asyncio

from hubkit.pool.members import Member, Members


def member(identity, key="k", made=0.0, image="lab:1"):
    return Member(identity, f"p-pool-{identity}", image, key, made, "then")


async def test_forty_at_once():
    """Forty starts at the same moment get thirty different containers, and ten get none."""
    members = Members()
    for number in range(30):
        members.add(member(f"{number}"))

    async def start():
        await asyncio.sleep(0)
        return members.take("k")

    taken = await asyncio.gather(*(start() for _ in range(40)))

    ids = [one.id for one in taken if one]
    assert len(ids) == len(set(ids)) == 30
    assert not len(members)


def test_the_oldest_first():
    """The one that waited longest goes first, and only to whom it fits."""
    members = Members()
    for one in (member("new", made=3), member("old", made=1), member("other", "x", made=0)):
        members.add(one)

    assert members.take("k") == member("old", made=1)
    assert members.take("none") is None
    assert [one.id for one in members] == ["new", "other"]


def test_drop():
    """What was taken cannot be dropped, and what was dropped cannot be taken."""
    members = Members()
    members.add(member("a"))

    assert members.drop("a") == member("a")
    assert members.drop("a") is None
    assert members.take("k") is None


def test_of_an_image():
    members = Members()
    members.add(member("a"))
    members.add(member("b", image="lab:2"))

    assert members.of("lab:2") == [member("b", image="lab:2")]
