"""AUTH=native: what may be a password, how it is set and compared, and what ends with it."""

from __future__ import annotations

import threading

import bcrypt
import pytest
from nativeauthenticator.orm import UserInfo
from tornado.web import HTTPError

from hubkit.auth import native
from tests.unit.auth.people import GOOD, OTHER, add, sign_in


@pytest.mark.parametrize("change", ["set_password", "replace_password"])
def test_another_password_ends_sessions(hub, db, change):
    """Whoever signed in by the old one is out, and nobody else is."""
    grace, lin = add(hub, db, "grace"), add(hub, db, "lin")
    hub.create_user("grace", GOOD)
    before, others = grace.cookie_id, lin.cookie_id

    whose = "grace" if change == "set_password" else hub.get_user("grace")
    getattr(hub, change)(whose, native.hash_of(OTHER))

    assert grace.cookie_id != before
    assert lin.cookie_id == others


def test_a_password_nobody_uses_ends_no_session(hub, db):
    """The password of one who comes by another provider is not what they signed in by."""
    grace = add(hub, db, "grace")
    hub.create_user("grace", GOOD)
    hub.register.bind("github:7", "grace")
    before = grace.cookie_id

    hub.replace_password(hub.get_user("grace"), native.hash_of(OTHER))

    assert grace.cookie_id == before


@pytest.mark.parametrize("data", [None, {}, {"username": "grace"}])
async def test_nothing_typed(hub, data):
    """A form with a field missing is refused, not an error of the hub."""
    with pytest.raises(HTTPError) as refused:
        await native.Passwords.authenticate(hub, None, data)

    assert refused.value.status_code == 403


async def test_hashing_holds_up_nobody(hub, monkeypatch):
    """The hub goes on while a password is hashed or compared."""
    threads = set()

    def noted(call):
        def noting(*args):
            threads.add(threading.current_thread())
            return call(*args)

        return noting

    hub.create_user("grace", GOOD)
    monkeypatch.setattr(bcrypt, "hashpw", noted(bcrypt.hashpw))
    monkeypatch.setattr(bcrypt, "checkpw", noted(bcrypt.checkpw))

    assert await hub.is_right(GOOD, hub.get_user("grace"))
    assert bcrypt.checkpw(GOOD.encode(), await hub.hashed(GOOD))

    assert len(threads - {threading.current_thread()}) >= 1
    threads.clear()
    await hub.hashed(GOOD)
    assert threading.current_thread() not in threads


@pytest.mark.parametrize(
    ("password", "strong"),
    [
        pytest.param("a1b2c3d4e", False, id="nine characters"),
        pytest.param("a1b2c3d4e5", True, id="ten characters"),
        pytest.param("qwertyuiop", False, id="a common one"),
        pytest.param("x" * 72, True, id="72 bytes"),
        pytest.param("x" * 73, False, id="73 bytes"),
        pytest.param("ü" * 36, True, id="36 letters of two bytes"),
        pytest.param("ü" * 37, False, id="37 letters of two bytes"),
        pytest.param(GOOD + "\0", False, id="NUL, which nobody could sign in with"),
    ],
)
def test_password(hub, password, strong):
    """A password is long enough, not common, and no longer than what bcrypt looks at."""
    assert hub.is_password_strong(password) == strong
    assert (hub.create_user("grace", password) is not None) == strong


async def test_set_password(hub):
    """An invited administrator has a password and is let in."""
    hub.set_password("ada", native.hash_of(GOOD))

    assert await sign_in(hub, "ada", GOOD) == "ada"
    assert hub.password_hash("ada").startswith(b"$2b$")


async def test_set_password_ends_2fa(hub):
    """Whoever asked for a second factor in a person's name does not lock them out."""
    hub.db.add(UserInfo(username="ada", password=b"$2b$04$x", has_2fa=True))

    hub.set_password("ada", native.hash_of(GOOD))

    assert hub.get_user("ada").has_2fa is False
    assert await sign_in(hub, "ada", GOOD) == "ada"


async def test_set_password_again(hub):
    """An invitation replaces the password; there is one entry, and the old one is of no use."""
    hub.set_password("ada", native.hash_of(GOOD))
    hub.set_password("ada", native.hash_of(OTHER))

    assert await sign_in(hub, "ada", GOOD) is None
    assert await sign_in(hub, "ada", OTHER) == "ada"
    assert hub.db.query(UserInfo).count() == 1


async def test_set_password_authorises(hub):
    """Whom an administrator invites need not be authorised besides."""
    hub.create_user("mallory", GOOD)

    hub.set_password("mallory", native.hash_of(OTHER))

    assert await sign_in(hub, "mallory", OTHER) == "mallory"


def test_no_password(hub):
    """Who was never invited has an empty one stored, which opens nothing."""
    assert hub.password_hash("ada") == b""


@pytest.mark.parametrize("password", ["", "x" * 73, "ü" * 37])
async def test_impossible_passwords(hub, password):
    """A password nobody can have is a wrong password, not an error of the hub."""
    hub.set_password("ada", native.hash_of(GOOD))

    assert await sign_in(hub, "ada", password) is None


async def test_a_password_with_nul(hub):
    """NUL, at which bcrypt would stop reading, is refused."""
    hub.set_password("ada", native.hash_of("nul"))

    with pytest.raises(HTTPError, match="Wrong password"):
        await sign_in(hub, "ada", "nul\0byte")


@pytest.mark.parametrize("name", ["grace", "mallory"], ids=["let in", "still waiting"])
async def test_guessing_ends(hub, name):
    """After ten wrong passwords the right one is refused like a wrong one, for a while."""
    hub.create_user(name, GOOD)
    for _ in range(10):
        assert await sign_in(hub, name, OTHER) is None

    with pytest.raises(HTTPError, match="Too many failed sign-ins") as refused:
        await sign_in(hub, name, GOOD)

    assert refused.value.status_code == 429
    assert int(refused.value.headers["Retry-After"]) > 0
