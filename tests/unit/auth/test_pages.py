"""The pages of AUTH=native, asked of a real hub over HTTP as a browser asks."""

from __future__ import annotations

import pytest
from jupyterhub import orm

from hubkit.userlist import Userlist

GOOD, OTHER = "correct horse battery", "staple correct horse"


async def test_first_visit(browser):
    """The sign-in page leads those who have no password to the page that sets one."""
    status, page = await browser.get("login")

    assert status == 200
    assert 'href="/hub/signup"' in page


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        pytest.param("grace", "Your password is set. You can sign in now.", id="listed"),
        pytest.param("mallory", "An administrator has to let you in", id="a stranger"),
        pytest.param("ada", "hubkit users invite ada", id="an administrator"),
        pytest.param("ADA", "hubkit users invite ADA", id="an administrator in capitals"),
    ],
)
async def test_sign_up(browser, name, answer):
    """Who signs up is told what happens next."""
    assert answer in await browser.sign_up(name)


@pytest.mark.parametrize("name", ["lin", "LIN"])
async def test_sign_up_as_one_appointed(browser, app, name):
    """Who was made an administrator in the console comes in by a link, like the listed ones."""
    app.db.add(orm.User(name="lin", admin=True))
    app.db.commit()

    assert f"hubkit users invite {name}" in await browser.sign_up(name)
    assert not app.authenticator.user_exists("lin")


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
        pytest.param(("x" * 73,), "Something went wrong", id="too long"),
        pytest.param((GOOD, OTHER), "did not match", id="two different ones"),
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


@pytest.fixture
async def admin(browser, app):
    """Return the browser of an administrator, while mallory waits."""
    app.authenticator.set_password("ada", GOOD)
    app.authenticator.create_user("mallory", GOOD)
    await browser.sign_in("ada")
    return browser


async def test_authorise(admin, app):
    """An administrator lets somebody in, and takes it back."""
    info = app.authenticator.get_user("mallory")

    assert (await admin.send("authorize/mallory", form="authorize"))[0] == 200
    assert (admin.at, info.is_authorized) == ("/hub/authorize", True)
    assert app.authenticator.register.person("mallory").origin == "added"

    await admin.send("authorize/mallory", form="authorize")
    assert not info.is_authorized


async def test_discard(admin, app):
    """An administrator turns somebody down, who may ask again."""
    await admin.send("discard/mallory", form="authorize")

    assert not app.authenticator.user_exists("mallory")


@pytest.mark.parametrize("action", ["authorize", "discard"])
async def test_a_link_does_nothing(admin, app, action):
    """An address, typed, followed or loaded as a picture, only leads to the list."""
    assert (await admin.get(f"{action}/mallory"))[0] == 200

    assert admin.at == "/hub/authorize"
    assert app.authenticator.get_user("mallory").is_authorized is False


@pytest.mark.parametrize("action", ["authorize", "discard"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "same-origin"])
async def test_a_foreign_form_does_nothing(admin, app, action, site):
    """Without the token of the hub's own page nothing is done, whoever sends it."""
    async with admin.session.post(
        f"{admin.hub}{action}/mallory", headers={"Sec-Fetch-Site": site}
    ) as answer:
        assert answer.status == 403

    assert app.authenticator.get_user("mallory").is_authorized is False


async def test_authorise_who_was_taken_off_the_list(admin, app):
    """What an administrator does in the console counts more than what the list said before."""
    register = app.authenticator.register
    register.apply(Userlist(("ada", "mallory"), ("ada",)))
    register.apply(Userlist(("ada",), ("ada",)))

    await admin.send("authorize/mallory", form="authorize")

    assert register.person("mallory").origin == "added"


@pytest.mark.parametrize("name", ["mallory", "MALLORY"])
async def test_authorise_a_future_administrator(admin, app, name):
    """Whoever asked for a name before it became an administrator's is not let in by a click."""
    app.db.add(orm.User(name="mallory", admin=True))
    app.db.commit()

    status, page = await admin.send(f"authorize/{name}", form="authorize")

    assert (status, "hubkit users invite NAME" in page) == (403, True)
    assert not app.authenticator.get_user("mallory").is_authorized


async def test_authorise_an_invited_administrator(admin, app, invite):
    """A link that is not used yet is the only way in, for an administrator of the list."""
    app.authenticator.register.apply(Userlist(("ada", "boss"), ("ada", "boss")))
    invite("boss")

    status, _ = await admin.send("authorize/boss", form="authorize")

    assert status == 403
    assert not app.authenticator.get_user("boss").is_authorized


async def test_only_administrators_authorise(browser, app):
    """Nobody lets themselves in."""
    await browser.sign_up("mallory")
    await browser.sign_up("grace")
    await browser.sign_in("grace")

    status, _ = await browser.send("authorize/mallory", form="change-password")

    assert status in (403, 404)
    assert not app.authenticator.get_user("mallory").is_authorized
