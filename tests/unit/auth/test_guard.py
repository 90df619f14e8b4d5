"""The guard: who enters, and under which name; whatever the provider."""

from __future__ import annotations

import asyncio

import pytest
from tornado.web import HTTPError

from hubkit.auth.policy import Policy
from tests.unit.auth.doors import Door, enter, refusal, written


async def test_an_account_keeps_its_name_when_it_is_renamed_at_the_provider(door):
    here = door()
    assert (await enter(here, "ada", "1"))["name"] == "ada"

    assert (await enter(here, "countess", "1"))["name"] == "ada"


async def test_another_account_of_the_same_name_is_refused_until_released(door):
    here = door()
    await enter(here, "ada", "1")

    assert "belongs to another account" in await refusal(here, "ada", "2")
    here.register.release("ada")
    assert (await enter(here, "ada", "2"))["name"] == "ada"
    assert "belongs to another account" in await refusal(here, "ada", "1")


async def test_a_listed_name_follows_a_change_of_provider_and_no_other(door):
    class After(Door):
        way = "other"

    before = door(members=("ada",))
    await enter(before, "ada", "1")
    await enter(before, "eve", "2")

    after = door(members=("ada",), cls=After)

    assert (await enter(after, "ada", "9"))["name"] == "ada"
    assert "belongs to another account" in await refusal(after, "eve", "8")


async def test_written_down_names_are_those_of_the_first_provider(door):
    class Second(Door):
        def ways(self):
            return ["first", self.way]

    here = door(members=("ada",), cls=Second)

    assert "kept for somebody who signs in another way" in await refusal(here, "ada")
    assert (await enter(here, "eve"))["name"] == "eve"


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a,b", "a/b", "a#b", "..", "a\0", "\u202e", "x" * 129]
)
async def test_what_is_no_name_is_refused_in_words(door, name):
    assert "no user name" in await refusal(door(), name)


@pytest.mark.parametrize("typed", ["Ada", " ada", "ADA\n", "\uff41da"])
async def test_spellings_of_one_name_are_one_user(door, typed):
    assert (await enter(door(), typed))["name"] == "ada"


async def test_only_listed_people_enter_and_the_rest_reads_why(door):
    here = door(Policy(contact="the office"), members=("ada",))

    assert (await enter(here, "ada"))["admin"] is None
    said = await refusal(here, "eve", "2")
    assert said == "Your account is not on this hub's list; ask the office."


async def test_guesses_at_once_are_limited_too(door):
    here = door()
    answers = await asyncio.gather(
        *(enter(here, "ada", "wrong") for _ in range(50)), return_exceptions=True
    )

    assert sum(one is None for one in answers) == 10
    assert all(one is None or one.status_code == 429 for one in answers)


async def test_a_sites_own_blocked_users_count(door):
    here = door()
    here.blocked_users = {"eve"}

    assert await enter(here, "eve") is None


async def test_too_many_failures_wait_and_others_do_not(door, tmp_path):
    here = door()
    for _ in range(10):
        assert await enter(here, "ada", "wrong") is None

    with pytest.raises(HTTPError) as caught:
        await enter(here, "ada", "1")

    assert caught.value.status_code == 429
    assert int(caught.value.headers["Retry-After"]) > 0
    assert await enter(here, "ada", "1", address="192.0.2.2")
    assert await enter(here, "eve", "2")
    results = [line["result"] for line in written(tmp_path)]
    assert results == ["failed"] * 10 + ["limited", "signed-in", "signed-in"]
    assert written(tmp_path)[0]["address"] == "192.0.2.1"


async def test_a_right_password_is_no_guess(door):
    """Who may not use the hub reads why each time, and does not lock their own door."""
    here = door(Policy(), members=("ada",))

    for _ in range(12):
        assert "not on this hub's list" in await refusal(here, "eve", "2")
