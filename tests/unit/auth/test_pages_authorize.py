"""The page on which an administrator lets people in, asked of a real hub over HTTP."""

from __future__ import annotations

import pytest
from jupyterhub import orm

from hubkit.auth.native import hash_of
from hubkit.userlist import Userlist
from tests.unit.auth.people import GOOD


async def test_authorise(admin, app):
    """An administrator lets somebody in, and takes it back."""
    info = app.authenticator.get_user("mallory")

    assert (await admin.send("authorize/mallory", form="authorize"))[0] == 200
    assert (admin.at, info.is_authorized) == ("/hub/authorize", True)
    assert app.authenticator.register.person("mallory").origin == "added"

    await admin.send("authorize/mallory", form="authorize")
    assert not info.is_authorized


async def test_taking_back_ends_access(admin, app):
    """As a block does: what stops servers and deletes tokens sees that they lost access."""
    kit = app.authenticator
    await admin.send("authorize/mallory", form="authorize")
    assert not kit.policy.refusal(kit.register.person("mallory"))

    await admin.send("authorize/mallory", form="authorize")
    assert kit.register.person("mallory").denied
    assert kit.policy.refusal(kit.register.person("mallory"))

    await admin.send("authorize/mallory", form="authorize")
    assert not kit.policy.refusal(kit.register.person("mallory"))


async def test_authorise_nobody(admin):
    """A name nobody asked for is not found."""
    assert (await admin.send("authorize/nobody", form="authorize"))[0] == 404


async def test_authorise_for_another_account(admin, app):
    """Who asked for a name before it became somebody's gets it by no click."""
    app.authenticator.register.bind("github:7", "mallory")

    status, page = await admin.send("authorize/mallory", form="authorize")

    assert (status, "belongs to another account" in page) == (403, True)
    assert not app.authenticator.get_user("mallory").is_authorized


async def test_discard_keeps_hub_users(admin, app):
    """Whoever came by another provider under that name stays, with all that is known of them."""
    register = app.authenticator.register
    app.db.add(orm.User(name="mallory"))
    app.db.commit()
    register.bind("github:7", "mallory")
    register.came("mallory", "added")

    await admin.send("discard/mallory", form="authorize")

    assert not app.authenticator.user_exists("mallory")
    assert orm.User.find(app.db, "mallory")
    assert register.person("mallory").origin == "added"


async def test_discard_nobody(admin, app):
    """Who has a password that lets them in is not turned down; nobody cannot be."""
    app.authenticator.set_password("grace", hash_of(GOOD))

    for name in ("grace", "nobody"):
        assert (await admin.send(f"discard/{name}", form="authorize"))[0] == 200

    assert app.authenticator.user_exists("grace")


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
