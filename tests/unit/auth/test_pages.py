"""The pages of AUTH=native, asked of a real hub over HTTP as a browser asks."""

from __future__ import annotations

import re

import aiohttp
import bcrypt
import pytest
from jupyterhub.app import JupyterHub
from nativeauthenticator.handlers import LocalBase
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from traitlets.config import Config

from hubkit import auth, stack
from hubkit.auth import invitations
from hubkit.settings import Settings
from hubkit.userlist import Userlist

GOOD, OTHER = "correct horse battery", "staple correct horse"
SECRET = b"ab" * 32
PEOPLE = Userlist(members=("ada", "grace"), admins=("ada",))


@pytest.fixture
async def hub(tmp_path, monkeypatch):
    """Return a hub with AUTH=native that serves its pages, without proxy and servers."""
    gensalt = bcrypt.gensalt
    monkeypatch.setattr(bcrypt, "gensalt", lambda: gensalt(4))
    monkeypatch.setattr(LocalBase, "_template_dir_registered", False)
    monkeypatch.setattr(stack, "COOKIE_SECRET", tmp_path / "cookie_secret")
    stack.COOKIE_SECRET.write_bytes(SECRET)
    monkeypatch.chdir(tmp_path)
    c = Config()
    auth.configure(c, Settings.from_env({}), PEOPLE)
    c.JupyterHub.db_url = "sqlite:///:memory:"
    c.JupyterHub.cookie_secret = SECRET
    c.JupyterHub.log_level = "ERROR"
    c.ConfigurableHTTPProxy.auth_token = "x"
    made = JupyterHub(config=c)
    await made.initialize([])
    socket, made.test_port = bind_unused_port()
    server = HTTPServer(made.tornado_application)
    server.add_socket(socket)
    yield made
    server.stop()
    await server.close_all_connections()
    made.db.close()
    made.db.get_bind().dispose()


class Browser:
    """Shows pages of the hub and sends their forms, token and all."""

    def __init__(self, session, port):
        self.session, self.hub = session, f"http://127.0.0.1:{port}/hub/"

    async def get(self, path, **headers):
        """Return the status and the text of a page."""
        async with self.session.get(self.hub + path, headers=headers) as answer:
            self.at = answer.url.path
            return answer.status, await answer.text()

    async def send(self, path, *, form="", **fields):
        """Return the status and the text of what *path* answers to its form, or another's."""
        _, page = await self.get(form or path)
        token = re.search(r'name="_xsrf" value="([^"]+)"', page)
        data = {"_xsrf": token[1], **fields}
        async with self.session.post(self.hub + path, data=data) as answer:
            self.at = answer.url.path
            return answer.status, await answer.text()

    async def sign_up(self, name, password=GOOD, again=None):
        """Return what the sign-up page says."""
        fields = {"signup_password": password, "signup_password_confirmation": again or password}
        _, page = await self.send("signup", username=name, **fields)
        return " ".join(re.sub(r"<[^>]*>", " ", page).split())

    async def sign_in(self, name, password=GOOD):
        return await self.send("login", username=name, password=password)


@pytest.fixture
async def browser(hub):
    """Return a browser that keeps cookies."""
    jar = aiohttp.CookieJar(unsafe=True)  # of an address without a name, too
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Browser(session, hub.test_port)


@pytest.fixture
def invite(hub):
    """Return a function that makes a link as an administrator does."""

    def make(name):
        code = invitations.Invitations(SECRET).code(name, hub.authenticator.password_hash(name))
        return invitations.PATH.removeprefix("hub/") + code

    return make


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
        pytest.param("ADA", "hubkit users invite ada", id="an administrator in capitals"),
    ],
)
async def test_sign_up(browser, name, answer):
    """Who signs up is told what happens next."""
    assert answer in await browser.sign_up(name)


@pytest.mark.parametrize(
    ("passwords", "answer"),
    [
        pytest.param(("short",), "at least 10 characters", id="too short"),
        pytest.param(("x" * 73,), "Something went wrong", id="too long"),
        pytest.param((GOOD, OTHER), "did not match", id="two different ones"),
    ],
)
async def test_sign_up_refused(browser, hub, passwords, answer):
    """A password that will not do is refused; nobody is signed up."""
    assert answer in await browser.sign_up("grace", *passwords)
    assert not hub.authenticator.user_exists("grace")


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


async def test_invitation(browser, invite):
    """A link greets its person, sets the password and leads to the sign-in page."""
    link = invite("ada")

    status, page = await browser.get(link)
    assert (status, "Welcome, ada" in page) == (200, True)

    await browser.send(link, password=GOOD, confirmation=GOOD)
    assert browser.at == "/hub/login"
    await browser.sign_in("ada")
    assert "Authorise" in (await browser.get("home"))[1]


async def test_invitation_once(browser, invite):
    """A link that was used shows no form and sets no password."""
    link = invite("ada")
    await browser.send(link, password=GOOD, confirmation=GOOD)

    for status, page in (
        await browser.get(link),
        await browser.send(link, form="signup", password=OTHER, confirmation=OTHER),
    ):
        assert status == 403
        assert "This link was used already. Ask an administrator for a new one." in page
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
async def test_invitation_refused(browser, hub, invite, passwords, error):
    """A password that will not do is refused with the reason; the link still works."""
    link = invite("ada")

    fields = dict(zip(["password", "confirmation"], passwords, strict=True))
    status, page = await browser.send(link, **fields)

    assert (status, error in page) == (200, True)
    assert hub.authenticator.password_hash("ada") == b""
    assert (await browser.get(link))[0] == 200


async def test_forged_invitation(browser):
    """A link of another hub shows no form."""
    code = invitations.Invitations(b"other").code("ada", b"")

    status, page = await browser.get(f"welcome/{code}")

    assert (status, "This link is not from this hub." in page) == (403, True)


async def test_invitation_from_elsewhere(browser, hub, invite):
    """A form another site sends for the person sets no password."""
    async with browser.session.post(
        browser.hub + invite("ada"), data={"password": GOOD, "confirmation": GOOD}
    ) as answer:
        assert answer.status == 403

    assert hub.authenticator.password_hash("ada") == b""


@pytest.fixture
async def admin(browser, hub, invite):
    """Return the browser of an administrator, while mallory waits."""
    hub.authenticator.set_password("ada", GOOD)
    hub.authenticator.create_user("mallory", GOOD)
    await browser.sign_in("ada")
    return browser


@pytest.mark.parametrize(
    ("site", "status", "authorised"),
    [
        pytest.param("same-origin", 200, True, id="from the hub's own page"),
        pytest.param("cross-site", 403, False, id="from another site"),
        pytest.param("same-site", 403, False, id="from a neighbour"),
        pytest.param("none", 403, False, id="typed or from a bookmark"),
    ],
)
async def test_authorise(admin, hub, site, status, authorised):
    """Only the hub's own page may let somebody in on an administrator's behalf."""
    assert (await admin.get("authorize/mallory", **{"Sec-Fetch-Site": site}))[0] == status

    assert hub.authenticator.get_user("mallory").is_authorized == authorised


async def test_only_administrators_authorise(browser, hub):
    """Nobody lets themselves in."""
    await browser.sign_up("mallory")
    await browser.sign_up("grace")
    await browser.sign_in("grace")

    status, _ = await browser.get("authorize/mallory")

    assert status in (403, 404)
    assert not hub.authenticator.get_user("mallory").is_authorized
