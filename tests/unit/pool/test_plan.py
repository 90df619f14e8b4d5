"""What is to be started and removed, for any pool there can be."""

from __future__ import annotations

import random

import pytest

from hubkit.pool.plan import Plan, Spare, plan

A, B = Spare("a", 10), Spare("b", 20)
OLD, OLDER = Spare("old", 90000, replace=True), Spare("older", 95000, replace=True)
USELESS = Spare("useless", 5, usable=False)


@pytest.mark.parametrize(
    ("size", "spares", "room", "expected"),
    [
        pytest.param(0, [], None, Plan(), id="off"),
        pytest.param(2, [], None, Plan(start=2), id="empty is filled"),
        pytest.param(1, [A], None, Plan(), id="full is left alone"),
        pytest.param(1, [A, B], None, Plan(("b",)), id="the oldest is too many"),
        pytest.param(1, [USELESS], None, Plan(("useless",), 1), id="useless goes at once"),
        pytest.param(1, [OLD], None, Plan(start=1), id="the new one comes first"),
        pytest.param(1, [A, OLD], None, Plan(("old",)), id="and then the old one goes"),
        pytest.param(2, [OLD, OLDER], None, Plan(start=1), id="one by one"),
        pytest.param(3, [A, OLD], None, Plan(start=1), id="what is missing is what replaces"),
        pytest.param(3, [A], 1, Plan(start=1), id="only what there is room for"),
        pytest.param(3, [A, B], -1, Plan(("b",)), id="servers come first"),
        pytest.param(3, [A, B], -5, Plan(("a", "b")), id="however many"),
        pytest.param(2, [OLD, OLDER], 0, Plan(("older",), 1), id="without room the old one first"),
        pytest.param(1, [OLD], 0, Plan(), id="but not the last one"),
        pytest.param(0, [A, OLD], None, Plan(("a", "old")), id="switched off"),
        pytest.param(1, [USELESS], 0, Plan(("useless",), 1), id="its room is free at once"),
    ],
)
def test_plan(size, spares, room, expected):
    assert plan(spares, size, room) == expected


@pytest.fixture(params=range(300))
def pool(request):
    """Some pool; the seed is its number."""
    dice = random.Random(request.param)  # noqa: S311
    spares = [
        Spare(f"{number}", dice.randrange(100), dice.random() < 0.8, dice.random() < 0.4)
        for number in range(dice.randrange(7))
    ]
    room = None if dice.random() < 0.4 else dice.randrange(-4, 5)
    return spares, dice.randrange(6), room


def carried_out(spares, planned, room):
    """Return the pool, and the room left, after the first of the plan's starts."""
    kept = [one for one in spares if one.id not in planned.remove]
    if planned.start:
        kept.append(Spare(f"new{len(kept)}{id(kept)}", 0))
    return kept, None if room is None else room + len(spares) - len(kept)


def test_laws(pool):
    """Never too many, never zero in between, nothing twice, and an end."""
    spares, size, room = pool
    for _ in range(30):
        planned = plan(spares, size, room)
        after = len(spares) - len(planned.remove) + planned.start
        usable = [one for one in spares if one.usable]
        left = [one for one in usable if one.id not in planned.remove]

        assert len(set(planned.remove)) == len(planned.remove)
        assert after <= size + 1
        assert after <= size or any(one.replace for one in left)
        assert room is None or not planned.start or after <= len(spares) + room
        assert left or not usable or not size or (room is not None and len(spares) + room <= 0)
        if planned == Plan():
            break
        spares, room = carried_out(spares, planned, room)
    else:
        pytest.fail("no end")
    most = size if room is None else max(0, min(size, len(spares) + room))
    assert len(spares) == most
    last = len(spares) == 1 and room is not None and room <= 0
    assert last or not any(one.replace for one in spares)
