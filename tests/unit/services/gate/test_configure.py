"""The service: started where programs run in Jupyter's place, without any right."""

from __future__ import annotations

import json

from traitlets.config import Config

from hubkit.services import gate
from hubkit.settings import Settings

PROGRAM = "app --port={port}"


def configured(**environ):
    c = Config()
    gate.configure(c, Settings.from_env(environ))
    return c


def test_off():
    """Jupyter's servers ask the hub themselves."""
    assert not configured()


def test_no_rights():
    """It asks with the tokens of servers; it has no role of its own."""
    c = configured(SERVER_COMMAND=PROGRAM)

    [service] = c.JupyterHub.services
    assert service["name"] == "gate"
    assert "load_roles" not in c.JupyterHub


def test_cookies_in_frames():
    """As the hub's own, where pages of other sites may show servers."""
    c = configured(SERVER_COMMAND=PROGRAM, FRAME_ANCESTORS="https://example.org")

    told = json.loads(c.JupyterHub.services[0]["environment"]["JUPYTERHUB_COOKIE_OPTIONS"])
    assert told == {"samesite": "None", "secure": True}
