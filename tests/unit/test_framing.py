"""FRAME_ANCESTORS: headers and cookies of the hub and of its servers."""

from __future__ import annotations

import ast

import pytest
from jupyterhub.handlers import BaseHandler
from tornado.httputil import HTTPServerRequest, RequestStartLine
from tornado.web import Application
from traitlets.config import Config

from hubkit import framing
from hubkit.settings import Settings

LINE = RequestStartLine("GET", "/hub/logout", "HTTP/1.0")
OWN = {"HUB_DOMAIN": "hub.example.org"}


@pytest.fixture(autouse=True)
def handlers(monkeypatch):
    """Put back what the hub's handlers do."""
    monkeypatch.setattr(BaseHandler, "clear_cookie", BaseHandler.clear_cookie)


def configured(**environ):
    c = Config()
    framing.configure(c, Settings.from_env({**OWN, **environ}))
    return c


def test_nobody():
    """Without it nothing is set: JupyterHub lets no page show its own."""
    assert configured() == Config()
    assert framing.ancestors(()) == "frame-ancestors 'none'"


def test_another_site():
    """Pages of the listed sites may, and cookies go along there, in both hub and servers."""
    c = configured(FRAME_ANCESTORS="https://book.org,https://*.b.org")

    policy = "frame-ancestors https://book.org https://*.b.org"
    assert c.JupyterHub.tornado_settings == {
        "headers": {"Content-Security-Policy": f"{policy}; report-uri /hub/security/csp-report"},
        "cookie_options": {"samesite": "None", "secure": True},
    }
    [word] = c.KitSpawner.args
    option, _, value = word.partition("=")
    assert option == "--ServerApp.tornado_settings"
    assert ast.literal_eval(value) == {
        "headers": {"Content-Security-Policy": policy},
        "xsrf_cookie_kwargs": {"samesite": "None", "secure": True},
    }


@pytest.mark.parametrize("origin", ["https://hub.example.org", "https://hub.example.org:8443"])
def test_the_hubs_own_name(origin):
    """Pages at the hub's own name need no other cookies."""
    c = configured(FRAME_ANCESTORS=origin)

    assert "cookie_options" not in c.JupyterHub.tornado_settings
    assert "samesite" not in c.KitSpawner.args[0]


def test_beside_others():
    """What a site has set stays."""
    c = Config()
    c.KitSpawner.args = ["--debug"]
    c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}

    framing.configure(c, Settings.from_env({"FRAME_ANCESTORS": "https://book.org"}))

    assert c.KitSpawner.args[0] == "--debug"
    assert c.JupyterHub.tornado_settings["slow_spawn_timeout"] == 0


def test_sign_out():
    """Both cookies of a name go: the hub's, and the one that pages of other sites have."""
    configured(FRAME_ANCESTORS="https://book.org")
    request = HTTPServerRequest(start_line=LINE, connection=Connection())
    handler = Handler(Application(), request)

    handler.clear_cookie("login", path="/hub/")

    partitioned, own = handler._headers.get_list("Set-Cookie"), handler._new_cookie["login"]
    assert (own["path"], own["samesite"], own.value) == ("/hub/", "", "")
    [deleted] = partitioned
    assert deleted.startswith('login=""; expires=Thu, 01 Jan 1970')
    assert deleted.endswith("; Path=/hub/; Secure; SameSite=None")


class Handler(BaseHandler):
    """One of the hub's, without a hub."""

    def set_default_headers(self):
        """Set none."""


class Connection:
    """As much of one as a handler looks at."""

    def set_close_callback(self, callback):
        """Close never."""
