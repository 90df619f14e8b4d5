"""Who is let in, by list, block, groups and what the provider said last."""

from __future__ import annotations

import pytest

from hubkit import auth
from hubkit.auth.policy import Policy
from hubkit.auth.register import Person
from hubkit.settings import Settings

LIST = Policy(contact="Ada")
GROUPS = Policy(frozenset({"group"}), frozenset({"staff"}), contact="Ada")
ORGANISATIONS = Policy(frozenset({"organisation"}), frozenset({"acme"}), contact="Ada")
BOTH = Policy(frozenset({"userlist", "group"}), frozenset({"staff"}), contact="Ada")
EVERYONE = Policy(frozenset({"everyone"}), contact="Ada")

LISTED = Person("p", "listed", listed=True)
OFF_THE_LIST = Person("p", "listed")
ADDED = Person("p", "added")
ADMITTED = Person("p", "admitted")
LEFT = Person("p", "admitted", denied=True)

UNLISTED = "Your account is not on this hub's list; ask Ada."
NO_GROUP = "Your account is in none of the groups this hub lets in; ask Ada."
NO_ORGANISATION = "Your account is in none of the organisations this hub lets in; ask Ada."
BLOCKED = "Your account is blocked on this hub; ask Ada."
AWAY = "Your account was turned away where it is kept; ask Ada."


@pytest.mark.parametrize(
    ("policy", "person", "groups", "reason"),
    [
        pytest.param(LIST, None, None, UNLISTED, id="a stranger"),
        pytest.param(LIST, Person("p"), None, UNLISTED, id="somebody no more is known of"),
        pytest.param(LIST, LISTED, None, "", id="listed"),
        pytest.param(LIST, LISTED, (), "", id="listed, at sign-in"),
        pytest.param(LIST, OFF_THE_LIST, None, UNLISTED, id="taken off the list"),
        pytest.param(LIST, ADDED, None, "", id="added by an administrator"),
        pytest.param(LIST, ADMITTED, None, UNLISTED, id="admitted by an earlier ALLOW"),
        pytest.param(LIST, ADMITTED, ("staff",), UNLISTED, id="groups do not count"),
        pytest.param(GROUPS, None, ("Staff", "x"), "", id="in a group"),
        pytest.param(GROUPS, None, ("x",), NO_GROUP, id="in none"),
        pytest.param(GROUPS, None, (), NO_GROUP, id="without groups"),
        pytest.param(GROUPS, None, None, NO_GROUP, id="not asked, a stranger"),
        pytest.param(GROUPS, ADMITTED, None, "", id="not asked, admitted before"),
        pytest.param(GROUPS, ADMITTED, (), NO_GROUP, id="left the group"),
        pytest.param(GROUPS, LEFT, None, AWAY, id="left, and not asked since"),
        pytest.param(GROUPS, LEFT, ("staff",), "", id="left and came back"),
        pytest.param(GROUPS, OFF_THE_LIST, None, NO_GROUP, id="listed once"),
        pytest.param(GROUPS, OFF_THE_LIST, ("staff",), "", id="listed once, now in the group"),
        pytest.param(GROUPS, LISTED, (), "", id="listed, in no group"),
        pytest.param(ORGANISATIONS, None, ("acme",), "", id="in the organisation"),
        pytest.param(ORGANISATIONS, None, (), NO_ORGANISATION, id="in no organisation"),
        pytest.param(BOTH, None, ("staff",), "", id="group or list: in a group"),
        pytest.param(BOTH, LISTED, None, "", id="group or list: listed"),
        pytest.param(BOTH, None, (), NO_GROUP, id="group or list: neither"),
        pytest.param(EVERYONE, None, (), "", id="everyone"),
        pytest.param(EVERYONE, OFF_THE_LIST, None, "", id="everyone, off the list"),
        pytest.param(EVERYONE, LEFT, None, AWAY, id="everyone, but the account is gone"),
        pytest.param(EVERYONE, LEFT, (), "", id="everyone, and it is back"),
        pytest.param(LIST, Person("p", "listed", listed=True, denied=True), None, AWAY, id="gone"),
    ],
)
def test_refusal(policy, person, groups, reason):
    """Each refusal says why, in one sentence, and whom to ask."""
    assert policy.refusal(person, groups) == reason


@pytest.mark.parametrize("policy", [LIST, GROUPS, EVERYONE], ids=["list", "groups", "everyone"])
@pytest.mark.parametrize("groups", [None, ("staff",)], ids=["not asked", "in the group"])
def test_blocked(policy, groups):
    """A block wins over everything."""
    for origin, listed in (("listed", True), ("added", False), ("admitted", False)):
        person = Person("p", origin, listed=listed, listed_admin=listed, blocked=True)
        assert policy.refusal(person, groups) == BLOCKED


@pytest.mark.parametrize(
    ("person", "groups", "admin"),
    [
        pytest.param(None, (), False, id="a stranger"),
        pytest.param(None, ("Admins",), True, id="in a group of administrators"),
        pytest.param(LISTED, ("staff",), False, id="listed"),
        pytest.param(Person("p", listed=True, listed_admin=True), (), True, id="by the list"),
    ],
)
def test_is_admin(person, groups, admin):
    """List or groups make administrators."""
    assert Policy(admins=frozenset({"admins"})).is_admin(person, groups) is admin


def test_of():
    """The policy is what the settings say; names of groups are compared without case."""
    policy = Policy.of(
        Settings.from_env(
            {
                "ALLOW": "organisation,userlist",
                "ALLOWED_ORGANISATIONS": "Acme,acme:Ops",
                "ALLOWED_GROUPS": "staff",
                "ADMIN_GROUPS": "Acme:Admins",
                "CONTACT": "Ada",
            }
        )
    )

    assert policy.allow == {"organisation", "userlist"}
    assert policy.belong == {"acme", "acme:ops"}
    assert policy.admins == {"acme:admins"}
    assert policy.contact == "Ada"


def test_of_nothing():
    """Without ALLOW the list decides."""
    assert Policy.of(Settings.from_env({})) == Policy()


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
