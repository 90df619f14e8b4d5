"""The page an invitation leads to, asked of a real hub over HTTP as a browser asks."""

from __future__ import annotations

import pytest
from jupyterhub import orm

from hubkit.auth import invitations

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


@pytest.mark.parametrize("query", ["?code=" + FOREIGN, "?code=", ""])
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
