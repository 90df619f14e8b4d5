"""`hubkit check` tries the directory, and explains one person step by step."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubkit import stack
from hubkit.auth import directory as directory_module
from hubkit.auth.register import Register
from hubkit.errors import HubkitError
from hubkit.ops import explain, reach
from hubkit.settings import Settings
from hubkit.userlist import Userlist
from tests.directory import (
    BASE,
    PEOPLE,
    SEARCHER,
    SEARCHER_PASSWORD,
    Directory,
    user_dn,
)
from tests.support import free_port

pytestmark = pytest.mark.docker


@pytest.fixture
def good(slapd: Directory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Settings with which everything works; the register is in the test's folder."""
    monkeypatch.setattr(stack, "REGISTER", tmp_path / "people.sqlite")
    monkeypatch.setattr(directory_module, "ROOT", tmp_path)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "ca.crt").write_bytes(slapd.ca.read_bytes())
    (tmp_path / "secrets" / "wrong.crt").write_bytes(slapd.wrong_ca.read_bytes())
    return {
        "AUTH": "ldap",
        "ALLOW": "group",
        "ALLOWED_GROUPS": "nested",
        "LDAP_SERVER_HOST": "localhost",
        "LDAP_SERVER_PORT": str(slapd.port),
        "LDAP_CA_FILE": "secrets/ca.crt",
        "LDAP_TIMEOUT": "1",
        "LDAP_SEARCH_BASE": PEOPLE,
        "LDAP_SEARCH_USER": SEARCHER,
        "LDAP_SEARCH_PASSWORD": SEARCHER_PASSWORD,
        "LDAP_GROUP_BASE": "ou=groups,dc=example,dc=org",
        "LDAP_BIND_DN": f"uid={{username}},{PEOPLE}",
    }


def test_nothing_is_wrong_with_a_directory_that_works(good: dict[str, str], tmp_path: Path):
    assert reach.problems(Settings.from_env(good), tmp_path) == []


@pytest.mark.parametrize(
    ("changed", "named", "cure"),
    [
        ({"LDAP_SERVER_HOST": "no-such-host.invalid"}, "no-such-host.invalid", "runs"),
        ({"LDAP_SERVER_PORT": str(free_port())}, "port", "runs"),
        ({"LDAP_CA_FILE": "secrets/wrong.crt"}, "LDAP_TLS=starttls", "right authority"),
        ({"LDAP_SERVER_HOST": "127.0.0.1,localhost", "LDAP_TLS": "ldaps"}, "ldaps", "runs"),
        ({"LDAP_SEARCH_PASSWORD": "mistyped"}, SEARCHER, "LDAP_SEARCH_PASSWORD"),
        ({"LDAP_SEARCH_BASE": f"ou=nowhere,{BASE}"}, "LDAP_SEARCH_BASE", "may read"),
        ({"LDAP_GROUP_BASE": f"ou=nowhere,{BASE}"}, "LDAP_GROUP_BASE", "may read"),
        ({"LDAP_BIND_DN": "uid={username}=,people"}, "LDAP_BIND_DN", "distinguished name"),
    ],
)
def test_what_does_not_work_is_named_with_its_cure(
    good: dict[str, str], tmp_path: Path, changed: dict[str, str], named: str, cure: str
):
    problems = reach.problems(Settings.from_env({**good, **changed}), tmp_path)

    assert problems
    assert named in problems[0].what
    assert cure in problems[0].cure
    assert "mistyped" not in str(problems)


def test_a_silent_directory_is_said_to_be_silent(
    good: dict[str, str], tmp_path: Path, slapd: Directory
):
    slapd.pause()
    try:
        problems = reach.problems(Settings.from_env(good), tmp_path)
    finally:
        slapd.resume()
    assert "timed out" in problems[0].wrong


def test_a_template_needs_no_search_to_be_tried(good: dict[str, str], tmp_path: Path):
    only = {key: value for key, value in good.items() if not key.startswith("LDAP_SEARCH")}
    down = {**only, "LDAP_SERVER_PORT": str(free_port())}

    problems = reach.problems(Settings.from_env(down), tmp_path)

    assert "runs" in problems[0].cure
    assert reach.problems(Settings.from_env(only), tmp_path) == []


def said(good: dict[str, str], name: str) -> tuple[bool, str]:
    """Return the verdict on *name* and all steps as text."""
    steps = list(explain.steps(Settings.from_env(good), name))
    return steps[-1][0], "\n".join(text for _, text in steps)


def test_each_person_is_explained(good: dict[str, str], tmp_path: Path, slapd: Directory):
    register = Register(stack.REGISTER)
    register.apply(Userlist(("boss", "linus"), ("boss",)))
    register.block("twin", blocked=True)

    welcome, text = said(good, "Grace")
    assert welcome
    assert user_dn("grace") in text
    assert "nested" in text
    assert SEARCHER in text
    assert said(good, "linus")[0]
    assert "no entry" in said(good, "nobody")[1]
    assert not said(good, "locked")[0]
    assert "locked" in said(good, "locked")[1]
    assert "none of the groups" in said(good, "multi")[1]
    assert "blocked" in said(good, "twin")[1]
    assert not said(good, "a b")[0]


def test_it_runs_where_the_hubs_data_are(good: dict[str, str]):
    with pytest.raises(HubkitError, match="docker compose exec"):
        list(explain.steps(Settings.from_env(good), "ada"))


def test_a_name_of_a_provider_that_is_gone_is_said_to_be_taken(good: dict[str, str]):
    register = Register(stack.REGISTER)
    register.apply(Userlist(("boss",), ("boss",)))
    register.bind("github:7", "grace")

    welcome, text = said(good, "grace")

    assert not welcome
    assert "hubkit users release grace" in text


def test_whoever_will_administer_is_said_to(good: dict[str, str]):
    Register(stack.REGISTER).apply(Userlist(("boss",), ("boss",)))

    assert "administers the hub" in said({**good, "ADMIN_GROUPS": "staff"}, "grace")[1]
    assert "administers the hub" not in said(good, "grace")[1]
