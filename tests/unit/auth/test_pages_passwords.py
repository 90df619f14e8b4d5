"""The pages that change a password, one's own or another's, asked of a real hub over HTTP."""

from __future__ import annotations

import pytest
from jupyterhub import orm

from hubkit.auth.native import hash_of
from tests.unit.auth.people import GOOD, OTHER


@pytest.fixture
async def grace(browser):
    """Return the browser of a user."""
    await browser.sign_up("grace")
    await browser.sign_in("grace")
    return browser


async def test_change_password(grace, app, audit):
    """All sessions end, this one too; the new password lets in, the old one does not."""
    before = orm.User.find(app.db, "grace").cookie_id

    status, page = await grace.change_password(GOOD, OTHER)

    assert (status, "All your sessions have ended; sign in again." in page) == (200, True)
    assert orm.User.find(app.db, "grace").cookie_id != before
    assert audit()[-1] == ("password-set", "grace", "")
    await grace.get("home")
    assert grace.at == "/hub/login"
    assert (await grace.sign_in("grace", GOOD))[0] == 403
    await grace.sign_in("grace", OTHER)
    assert (await grace.get("home"))[0] == 200
    assert grace.at == "/hub/home"


@pytest.mark.parametrize(
    ("passwords", "status", "answer"),
    [
        pytest.param((OTHER, OTHER), 403, "not your current password", id="the wrong one"),
        pytest.param(("x" * 73, OTHER), 403, "not your current password", id="an impossible one"),
        pytest.param(("", OTHER), 403, "not your current password", id="none"),
        pytest.param((GOOD, "short"), 200, "at least 10 characters", id="too short"),
        pytest.param((GOOD, OTHER, GOOD), 200, "The two passwords differ.", id="two"),
    ],
)
async def test_change_password_refused(grace, app, passwords, status, answer):
    """What will not do is refused with the reason; password and session stay."""
    before = app.authenticator.password_hash("grace")

    found, page = await grace.change_password(*passwords)

    assert (found, answer in page) == (status, True)
    assert app.authenticator.password_hash("grace") == before
    assert (await grace.get("home"))[0] == 200
    assert grace.at == "/hub/home"


async def test_change_password_is_no_way_to_guess(grace, app, audit):
    """Ten wrong ones are too many here as they are at sign-in, and are written down."""
    before = app.authenticator.password_hash("grace")
    for _ in range(10):
        await grace.change_password(OTHER, OTHER)
    assert audit()[-1] == ("failed", "grace", "This is not your current password.")

    status, page = await grace.change_password(GOOD, OTHER)

    assert (status, "Too many failed sign-ins." in page) == (429, True)
    assert audit()[-1][:2] == ("limited", "grace")
    assert app.authenticator.password_hash("grace") == before


@pytest.mark.parametrize("how", ["none at all", "another provider's"])
async def test_change_password_of_nobody(grace, app, how):
    """Who signs in another way has no password here, and reads so."""
    if how == "none at all":
        app.db.delete(app.authenticator.get_user("grace"))
        app.db.commit()
    else:
        app.authenticator.register.bind("github:7", "grace")

    shown = await grace.get("change-password")
    fields = {"new_password": OTHER, "new_password_confirmation": OTHER}
    sent = await grace.send("change-password", form="signup", old_password=GOOD, **fields)

    for status, page in (shown, sent):
        assert (status, "You have no password on this hub" in page) == (403, True)


async def test_change_password_without_a_session(browser):
    """A form sent by nobody changes nothing and leads to the sign-in page."""
    assert (await browser.send("change-password", form="login"))[0] == 403
    await browser.get("change-password")
    assert browser.at == "/hub/login"


async def test_set_password_of_somebody(admin, app, audit):
    """An administrator sets a password without knowing the old one; those sessions end."""
    app.authenticator.set_password("mallory", hash_of(GOOD))
    app.db.add(orm.User(name="mallory"))
    app.db.commit()
    before = orm.User.find(app.db, "mallory").cookie_id
    fields = {"new_password": OTHER, "new_password_confirmation": OTHER}

    status, page = await admin.send("change-password/mallory", **fields)

    assert (status, "The password of mallory is set" in page) == (200, True)
    assert orm.User.find(app.db, "mallory").cookie_id != before
    assert audit()[-1] == ("password-set", "mallory", "by ada")
    admin.leave()
    await admin.sign_in("mallory", OTHER)
    assert (await admin.get("home"))[0] == 200
    assert admin.at == "/hub/home"


async def test_set_password_refused(admin, app):
    """What will not do is refused; of whom nobody knows there is no page."""
    before = app.authenticator.password_hash("mallory")
    fields = {"new_password": OTHER, "new_password_confirmation": GOOD}

    assert "The two passwords differ." in (await admin.send("change-password/mallory", **fields))[1]
    assert app.authenticator.password_hash("mallory") == before
    assert (await admin.get("change-password/nobody"))[0] == 404


async def test_only_administrators_set_passwords(grace, app):
    """Nobody sets anybody else's password."""
    app.authenticator.create_user("mallory", GOOD)
    before = app.authenticator.password_hash("mallory")
    fields = {"new_password": OTHER, "new_password_confirmation": OTHER}

    status, _ = await grace.send("change-password/mallory", form="change-password", **fields)

    assert status in (403, 404)
    assert app.authenticator.password_hash("mallory") == before
