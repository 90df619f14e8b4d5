"""AUTH=ldap against a real OpenLDAP: who gets in under which name, and what is never sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.web import HTTPError
from traitlets.config import Config

from hubkit import auth, stack
from hubkit.auth import directory as directory_module
from hubkit.auth import entry as entry_module
from hubkit.auth import ldap as ldap_module
from hubkit.auth.answers import Refused
from hubkit.auth.ldap import KitLDAPAuthenticator
from hubkit.settings import Settings
from hubkit.userlist import Userlist
from tests.directory import (
    PASSWORD,
    PEOPLE,
    PEOPLE2,
    RACF,
    SAYS,
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


async def look(hub: KitLDAPAuthenticator, name: str, stored: Any = None) -> Any:
    """Return what a look at *name* says; *stored* is what their sign-in returned."""

    async def get_auth_state() -> Any:
        return stored and stored["auth_state"]

    hub.rechecks._asked.clear()
    hub.rechecks._paused_until = 0.0
    user = SimpleNamespace(name=name, admin=False, get_auth_state=get_auth_state)
    return await hub.refresh_user(user)


async def still_in(hub: KitLDAPAuthenticator, name: str, stored: Any = None) -> bool:
    return bool(await look(hub, name, stored))


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


@pytest.mark.parametrize(
    ("mode", "tls"), [("untrusted ldaps", "ldaps"), ("plain starttls", "starttls")]
)
async def test_no_password_is_sent_to_a_server_of_another_name(
    make: Make, tmp_path: Path, mode: str, tls: str
):
    """The authority is trusted, the name is wrong."""
    with Trap(mode, names=("wrong.test",)) as trap:
        (tmp_path / "secrets" / "ca.crt").write_bytes(trap.authority)
        hub = make(**EVERYBODY, LDAP_SERVER_PORT=str(trap.port), LDAP_TLS=tls, LDAP_TIMEOUT="1")

        assert (await refusal(hub, "ada")).status_code == 503
        assert trap.connections
        assert not trap.heard(PASSWORD)


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


@pytest.mark.parametrize("fields", [{}, {"username": "ada"}, {"password": PASSWORD}])
async def test_a_form_without_its_fields_is_refused(make: Make, fields: dict[str, str]):
    """By the guard in words, or by what is behind it."""
    hub, handler = make(**EVERYBODY), SimpleNamespace(request=None)

    with suppress(Refused):
        assert await hub.get_authenticated_user(handler, fields) is None
    assert await ldap_module.Threaded.authenticate(hub, handler, fields) is None


@pytest.mark.parametrize("way", [EVERYBODY, SEARCH], ids=["template", "search"])
@pytest.mark.parametrize(
    "password", ["bell\a", "\u00ad", "\u05d0 and a", "\ue000", "\ud800"], ids=ascii
)
async def test_a_password_ldap_has_no_form_for_is_a_wrong_one(
    make: Make, way: dict[str, str], password: str
):
    hub = make(**way)

    assert await sign_in(hub, "ada", password) is None
    assert not hub.directory._down
    assert hub.failures.wait("ada", "192.0.2.1") == 0
    for _ in range(9):
        await sign_in(hub, "ada", password)
    assert hub.failures.wait("ada", "192.0.2.1") > 0, "it counts as a failure"


@pytest.mark.parametrize(
    "code",
    ["unwillingToPerform", "constraintViolation", "noSuchObject", "inappropriateAuthentication"],
)
async def test_a_bind_refused_for_its_name_is_a_wrong_password(make: Make, code: str):
    """So locked accounts are told by some servers; the next server is not asked then."""
    hub = make(ALLOW="everyone", LDAP_BIND_DN=f"cn={{username}},{SAYS}")
    hub.directory.hosts = ("localhost", "127.0.0.1")
    real, opened = hub.directory.open, []
    hub.directory.open = lambda host, *words: opened.append(host) or real(host, *words)  # type: ignore[method-assign]

    assert await sign_in(hub, code) is None
    assert opened == ["localhost"]


@pytest.mark.parametrize("code", ["busy", "unavailable", "operationsError"])
async def test_a_bind_that_finds_the_server_sick_goes_to_the_next(make: Make, code: str):
    hub = make(ALLOW="everyone", LDAP_BIND_DN=f"cn={{username}},{SAYS}")
    hub.directory.hosts = ("localhost", "127.0.0.1")

    assert (await refusal(hub, code)).status_code == 503
    assert set(hub.directory._down) == {"localhost", "127.0.0.1"}


@pytest.mark.parametrize("where", ["base", "group_base"])
@pytest.mark.parametrize(
    "code",
    [
        "busy",
        "unavailable",
        "operationsError",
        "insufficientAccessRights",
        "sizeLimitExceeded",
        "timeLimitExceeded",
        "referral",
        "noSuchObject",
    ],
)
async def test_a_search_that_fails_ends_nobodys_session(make: Make, code: str, where: str):
    hub = make(**{**SEARCH, "ALLOW": "group", "ALLOWED_GROUPS": "staff"})
    person = await sign_in(hub, "ada")

    setattr(hub.directory, where, f"cn={code},{SAYS}")

    assert await still_in(hub, "ada", person)
    assert not hub.register.person("ada").denied
    assert (await refusal(hub, "ada")).status_code == 503


async def test_an_entry_its_owner_may_not_read_is_no_outage(make: Make):
    hub = make(ALLOW="everyone", LDAP_BIND_DN=TEMPLATE)
    with hub.directory.searching() as connection:  # anonymous: slapd answers noSuchObject
        assert hub.directory.read(connection, user_dn("ada")).name == ""


async def test_a_dripping_server_holds_no_thread(make: Make, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ldap_module, "PATIENCE", 4.0)
    hub = make(**EVERYBODY, LDAP_TIMEOUT="2")
    port = hub.directory.port
    with Trap("dripping") as trap:
        hub.directory.port = trap.port
        everybody = [refusal(hub, f"somebody{n}") for n in range(ldap_module.THREADS + 4)]
        began = time.monotonic()
        answers = await asyncio.gather(*everybody)
        assert {one.status_code for one in answers} == {503}
        assert time.monotonic() - began < 5
        hub.directory.port = port
        began = time.monotonic()
        assert (await sign_in(hub, "ada"))["name"] == "ada"
        assert time.monotonic() - began < 3


async def test_after_a_dripping_server_the_next_is_asked(make: Make):
    hub = make(**EVERYBODY, LDAP_TIMEOUT="1")
    port = hub.directory.port
    with Trap("dripping") as trap:
        hub.directory.hosts = ("127.0.0.1", "localhost")
        real = hub.directory.open

        def open_there(name: str, *words: str) -> Any:
            hub.directory.port = trap.port if name == "127.0.0.1" else port
            return real(name, *words)

        hub.directory.open = open_there  # type: ignore[method-assign]
        assert (await sign_in(hub, "ada"))["name"] == "ada"


@pytest.mark.parametrize("way", [EVERYBODY, SEARCH], ids=["template", "search"])
async def test_a_uid_that_is_given_to_somebody_else_is_another_account(
    make: Make, slapd: Directory, way: dict[str, str]
):
    hub, name = make(**way), f"reused-{'search' if way is SEARCH else 'template'}"
    slapd.add_user(name)
    before = await sign_in(hub, name)
    slapd.remove_user(name)
    slapd.add_user(name)

    assert "belongs to another account" in str((await refusal(hub, name)).get_message())
    if way is SEARCH:
        assert not await still_in(hub, name, before)
    hub.register.release(name)
    after = await sign_in(hub, name)
    assert after["name"] == name
    assert await still_in(hub, name, after)


async def test_who_is_renamed_in_the_directory_stays_who_they_are(make: Make, slapd: Directory):
    hub = make(**{**SEARCH, "ALLOW": "group", "ALLOWED_GROUPS": "moved"})
    slapd.add_user("maiden")
    slapd.set_group("moved", ["maiden"])
    before = await sign_in(hub, "maiden")
    slapd.rename_user("maiden", "married")
    slapd.set_group("moved", ["married"])
    slapd.add_user("maiden")

    found = await look(hub, "maiden", before)

    assert found["auth_state"]["name"] == "married"
    assert (await look(hub, "maiden", found))["auth_state"]["asked"] == "married"
    assert (await sign_in(hub, "married"))["name"] == "maiden"
    assert hub.register.identity_of("married") == ""


@pytest.mark.parametrize("ids", [entry_module.IDS, ()], ids=["ids", "names only"])
async def test_who_is_renamed_on_the_hub_stays_who_they_are(
    make: Make, monkeypatch: pytest.MonkeyPatch, ids: tuple[str, ...]
):
    """Mixed.Case is mixed.case, and another person has the new name in the directory."""
    monkeypatch.setattr(entry_module, "IDS", ids)
    hub = make(**SEARCH)
    await sign_in(hub, "Mixed.Case")
    hub.register.rename("mixed.case", "locked")

    person = await sign_in(hub, "MIXED.CASE")

    assert person["name"] == "locked"
    assert hub.identity(person) == hub.register.identity_of("locked")
    assert (await look(hub, "locked", person))["auth_state"]["name"] == "Mixed.Case"


async def test_the_account_is_the_entrys_id_or_else_its_name(
    make: Make, monkeypatch: pytest.MonkeyPatch
):
    hub = make(**SEARCH)
    monkeypatch.setattr(entry_module, "IDS", ())
    by_name = await sign_in(hub, "MIXED.CASE")
    assert hub.identity(by_name) == "ldap:mixed.case"

    monkeypatch.undo()
    by_id = await sign_in(hub, "mixed.case")

    assert by_id["name"] == "mixed.case"
    assert hub.identity(by_id).startswith("ldap:entryuuid=")
    assert hub.register.identity_of("mixed.case") == hub.identity(by_id), "bound anew"
    assert hub.register.name_of("ldap:mixed.case") == ""


def test_ids_are_compared_by_their_kind():
    guid = bytes(range(16))
    values = {"objectguid": [guid], "nsuniqueid": [b"AB-1"]}
    entry = entry_module.Entry.of("uid=ada,o=x", values, "uid")

    assert entry.ids == (f"objectguid={guid.hex()}", "nsuniqueid=ab-1")
    assert entry_module.id_filter(entry.ids[0]).startswith(r"(objectguid=\00\01\02")
    assert entry.is_of({"ids": ["nsuniqueid=ab-1"], "name": "other"})
    assert not entry.is_of({"ids": [f"objectguid={'0' * 32}", "nsuniqueid=ab-1"]})
    assert entry.is_of({"ids": ["entryuuid=1"], "name": "ada"})
    assert entry_module.account_by("entryuuid=1") != "entryuuid=1"


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
