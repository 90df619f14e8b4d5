"""AUTH=ldap against a real OpenLDAP: who gets in under which name, and what is never sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.web import HTTPError
from traitlets.config import Config

from hubkit import auth, stack
from hubkit.auth import directory as directory_module
from hubkit.auth.ldap import KitLDAPAuthenticator
from hubkit.settings import Settings
from hubkit.userlist import Userlist
from tests.directory import (
    PASSWORD,
    PEOPLE,
    PEOPLE2,
    RACF,
    SEARCHER,
    SEARCHER_PASSWORD,
    Directory,
    Trap,
    black_hole,
    group_dn,
    user_dn,
)

pytestmark = pytest.mark.docker
TEMPLATE = f"uid={{username}},{PEOPLE}"
EVERYBODY = {"ALLOW": "everyone", "LDAP_BIND_DN": TEMPLATE}
SEARCH = {
    "ALLOW": "everyone",
    "LDAP_SEARCH_BASE": "dc=example,dc=org",
    "LDAP_SEARCH_USER": SEARCHER,
    "LDAP_SEARCH_PASSWORD": SEARCHER_PASSWORD,
    "LDAP_GROUP_BASE": "ou=groups,dc=example,dc=org",
}
Make = Callable[..., KitLDAPAuthenticator]


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    started = Directory.start(tmp_path_factory.mktemp("slapd"))
    yield started
    started.stop()


@pytest.fixture
def make(slapd: Directory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return the authenticator that settings describe, by default for the directory."""
    monkeypatch.setattr(stack, "REGISTER", tmp_path / "people.sqlite")
    monkeypatch.setattr(stack, "AUDIT_LOG", tmp_path / "sign-ins.log")
    monkeypatch.setattr(directory_module, "ROOT", tmp_path)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "ca.crt").write_bytes(slapd.ca.read_bytes())

    def built(*members: str, **env: str) -> KitLDAPAuthenticator:
        given = {
            "AUTH": "ldap",
            "LDAP_SERVER_HOST": "localhost",
            "LDAP_SERVER_PORT": str(slapd.port),
            "LDAP_CA_FILE": "secrets/ca.crt",
            **env,
        }
        c = Config()
        c.JupyterHub.template_paths = []
        auth.configure(c, Settings.from_env(given), Userlist((*members, "boss"), ("boss",)))
        return KitLDAPAuthenticator(parent=None, config=c)

    return built


async def sign_in(hub: KitLDAPAuthenticator, name: str, password: str = PASSWORD) -> Any:
    """Return what JupyterHub gets to know of who signs in; None if nobody does."""
    request = SimpleNamespace(remote_ip="192.0.2.1")
    handler = SimpleNamespace(request=request)
    return await hub.get_authenticated_user(handler, {"username": name, "password": password})


async def refusal(hub: KitLDAPAuthenticator, name: str, password: str = PASSWORD) -> HTTPError:
    with pytest.raises(HTTPError) as caught:
        await sign_in(hub, name, password)
    return caught.value


@pytest.mark.parametrize("tls", ["starttls", "ldaps"])
async def test_the_right_password_lets_in_and_no_other(make: Make, slapd: Directory, tls: str):
    port = slapd.port if tls == "starttls" else slapd.tls_port
    hub = make(**EVERYBODY, LDAP_TLS=tls, LDAP_SERVER_PORT=str(port))

    assert (await sign_in(hub, "ada"))["name"] == "ada"
    assert await sign_in(hub, "ada", "wrong") is None
    assert await sign_in(hub, "nobody") is None
    assert await sign_in(hub, "locked") is None
    for empty in ("", " ", "\t"):
        assert await sign_in(hub, "ada", empty) is None
    assert (await refusal(hub, "ada", f"{PASSWORD}\0")).status_code == 403


@pytest.mark.parametrize("way", [EVERYBODY, SEARCH], ids=["template", "search"])
@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("ADA", "ada"),
        (" ada ", "ada"),
        ("ada\n", "ada"),
        ("1abc", "1abc"),
        ("mixed.case", "mixed.case"),
        ("o'brien", "o'brien"),
        ("x@y.org", "x@y.org"),
        ("plus+sign", "plus+sign"),
        ('quo"te', 'quo"te'),
        ("ÜÑÍ", "üñí"),
        ("{brace}", "{brace}"),
        ("multi", "multi"),
    ],
)
async def test_one_person_is_one_hub_user_however_typed(
    make: Make, way: dict[str, str], typed: str, name: str
):
    assert (await sign_in(make(**way), typed))["name"] == name


@pytest.mark.parametrize("way", [EVERYBODY, SEARCH], ids=["template", "search"])
@pytest.mark.parametrize(
    "typed",
    ["a b", "a,b", "#hash", "a/b", "..", "", "*", "a)(uid=*", "a\\00", "ada\0", "x" * 1_000_000],
)
async def test_what_is_no_user_name_is_refused_in_words_and_asks_nobody(
    make: Make, slapd: Directory, way: dict[str, str], typed: str
):
    hub = make(**way)
    before = slapd.log().count("BIND dn=") + slapd.log().count("SRCH base=")

    if typed in ("*", "a)(uid=*"):
        assert await sign_in(hub, typed) is None
        return
    said = str((await refusal(hub, typed)).get_message())

    assert "no user name" in said
    assert len(said) < 300
    assert slapd.log().count("BIND dn=") + slapd.log().count("SRCH base=") == before


async def test_a_star_finds_nobody(make: Make, slapd: Directory):
    """What is special in a filter is searched as it stands."""
    await sign_in(make(**SEARCH), "a*")

    assert "(uid=a\\2A)" in slapd.log().replace("\\2a", "\\2A")


async def test_another_spelling_finds_the_same_person(make: Make):
    """uid has two values: both sign in as one hub user."""
    hub = make(**SEARCH)

    assert (await sign_in(hub, "second"))["name"] == "multi"


async def test_two_people_of_one_name_are_refused(make: Make):
    assert "several people" in str((await refusal(make(**SEARCH), "twin")).get_message())


async def test_templates_are_tried_in_order(make: Make):
    templates = f"uid={{username}},{PEOPLE2};{RACF};{TEMPLATE}"
    hub = make(ALLOW="everyone", LDAP_BIND_DN=templates)

    assert (await sign_in(hub, "ada"))["name"] == "ada"
    assert (await sign_in(hub, "IBMUSER"))["name"] == "ibmuser"


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


async def still_in(hub: KitLDAPAuthenticator, name: str) -> bool:
    hub.rechecks._asked.clear()
    return bool(await hub.refresh_user(SimpleNamespace(name=name, admin=False)))


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


async def test_a_directory_that_is_down_ends_nobodys_session(make: Make, slapd: Directory):
    hub = make(**SEARCH, LDAP_TIMEOUT="1")
    assert await sign_in(hub, "ada")
    slapd.pause()
    try:
        assert await still_in(hub, "ada")
    finally:
        slapd.resume()


@pytest.mark.parametrize(
    ("mode", "tls"),
    [("untrusted ldaps", "ldaps"), ("plain starttls", "starttls"), ("silent", "starttls")],
)
@pytest.mark.parametrize("way", [EVERYBODY, SEARCH], ids=["template", "search"])
async def test_no_password_is_sent_before_the_server_is_known(
    make: Make, mode: str, tls: str, way: dict[str, str]
):
    with Trap(mode) as trap:
        hub = make(**way, LDAP_SERVER_PORT=str(trap.port), LDAP_TLS=tls, LDAP_TIMEOUT="1")
        answer = await refusal(hub, "ada")

        assert answer.status_code == 503
        assert trap.connections
        assert not trap.heard(PASSWORD)
        assert not trap.heard(SEARCHER_PASSWORD)


async def test_a_certificate_for_another_name_is_refused(make: Make, tmp_path: Path):
    wrong = Directory.start(tmp_path, names=("wrong.test",))
    try:
        (tmp_path / "secrets" / "ca.crt").write_bytes(wrong.ca.read_bytes())
        for port, tls in ((wrong.port, "starttls"), (wrong.tls_port, "ldaps")):
            hub = make(**EVERYBODY, LDAP_SERVER_PORT=str(port), LDAP_TLS=tls)
            assert (await refusal(hub, "ada")).status_code == 503
        assert user_dn("ada") not in wrong.log()
    finally:
        wrong.stop()


async def test_the_hub_goes_on_while_the_directory_is_silent(make: Make, slapd: Directory):
    """The sign-in fails within ten seconds; the event loop never waits for it."""
    hub = make(**EVERYBODY)
    worst = 0.0
    slapd.pause()
    began = time.monotonic()
    try:
        failing = asyncio.ensure_future(refusal(hub, "ada"))
        while not failing.done():
            before = time.monotonic()
            await asyncio.sleep(0.01)
            worst = max(worst, time.monotonic() - before)
    finally:
        slapd.resume()

    assert failing.result().status_code == 503
    assert time.monotonic() - began <= 10
    assert worst < 1


async def test_the_second_server_is_asked_where_the_first_is_down(make: Make):
    hub = make(**EVERYBODY)
    with black_hole() as (host, port):
        hub.directory.hosts = (host, "localhost")
        real, opened = hub.directory.open, []

        def open_there(name: str, *words: str) -> Any:
            opened.append(name)
            hub.directory.port = port if name == host else int(hub_port)
            return real(name, *words)

        hub_port = hub.directory.port
        hub.directory.open = open_there  # type: ignore[method-assign]
        began = time.monotonic()
        assert (await sign_in(hub, "ada"))["name"] == "ada"
        assert time.monotonic() - began <= 10
        assert opened == [host, "localhost"]
        assert (await sign_in(hub, "ada"))["name"] == "ada"
        assert opened == [host, "localhost", "localhost"], "the first is asked last for a while"


async def test_a_search_account_that_is_refused_is_no_wrong_password(make: Make):
    env = {**SEARCH, "LDAP_SEARCH_PASSWORD": "no longer right"}

    answer = await refusal(make(**env), "ada")

    assert answer.status_code == 503
    assert "no longer right" not in str(answer.get_message())
