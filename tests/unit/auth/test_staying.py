"""Who is in and has to leave, or need not; whatever the provider."""

from __future__ import annotations

import time
from types import SimpleNamespace

from hubkit.auth.policy import Policy
from hubkit.userlist import Userlist
from tests.unit.auth.doors import enter, refusal, stays, written


async def test_off_the_list_is_out_at_the_next_request(door, tmp_path):
    here = door(Policy(), members=("ada", "bob"))
    await enter(here, "ada")
    assert await stays(here, "ada")

    here.register.apply(Userlist(("bob",), ()))

    assert await stays(here, "ada") is False
    assert await stays(here, "ada") is False
    ended = [line for line in written(tmp_path) if line["result"] == "ended"]
    assert [line["name"] for line in ended] == ["ada"]


async def test_back_on_the_list_old_sessions_stay_over(door):
    here = door(Policy(), members=("ada",))
    await enter(here, "ada")
    here.register.apply(Userlist(("boss",), ("boss",)))
    here.register.apply(Userlist(("ada", "boss"), ("boss",)))

    assert await stays(here, "ada") is False
    await enter(here, "ada")
    assert await stays(here, "ada")


async def test_blocked_is_out_whatever_lets_in(door):
    here = door(members=("ada",))
    await enter(here, "ada")
    here.register.block("ada", blocked=True)

    assert await stays(here, "ada") is False
    assert "blocked" in await refusal(here, "ada")


async def test_a_provider_that_fails_ends_nobodys_session(door):
    here = door()
    await enter(here, "ada")
    here.rechecks._asked.clear()
    here.answer = TimeoutError("down")

    assert await stays(here, "ada") is True


async def test_whoever_left_at_the_provider_is_out_and_stays_out(door):
    policy = Policy(frozenset({"group"}), frozenset({"staff"}))
    here = door(policy)
    here.register.came("ada", "admitted")
    here.answer = {"name": "ada", "groups": ["staff"], "auth_state": {"id": "1"}}
    assert (await stays(here, "ada"))["groups"] == ["staff"]

    here.rechecks._asked.clear()
    here.answer = {"name": "ada", "groups": [], "auth_state": {"id": "1"}}

    assert await stays(here, "ada") is False
    assert await stays(here, "ada") is False, "not only until the next look"


async def test_a_token_outlives_the_providers_session_by_a_day_and_no_more(door, monkeypatch):
    here = door()
    await enter(here, "ada")
    here.answer = False
    here.rechecks._asked.clear()
    token = SimpleNamespace(get_token=lambda: "token", request=None)
    cookie = SimpleNamespace(get_token=lambda: None, request=None)
    user = SimpleNamespace(name="ada", admin=False)

    assert [await here.refresh_user(user, cookie) for _ in range(3)] == [False] * 3
    assert [await here.refresh_user(user, token) for _ in range(3)] == [True] * 3
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 25 * 3600)
    assert await here.refresh_user(user, token) is False
    await enter(here, "ada")
    here.answer = True
    assert await here.refresh_user(user, cookie) is True
