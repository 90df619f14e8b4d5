"""What every way to sign in promises, whichever AUTH names."""

from __future__ import annotations

import logging

import pytest
from traitlets.config import Config

from hubkit import auth
from hubkit.auth.guard import Guard
from hubkit.auth.policy import Policy
from hubkit.errors import ConfigError
from tests.unit.auth.people import PEOPLE
from tests.unit.auth.providers import (
    ACCOUNTS,
    AZURE,
    BY_OAUTH,
    EVERY,
    NEEDED,
    OUTSIDE,
    SECRET,
    environ,
    problems,
    settings,
)

pytestmark = pytest.mark.usefixtures("places")


def test_all_are_here():
    """A provider added to the table is added here too."""
    assert set(NEEDED) == set(EVERY)
    assert set(ACCOUNTS) == set(BY_OAUTH)


@pytest.mark.parametrize("word", EVERY)
def test_least_settings(word):
    """What the provider needs is enough."""
    assert problems(word) == []


@pytest.mark.parametrize("word", EVERY)
def test_built(build, word, caplog):
    """The authenticator is a guard known by the word in AUTH, and every trait exists."""
    with caplog.at_level(logging.WARNING, "traitlets"):
        made = build(word)

    assert isinstance(made, Guard)
    assert made.way == word
    assert made.asks_again or word not in BY_OAUTH
    assert "not recognized" not in caplog.text
    assert made.enable_auth_state
    assert made.auth_refresh_age > 0


@pytest.mark.parametrize("word", EVERY)
async def test_the_guard_decides(build, word):
    """No rule of a provider's own lets anybody in, and none makes administrators."""
    made = build(word)

    assert (made.allow_all, made.allow_existing_users) == (False, False)
    assert not await made.check_allowed("mallory", {"name": "mallory", "groups": []})
    for rule in ("allowed_groups", "admin_groups", "allowed_organizations", "allowed_scopes"):
        assert not getattr(made, rule, None)


@pytest.mark.parametrize("word", EVERY)
def test_groups_as_declared(build, word):
    """Groups become the hub's where the provider declares that it knows them."""
    declared = auth.PROVIDERS[word].groups
    made = build(word, **({"LDAP_GROUP_BASE": "ou=groups,o=x"} if word == "ldap" else {}))

    assert made.manage_groups == declared


def named(word):
    """Return one row for each setting *word* cannot do without."""
    either = {"LDAP_BIND_DN"}  # or another in its place
    return [pytest.param(word, name, id=f"{word}-{name}") for name in {*NEEDED[word]} - either]


@pytest.mark.parametrize(("word", "name"), [row for word in EVERY for row in sorted(named(word))])
def test_mandatory(word, name):
    """A setting that is missing is reported by its name, with where to get it."""
    written = environ(word)
    del written[name]

    found = auth.problems(settings(written))

    assert any(problem.what.startswith(f"{name}=") for problem in found)
    assert all(problem.wrong and problem.cure for problem in found)
    assert SECRET not in "\n".join(map(str, found))


@pytest.mark.parametrize("word", OUTSIDE)
def test_nothing_set(word):
    """All that is missing is reported at once, whom to let in included."""
    found = auth.problems(settings({"AUTH": word}))

    said = {problem.what.partition("=")[0] for problem in found}
    either = {"LDAP_BIND_DN"}
    assert said >= {"ALLOW", *NEEDED[word]} - either


def test_unknown():
    """An unknown AUTH is refused with the names there are; nothing is configured."""
    c = Config()

    with pytest.raises(ConfigError) as refused:
        auth.configure(c, settings({"AUTH": "github2"}), PEOPLE)

    [problem] = refused.value.problems
    assert problem.what == "AUTH=github2"
    assert all(word in problem.wrong for word in EVERY)
    assert not c


def test_tenant_of_everybody():
    """AUTH=azuread is for one tenant: in others strangers choose their own names."""
    for tenant in ("", "/common", "/organizations", "/consumers", f"{AZURE[33:]}/v2.0"):
        url = f"https://login.microsoftonline.com{tenant}"
        [found] = problems("azuread", OAUTH_URL=url)
        assert "must name your tenant" in found.wrong


def test_policies_known():
    """What a provider declares are words of ALLOW."""
    words = {word for one in auth.PROVIDERS.values() for word in one.policies}
    assert words <= {"userlist", "organisation", "group", "everyone"}
    assert Policy().allow == {"userlist"}
