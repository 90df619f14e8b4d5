"""AUTH=native: who may sign up, and under which name."""

from __future__ import annotations

from datetime import datetime

import pytest
from jupyterhub import orm
from nativeauthenticator.orm import UserInfo
from tornado.web import HTTPError

from hubkit.auth import native
from hubkit.userlist import Userlist
from tests.unit.auth.people import GOOD, OTHER, add, sign_in


async def test_listed_names_sign_up(hub):
    """Somebody on the list chooses a password and is in."""
    assert hub.create_user("grace", GOOD).is_authorized

    assert await sign_in(hub, "grace", GOOD) == "grace"
    assert await sign_in(hub, "grace", OTHER) is None


async def test_added_names_sign_up(hub, db):
    """Somebody an administrator added in the console needs no second permission."""
    add(hub, db, "lin")

    assert hub.create_user("lin", GOOD).is_authorized
    assert await sign_in(hub, "lin", GOOD) == "lin"


async def test_strangers_wait(hub):
    """A stranger may ask; until an administrator says yes they stay out."""
    assert not hub.create_user("mallory", GOOD).is_authorized
    with pytest.raises(HTTPError, match="An administrator has to let you in first"):
        await sign_in(hub, "mallory", GOOD)
    assert await sign_in(hub, "mallory", OTHER) is None

    UserInfo.change_authorization(hub.db, "mallory")
    hub.let_in("mallory")

    assert await sign_in(hub, "mallory", GOOD) == "mallory"


@pytest.mark.parametrize("name", ["ada", "ADA", "Ada"])
async def test_administrators_cannot_sign_up(hub, name):
    """Whoever knows an administrator's name first does not become one."""
    assert hub.create_user(name, GOOD) is None
    assert not hub.user_exists("ada")
    assert await sign_in(hub, "ada", GOOD) is None


@pytest.mark.parametrize("name", ["grace hopper", "a,b", "a/b"])
def test_no_names(hub, name):
    """What cannot be a name cannot sign up."""
    assert hub.create_user(name, GOOD) is None


async def test_nobody_signs_up_twice(hub):
    """A second sign-up does not change the first one's password."""
    hub.create_user("grace", GOOD)

    assert hub.create_user("Grace", OTHER) is None
    assert await sign_in(hub, "grace", GOOD) == "grace"


def used(hub, db, *, server=None, **user):
    """Make a hub user grace with a server's record."""
    db.add(orm.User(name="grace", _orm_spawners=[orm.Spawner(name="", **(server or {}))], **user))
    db.commit()


NOW = datetime(2026, 1, 2)
BEHIND = {
    "a sign-in": lambda hub, db: used(hub, db, last_activity=NOW),
    "a home": lambda hub, db: used(hub, db, server={"state": {"home_volume": "v"}}),
    "a server": lambda hub, db: used(hub, db, server={"last_activity": NOW}),
    "another provider's account": lambda hub, _: hub.register.bind("github:7", "grace"),
    "a password, deleted since": lambda hub, _: hub.register.bind("native:grace", "grace"),
}


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "taken off the list"])
@pytest.mark.parametrize("what", BEHIND)
def test_nobody_signs_up_as_somebody(hub, db, what, listed):
    """A name somebody uses, or used, is not its next visitor's: its home is behind it."""
    if not listed:
        hub.register.apply(Userlist(("ada",), ("ada",)))
    BEHIND[what](hub, db)

    assert hub.create_user("grace", GOOD) is None
    assert not hub.user_exists("grace")


def test_signing_up_as_one_added(hub, db):
    """The record JupyterHub makes for each new user is nothing anybody left behind."""
    used(hub, db)

    assert hub.create_user("grace", GOOD).is_authorized


def test_only_so_many_wait(hub, monkeypatch):
    """A full list takes no further stranger; who is listed comes in all the same."""
    monkeypatch.setattr(native, "MOST_WAITING", 2)
    assert hub.create_user("eve", GOOD)
    hub.db.add(UserInfo(username="grace", password=b"x"))  # listed, and invited: no stranger
    hub.db.commit()
    assert hub.create_user("mallory", GOOD)

    assert hub.create_user("trudy", GOOD) is None
    hub.db.delete(hub.get_user("grace"))
    assert hub.create_user("grace", GOOD).is_authorized


async def test_no_2fa_at_sign_up(hub):
    """The hub offers no second factor, so a form that asks for one gets none."""
    assert not hub.create_user("grace", GOOD, has_2fa=True).has_2fa
    assert await sign_in(hub, "grace", GOOD) == "grace"


@pytest.mark.parametrize(
    ("name", "is_admin"),
    [
        pytest.param("ada", True, id="by the userlist"),
        pytest.param("ADA", True, id="by the userlist, in capitals"),
        pytest.param("lin", True, id="by the console"),
        pytest.param("Lin", True, id="by the console, in capitals"),
        pytest.param("grace", False, id="listed"),
        pytest.param("bob", False, id="added in the console"),
        pytest.param("nobody", False, id="unknown"),
    ],
)
def test_is_admin_name(hub, db, name, is_admin):
    """Who administers is in the userlist, or was appointed in the console."""
    db.add_all([orm.User(name="lin", admin=True), orm.User(name="bob")])
    db.commit()

    assert hub.is_admin_name(name) == is_admin
    assert (hub.create_user(name, GOOD) is None) == is_admin
