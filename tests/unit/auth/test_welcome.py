"""The page an invitation leads to, asked of a real hub over HTTP as a browser asks."""

from __future__ import annotations

import pytest
from jupyterhub import orm

from hubkit.auth import invitations
from hubkit.auth.native import hash_of
from hubkit.userlist import Userlist

GOOD, OTHER = "correct horse battery", "staple correct horse"
FOREIGN = invitations.Invitations(b"other").code("ada", b"$2b$04$x")


async def test_invitation(browser, invite):
    """A link greets its person, sets the password and lets them in."""
    link = invite("ada")

    status, page = await browser.get(link)
    assert (status, "Welcome, ada" in page) == (200, True)

    await browser.send(link, password=GOOD, confirmation=GOOD)
    assert browser.at == "/hub/home"
    browser.leave()
    await browser.sign_in("ada")
    assert "Authorise" in (await browser.get("home"))[1]


async def test_invitation_once(browser, invite):
    """A link that was used shows no form and sets no password."""
    link = invite("ada")
    await browser.send(link, password=GOOD, confirmation=GOOD)
    browser.leave()

    for status, page in (
        await browser.get(link),
        await browser.send(link, form="signup", password=OTHER, confirmation=OTHER),
    ):
        assert status == 403
        assert (
            "This link was used already, or taken back. Ask an administrator for a new one." in page
        )
    assert "Invalid username" in (await browser.sign_in("ada", OTHER))[1]


@pytest.mark.parametrize(
    ("passwords", "error"),
    [
        pytest.param([GOOD, OTHER], "The two passwords differ.", id="two different ones"),
        pytest.param(["short"] * 2, "at least 10 characters", id="too short"),
        pytest.param(["x" * 73] * 2, "at most 72 bytes", id="too long"),
        pytest.param(["qwertyuiop"] * 2, "not be a common one", id="a common one"),
    ],
)
async def test_invitation_refused(browser, app, invite, passwords, error):
    """A password that will not do is refused with the reason; the link still works."""
    link = invite("ada")
    before = app.authenticator.password_hash("ada")

    fields = dict(zip(["password", "confirmation"], passwords, strict=True))
    status, page = await browser.send(link, **fields)

    assert (status, error in page) == (200, True)
    assert app.authenticator.password_hash("ada") == before
    assert (await browser.get(link))[0] == 200


@pytest.mark.parametrize(
    "query", ["?code=" + FOREIGN, "?code=", ""], ids=["foreign", "empty", "none"]
)
async def test_forged_invitation(browser, query):
    """A link of another hub shows no form, and no code at all is none of ours."""
    status, page = await browser.get(f"welcome{query}")

    assert (status, "This link is not from this hub." in page) == (403, True)


@pytest.mark.parametrize("used", [True, False], ids=["used", "unused"])
async def test_invitation_of_a_deleted_user(browser, app, invite, used):
    """A link dies with its user: whoever is given the name next is not its bearer."""
    link = invite("grace")
    if used:
        await browser.send(link, password=GOOD, confirmation=GOOD)
        browser.leave()
    app.authenticator.delete_user(orm.User(name="grace"))

    for status, page in (
        await browser.get(link),
        await browser.send(link, form="signup", password=OTHER, confirmation=OTHER),
    ):
        assert (status, "or taken back." in page) == (403, True)
    assert not app.authenticator.user_exists("grace")


async def test_invitation_from_elsewhere(browser, app, invite):
    """A form another site sends for the person sets no password."""
    link = invite("ada")
    before = app.authenticator.password_hash("ada")

    async with browser.session.post(
        browser.hub + link, data={"password": GOOD, "confirmation": GOOD}
    ) as answer:
        assert answer.status == 403

    assert app.authenticator.password_hash("ada") == before


async def test_invitation_ends_sessions(browser, app, invite, audit):
    """Whoever was in by the old password is out; who used the link is in."""
    app.authenticator.set_password("grace", hash_of(OTHER))
    await browser.sign_in("grace", OTHER)
    before = orm.User.find(app.db, "grace").cookie_id

    await browser.send(invite("grace"), password=GOOD, confirmation=GOOD)

    assert orm.User.find(app.db, "grace").cookie_id != before
    assert browser.at == "/hub/home"
    assert ("password-set", "grace", "by a link") in audit()


async def test_a_link_used_while_the_password_is_hashed(browser, app, invite):
    """Of two who use one link at the same time, the first sets the password."""
    kit, link = app.authenticator, invite("grace")
    hashed = kit.hashed

    async def slowly(password):
        kit.set_password("grace", hash_of(OTHER))
        return await hashed(password)

    kit.hashed = slowly
    status, _ = await browser.send(link, password=GOOD, confirmation=GOOD)

    assert status == 403
    assert await kit.is_right(OTHER, kit.get_user("grace"))


@pytest.mark.parametrize("back", [True, False], ids=["made since", "made before"])
async def test_invitation_of_one_taken_off_the_list(browser, app, invite, back):
    """A link lets back in if it was made for that, and only once it is used."""
    register = app.authenticator.register
    app.authenticator.set_password("grace", hash_of(OTHER))
    register.apply(Userlist(("ada",), ("ada",)))
    link = invite("grace", back=back)
    assert register.person("grace").origin == "listed"
    assert (await browser.sign_in("grace", OTHER))[0] == 403

    status, _ = await browser.send(link, password=GOOD, confirmation=GOOD)

    assert status == (200 if back else 403)
    assert register.person("grace").origin == ("added" if back else "listed")
