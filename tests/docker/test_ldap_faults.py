"""AUTH=ldap with servers that are sick, silent or not who they say: what is never sent."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from hubkit.auth import ldap as ldap_module
from tests.directory import (
    PASSWORD,
    SAYS,
    SEARCHER_PASSWORD,
    Directory,
    Trap,
    black_hole,
    user_dn,
)
from tests.ldap import EVERYBODY, SEARCH, TEMPLATE, Make, refusal, sign_in, still_in

pytestmark = pytest.mark.docker


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
    turns = 0
    slapd.pause()
    began = time.monotonic()
    try:
        failing = asyncio.ensure_future(refusal(hub, "ada"))
        while not failing.done():
            await asyncio.sleep(0.01)
            turns += 1
    finally:
        slapd.resume()

    assert failing.result().status_code == 503
    assert time.monotonic() - began <= 10
    assert turns > 20


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
        answers = await asyncio.gather(*everybody)
        assert {one.status_code for one in answers} == {503}
        hub.directory.port = port
        assert (await sign_in(hub, "ada"))["name"] == "ada"


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
