"""The pages of AUTH=native, asked of a real hub over HTTP as a browser asks."""

from __future__ import annotations

import pytest
from jupyterhub import orm

from hubkit.auth import native
from hubkit.auth.native import hash_of
from hubkit.userlist import Userlist

GOOD, OTHER = "correct horse battery", "staple correct horse"


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


@pytest.fixture
async def admin(browser, app):
    """Return the browser of an administrator, while mallory waits."""
    app.authenticator.set_password("ada", hash_of(GOOD))
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
