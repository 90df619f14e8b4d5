"""The pages to sign up and to sign in, asked of a real hub over HTTP as a browser asks."""

from __future__ import annotations

import pytest
from jupyterhub import orm

from hubkit.auth import native
from hubkit.auth.native import hash_of
from tests.unit.auth.people import GOOD, OTHER


async def test_first_visit(browser):
    """The sign-in page leads those who have no password to the page that sets one."""
    status, page = await browser.get("login")

    assert status == 200
    assert 'href="/hub/signup"' in page


async def test_sign_up(browser, audit):
    """Who is listed is told that they can sign in."""
    assert "Your password is set. You can sign in now." in await browser.sign_up("grace")
    assert audit() == [("signed-up", "grace", "")]


NAMES = ["mallory", "ada", "ADA", "lin", "LIN", "waiting", "taken", "used", "github"]


@pytest.fixture
def somebody(app):
    """Make a stranger who waits, and people who are on the hub for all kinds of reasons."""
    kit = app.authenticator
    app.db.add(orm.User(name="lin", admin=True))
    app.db.add(orm.User(name="used", _orm_spawners=[orm.Spawner(name="", state={"x": "y"})]))
    app.db.commit()
    kit.create_user("waiting", GOOD)
    kit.set_password("taken", hash_of(GOOD))
    kit.register.bind("github:7", "github")
    kit.register.came("github", "added")


async def test_sign_up_tells_nothing_of_others(browser, app, somebody, audit):
    """Names that are free, taken, an administrator's or somebody's home look the same."""
    kit = app.authenticator
    before = {name: kit.password_hash(name) for name in NAMES}

    pages = {await browser.sign_up(name, OTHER) for name in NAMES}

    assert len(pages) == 1
    assert "An administrator has to let you in; then you can sign in." in pages.pop()
    assert {name for name in NAMES if kit.password_hash(name) != before[name]} == {"mallory"}
    assert [(one, name) for one, name, _ in audit()] == [
        ("refused" if name != "mallory" else "waiting", name.lower()) for name in NAMES
    ]


async def test_sign_up_where_too_many_wait(browser, app, somebody, monkeypatch):
    """Strangers, and names that are none of theirs, read the same; the listed come in."""
    monkeypatch.setattr(native, "MOST_WAITING", 1)

    pages = {await browser.sign_up(name, OTHER) for name in NAMES}

    assert len(pages) == 1
    assert "Too many people are waiting to be let in." in pages.pop()
    assert not app.authenticator.user_exists("mallory")
    assert "You can sign in now" in await browser.sign_up("grace")


@pytest.mark.parametrize("name", ["mallory", "grace", "ada"])
async def test_sign_up_too_often(browser, app, name, audit):
    """After too many sign-ups nothing is hashed any more; signing in is counted apart."""
    for _ in range(10):
        await browser.sign_up(name)
    app.authenticator.hashed = None  # would be an error of the hub

    page = await browser.sign_up(name)

    assert "Too many people have signed up from here. Try again in" in page
    assert audit()[-1][0] == "limited"
    assert app.authenticator.failures.wait(name, "127.0.0.1") == 0


async def test_sign_up_from_one_address(browser, app):
    """Other names do not help a stranger who signs up again and again."""
    for number in range(200):
        app.authenticator.sign_ups.begin(f"s{number}", "127.0.0.1")

    assert "Try again in" in await browser.sign_up("mallory")
    assert not app.authenticator.user_exists("mallory")


async def test_sign_up_switched_off(browser, app):
    """A hub whose own configuration closes sign-up has none."""
    await browser.get("signup")
    app.authenticator.enable_signup = False

    status, _ = await browser.send("signup", form="login", username="grace")

    assert status == 404
    assert not app.authenticator.user_exists("grace")


@pytest.mark.parametrize("name", ["", "a/b", "grace hopper", "x" * 257, "x" * 129])
async def test_no_name(browser, name):
    """What cannot be a name is said to be none."""
    assert "This is no user name" in await browser.sign_up(name)


@pytest.mark.parametrize("fields", [{}, {"username": "grace"}, {"password": GOOD}])
async def test_sign_in_with_a_field_missing(browser, fields):
    """A form without a name or a password is refused, not an error of the hub."""
    status, page = await browser.send("login", **fields)

    assert status == 403
    assert "Traceback" not in page


async def test_sign_up_with_2fa(browser, app):
    """The page offers no second factor, so a form that asks for one gets none."""
    passwords = {"signup_password": GOOD, "signup_password_confirmation": GOOD}
    await browser.send("signup", username="grace", **passwords, **{"2fa": "1"})

    assert not app.authenticator.get_user("grace").has_2fa
    await browser.sign_in("grace")
    assert (await browser.get("home"))[0] == 200
    assert browser.at == "/hub/home"


@pytest.mark.parametrize(
    ("passwords", "answer"),
    [
        pytest.param(("short",), "at least 10 characters", id="too short"),
        pytest.param(("x" * 73,), "at most 72 bytes", id="too long"),
        pytest.param((GOOD, OTHER), "The two passwords differ.", id="two different ones"),
    ],
)
async def test_sign_up_refused(browser, app, passwords, answer):
    """A password that will not do is refused; nobody is signed up."""
    assert answer in await browser.sign_up("grace", *passwords)
    assert not app.authenticator.user_exists("grace")


async def test_sign_in(browser):
    """Who set a password comes in with it, and not with another."""
    await browser.sign_up("grace")

    assert "Invalid username or password" in (await browser.sign_in("grace", OTHER))[1]
    await browser.sign_in("grace")
    assert (await browser.get("home"))[0] == 200
    assert browser.at == "/hub/home"


async def test_too_long_to_be_a_password(browser):
    """What cannot be a password is a wrong one, not an error of the hub."""
    await browser.sign_up("grace")

    assert "Invalid username or password" in (await browser.sign_in("grace", "x" * 73))[1]


async def test_waiting(browser):
    """Who waits for an administrator is told so at sign-in, and does not come in."""
    await browser.sign_up("mallory")

    status, page = await browser.sign_in("mallory")

    assert status == 403
    assert "An administrator has to let you in first." in page
    await browser.get("home")
    assert browser.at == "/hub/login"
