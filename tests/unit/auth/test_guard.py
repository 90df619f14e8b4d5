"""The guard: who enters, under which name, who has to leave; whatever the provider."""

from __future__ import annotations

import asyncio
import json
import time
from types import SimpleNamespace

import pytest
from jupyterhub.auth import Authenticator
from tornado.web import HTTPError
from traitlets.config import Config

from hubkit import auth, stack
from hubkit.auth.guard import Guard
from hubkit.auth.policy import Policy
from hubkit.settings import Settings
from hubkit.userlist import Userlist

ANYBODY = Policy(frozenset({"everyone"}))


class Said(Authenticator):
    """Believes what it is told: the account's id is the password."""

    answer = True

    async def authenticate(self, handler, data=None, **extra):
        if data["password"] == "wrong":
            return None
        return {"name": data["username"], "auth_state": {"id": data["password"]}}

    async def refresh_user(self, user, handler=None, **kwargs):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Door(Guard, Said):
    way = "test"
    form = True
    asks_again = True

    def identity(self, model):
        return f"{self.way}:{model['auth_state']['id']}"


@pytest.fixture
def door(tmp_path, monkeypatch):
    """Return a guarded authenticator for a policy and a list; the file is a test's own."""
    monkeypatch.setattr(stack, "REGISTER", tmp_path / "people.sqlite")
    monkeypatch.setattr(stack, "AUDIT_LOG", tmp_path / "sign-ins.log")

    def made(policy=ANYBODY, members=(), admins=(), cls=Door):
        config = Config()
        config.Guard.policy = policy
        built = cls(parent=None, config=config)
        built.register.apply(Userlist((*members, *admins), tuple(admins)))
        return built

    return made


async def enter(door, name, account="1", address="192.0.2.1"):
    handler = SimpleNamespace(request=SimpleNamespace(remote_ip=address))
    return await door.get_authenticated_user(handler, {"username": name, "password": account})


async def refusal(door, name, account="1"):
    with pytest.raises(HTTPError) as caught:
        await enter(door, name, account)
    return caught.value.get_message()


async def stays(door, name, **user):
    return await door.refresh_user(SimpleNamespace(name=name, admin=False, **user))


def written(tmp_path):
    return [json.loads(line) for line in (tmp_path / "sign-ins.log").read_text().splitlines()]


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


async def test_a_deleted_users_name_stays_with_its_account(door):
    """The home is still there."""
    here = door()
    await enter(here, "ada", "1")
    here.delete_user(SimpleNamespace(name="ada"))

    assert "belongs to another account" in await refusal(here, "ada", "2")
    assert (await enter(here, "ada", "1"))["name"] == "ada"


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


async def test_the_list_gives_admin_rights_and_takes_only_its_own_back(door):
    here = door(Policy(), members=("eve",), admins=("ada",))
    assert (await enter(here, "ada"))["admin"] is True

    here.register.apply(Userlist(("ada", "eve"), ()))

    assert (await enter(here, "ada"))["admin"] is False
    assert (await enter(here, "ada"))["admin"] is False, "until the database says so too"
    admin = SimpleNamespace(name="ada", admin=True)
    assert (await here.refresh_user(admin))["admin"] is False
    assert await stays(here, "ada")
    assert (await enter(here, "ada"))["admin"] is None
    assert (await enter(here, "eve", "2"))["admin"] is None


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


async def test_spelling_at_the_provider_does_not_change_who_somebody_is(door):
    class Plain(Guard, Said):
        way = "test"

    here = door(cls=Plain)

    assert [(await enter(here, "Ada"))["name"] for _ in range(2)] == ["ada", "ada"]


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


def test_users_made_in_the_console_are_told_apart_and_kept(door):
    here = door(Policy(), members=("ada",))
    old = SimpleNamespace(name="old", admin=True)
    here.add_user(old)  # from a database older than the register
    here.get_handlers(None)  # the hub serves from now on
    for name in ("ada", "console"):
        here.add_user(SimpleNamespace(name=name, admin=False))
    assert here.policy.refusal(here.register.person("old"))
    assert not old.admin

    here.register.apply(Userlist(("boss",), ("boss",)))

    assert here.policy.refusal(here.register.person("ada"))
    assert here.policy.refusal(here.register.person("console")) == ""


async def test_a_group_of_a_later_provider_cannot_pass_for_one_of_the_first(door):
    """Anybody can make an organisation called ``admins`` at a public provider."""

    class Grouped(Said):
        async def authenticate(self, handler, data=None, **extra):
            proved = await super().authenticate(handler, data, **extra)
            return {**proved, "groups": ["admins"]}

    class First(Guard, Grouped):
        way = "test"

    class Later(First):
        def ways(self):
            return ["ldap", self.way]

    admins = frozenset({"admins"})
    policy = Policy(frozenset({"group"}), admins, admins)

    assert (await enter(door(policy, cls=First), "ada"))["admin"] is True
    assert "in none of the groups" in await refusal(door(policy, cls=Later), "eve")
    own = frozenset({"test/admins"})
    let_in = await enter(door(Policy(frozenset({"group"}), own, admins), cls=Later), "eve")
    assert (let_in["groups"], let_in["admin"]) == (["test/admins"], None)


def test_whose_group_a_setting_means():
    env = {
        "AUTH": "ldap,github",
        "ALLOW": "group,organisation",
        "ALLOWED_GROUPS": "staff,github/lab:team",
        "ALLOWED_ORGANISATIONS": "lab",
        "ADMIN_GROUPS": "admins,github/lab:admins",
    }

    policy = auth.policy(Settings.from_env(env))

    assert policy.belong == {"staff", "github/lab:team", "github/lab"}
    assert policy.admins == {"admins", "github/lab:admins"}


async def test_a_right_password_is_no_guess(door):
    """Who may not use the hub reads why each time, and does not lock their own door."""
    here = door(Policy(), members=("ada",))

    for _ in range(12):
        assert "not on this hub's list" in await refusal(here, "eve", "2")
