"""What the hub keeps in mind about its people: names, rights and groups; whatever the provider."""

from __future__ import annotations

from types import SimpleNamespace

from hubkit.auth.guard import Guard
from hubkit.auth.policy import Policy
from hubkit.userlist import Userlist
from tests.unit.auth.doors import Said, enter, refusal, stays


async def test_a_deleted_users_name_stays_with_its_account(door):
    """The home is still there."""
    here = door()
    await enter(here, "ada", "1")
    here.delete_user(SimpleNamespace(name="ada"))

    assert "belongs to another account" in await refusal(here, "ada", "2")
    assert (await enter(here, "ada", "1"))["name"] == "ada"


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


async def test_spelling_at_the_provider_does_not_change_who_somebody_is(door):
    class Plain(Guard, Said):
        way = "test"

    here = door(cls=Plain)

    assert [(await enter(here, "Ada"))["name"] for _ in range(2)] == ["ada", "ada"]


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
