"""Authenticators as their tests need them; a real hub with AUTH=native, and its browser."""

from __future__ import annotations

import json
import re

import aiohttp
import bcrypt
import pytest
from jupyterhub.app import JupyterHub
from jupyterhub.crypto import CryptKeeper
from nativeauthenticator.handlers import LocalBase
from nativeauthenticator.orm import UserInfo
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from traitlets.config import Config

from hubkit import auth, stack
from hubkit.auth import invitations, native
from hubkit.auth.native import hash_of
from hubkit.settings import Settings
from hubkit.userlist import Userlist
from tests.unit.auth.answering import Client
from tests.unit.auth.doors import ANYBODY, Door
from tests.unit.auth.people import GOOD, PEOPLE
from tests.unit.auth.providers import environ, settings

SECRET = b"ab" * 32
UNKNOWN = b"$2b$04$" + b"x" * 53  # a hash of no password


@pytest.fixture
async def app(tmp_path, monkeypatch):
    """Return a hub with AUTH=native that serves its pages, without proxy and servers."""
    gensalt = bcrypt.gensalt
    monkeypatch.setattr(bcrypt, "gensalt", lambda: gensalt(4))
    monkeypatch.setattr(LocalBase, "_template_dir_registered", False)
    monkeypatch.setattr(stack, "COOKIE_SECRET", tmp_path / "cookie_secret")
    stack.COOKIE_SECRET.write_bytes(SECRET)
    monkeypatch.setattr(stack, "REGISTER", tmp_path / "people.sqlite")
    monkeypatch.setattr(stack, "AUDIT_LOG", tmp_path / "sign-ins.log")
    monkeypatch.chdir(tmp_path)
    c = Config()
    auth.configure(c, Settings.from_env({}), PEOPLE)
    c.JupyterHub.db_url = "sqlite:///:memory:"
    c.JupyterHub.cookie_secret = SECRET
    c.JupyterHub.log_level = "ERROR"
    c.CryptKeeper.keys = [SECRET[:32]]
    c.ConfigurableHTTPProxy.auth_token = "x"
    CryptKeeper.clear_instance()
    CryptKeeper.instance(config=c)
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
    CryptKeeper.clear_instance()


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

    async def change_password(self, old, new, again=None):
        """Return the status and the text of what the page for that answers."""
        fields = {"new_password": new, "new_password_confirmation": again or new}
        return await self.send("change-password", old_password=old, **fields)

    def leave(self):
        """Forget who is signed in, as another browser never knew."""
        self.session.cookie_jar.clear()

    async def sign_in(self, name, password=GOOD):
        return await self.send("login", username=name, password=password)


@pytest.fixture
async def browser(app):
    """Return a browser that keeps cookies."""
    jar = aiohttp.CookieJar(unsafe=True)  # of an address without a name, too
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Browser(session, app.test_port)


@pytest.fixture
def invite(app):
    """Return a function that makes a link as an administrator does."""

    def make(name, *, back=False):
        if not app.authenticator.user_exists(name):
            app.db.add(UserInfo(username=name, password=UNKNOWN))
            app.db.commit()
        before = app.authenticator.password_hash(name)
        code = invitations.Invitations(SECRET).code(name, before, back=back)
        return invitations.PATH.removeprefix("hub/") + code

    return make


@pytest.fixture
def audit():
    """Return a function that reads the log of sign-ins: result, name and reason of each line."""

    def read():
        lines = stack.AUDIT_LOG.read_text().splitlines() if stack.AUDIT_LOG.exists() else []
        found = map(json.loads, lines)
        return [(one["result"], one.get("name", ""), one.get("reason", "")) for one in found]

    return read


@pytest.fixture
async def admin(browser, app):
    """Return the browser of an administrator, while mallory waits."""
    app.authenticator.set_password("ada", hash_of(GOOD))
    app.authenticator.create_user("mallory", GOOD)
    await browser.sign_in("ada")
    return browser


@pytest.fixture
def quick_hashes(monkeypatch):
    """Hash with bcrypt's least cost: the tests are about who, not about how slowly."""
    cheap = bcrypt.gensalt
    monkeypatch.setattr(bcrypt, "gensalt", lambda: cheap(4))


@pytest.fixture
def hub(db, quick_hashes, tmp_path, monkeypatch):
    """Return the authenticator as AUTH=native configures it."""
    monkeypatch.setattr(stack, "REGISTER", tmp_path / "people.sqlite")
    monkeypatch.setattr(stack, "AUDIT_LOG", tmp_path / "sign-ins.log")
    c = Config()
    made = native.configure(c, Settings.from_env({}))(config=c, _deprecated_db_session=db)
    made.register.apply(PEOPLE)
    made.get_handlers(None)  # as the hub does at its start
    return made


@pytest.fixture
def door(tmp_path, monkeypatch):
    """Return a guarded authenticator for a policy and a list; the file is a test's own."""
    monkeypatch.setattr(stack, "REGISTER", tmp_path / "people.sqlite")
    monkeypatch.setattr(stack, "AUDIT_LOG", tmp_path / "sign-ins.log")

    def made(policy=ANYBODY, members=(), admins=(), cls=Door):
        config = Config()
        config.Guard.policy = policy
        built = cls(parent=None, config=config)
        built.register.apply(Userlist((*members, *admins), tuple(admins)))
        return built

    return made


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Return a function that makes an authenticator whose provider answers as told."""
    monkeypatch.setattr(stack, "REGISTER", tmp_path / "people.sqlite")
    monkeypatch.setattr(stack, "AUDIT_LOG", tmp_path / "sign-ins.log")
    monkeypatch.setattr(auth.keeper, "follow", lambda _: None)  # it would follow in other tests

    def make(kind, traits=None, **answers):
        built = kind(enable_auth_state=True, manage_groups=True, **(traits or {}))
        built.http_client = Client(**answers)
        return built

    return make


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Keep the register and the log in a folder of this test."""
    monkeypatch.setattr(stack, "REGISTER", tmp_path / "people.sqlite")
    monkeypatch.setattr(stack, "AUDIT_LOG", tmp_path / "sign-ins.log")
    monkeypatch.setattr(auth.keeper, "follow", lambda _: None)  # it would follow in other tests
    monkeypatch.setattr(stack, "COOKIE_SECRET", tmp_path / "cookie_secret")
    (tmp_path / "cookie_secret").write_bytes(b"ab" * 32)


@pytest.fixture
def build(db):
    """Return a function that builds the authenticator as the hub does."""

    def built(*words, **more):
        c = Config()
        auth.configure(c, settings(environ(*words, **more)), PEOPLE)
        return c.JupyterHub.authenticator_class(config=c, _deprecated_db_session=db)

    return built
