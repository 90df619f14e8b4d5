"""AUTH=ldap against a real OpenLDAP: groups and lists, and when a session ends."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from tests.directory import PASSWORD, Directory, group_dn
from tests.ldap import EVERYBODY, SEARCH, TEMPLATE, Make, refusal, sign_in, still_in

pytestmark = pytest.mark.docker


async def test_groups_nested_groups_and_uid_number(make: Make):
    person = await sign_in(make(**SEARCH), "ada")
    looped = await sign_in(make(**SEARCH), "linus")

    assert {"staff", "admins", "nested", "posix"} <= set(person["groups"])
    assert {"loop1", "loop2"} <= set(looped["groups"])
    assert person["auth_state"]["uidNumber"].isdigit()
    assert PASSWORD not in str(person)


@pytest.mark.parametrize("group", ["nested", group_dn("nested").upper().replace(",", ", ")])
async def test_only_members_of_the_group_get_in_and_its_admins_administer(make: Make, group: str):
    env = {**SEARCH, "ALLOW": "group", "ALLOWED_GROUPS": group, "ADMIN_GROUPS": "admins"}
    hub = make(**env)

    assert (await sign_in(hub, "grace"))["admin"] is None
    assert (await sign_in(hub, "ada"))["admin"] is True
    assert "none of the groups" in str((await refusal(hub, "linus")).get_message())
    assert (await sign_in(hub, "boss", "x")) is None


async def test_only_who_is_listed_gets_in(make: Make):
    hub = make("ada", ALLOW="userlist", LDAP_BIND_DN=TEMPLATE, CONTACT="the office")

    assert (await sign_in(hub, "Ada"))["name"] == "ada"
    said = str((await refusal(hub, "grace")).get_message())
    assert said == "Your account is not on this hub's list; ask the office."


async def test_whoever_leaves_the_group_the_directory_or_is_locked_is_out(
    make: Make, slapd: Directory
):
    hub = make(**{**SEARCH, "ALLOW": "group", "ALLOWED_GROUPS": "leavers"})
    for name in ("leaver", "goer", "stuck"):
        slapd.add_user(name)
    slapd.set_group("leavers", ["leaver", "goer", "stuck"])
    for name in ("leaver", "goer", "stuck"):
        assert await sign_in(hub, name)
        assert await still_in(hub, name)

    slapd.set_group("leavers", ["goer", "stuck"])
    slapd.remove_user("goer")
    slapd.lock("stuck")

    for name in ("leaver", "goer", "stuck"):
        assert not await still_in(hub, name)
        assert hub.register.person(name).denied


async def test_without_a_search_a_session_ends_after_half_a_day(
    make: Make, monkeypatch: pytest.MonkeyPatch
):
    hub = make(**EVERYBODY)
    assert await sign_in(hub, "ada")
    assert await still_in(hub, "ada")

    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 13 * 3600)

    assert not await still_in(hub, "ada")


async def test_a_session_that_ends_leaves_the_request_able_to_refuse(
    make: Make, monkeypatch: pytest.MonkeyPatch
):
    """JupyterHub reads it of the handler before it sets it."""
    hub = make(**EVERYBODY)
    await sign_in(hub, "ada")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 13 * 3600)
    handler = SimpleNamespace(request=None)

    assert not await hub.refresh_user(SimpleNamespace(name="ada", admin=False), handler)
    assert handler._token_authenticated is False
