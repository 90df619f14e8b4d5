"""AUTH=ldap against a real OpenLDAP: who gets in, and under which name."""

from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace

import pytest

from hubkit.auth import entry as entry_module
from hubkit.auth import ldap as ldap_module
from hubkit.auth.answers import Refused
from tests.directory import PASSWORD, PEOPLE2, RACF, Directory
from tests.ldap import EVERYBODY, SEARCH, TEMPLATE, Make, look, refusal, sign_in, still_in

pytestmark = pytest.mark.docker


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
