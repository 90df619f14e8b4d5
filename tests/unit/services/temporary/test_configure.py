"""The service: started where visitors are admitted, with the rights it needs and no more."""

from __future__ import annotations

import pytest
from jupyterhub.scopes import scope_definitions
from traitlets.config import Config

from hubkit.services import temporary
from hubkit.settings import Settings, check

SECRET = "s3cret-of-the-tests"


def configured(**environ):
    c = Config()
    temporary.configure(c, Settings.from_env(environ))
    return c


def test_off():
    """Where nobody is admitted without an account there is no service and no route."""
    assert not configured(AUTH="native")


def test_rights():
    """It can neither make users and tokens nor read anybody's."""
    c = configured(AUTH="native,temporary")

    [service], [role] = c.JupyterHub.services, c.JupyterHub.load_roles
    assert role["services"] == [service["name"]]
    scopes = {scope for scope in role["scopes"] if not scope.startswith("custom:")}
    assert scopes <= set(scope_definitions)
    assert not scopes & {"admin:users", "admin:servers", "servers", "tokens", "users"}


def test_no_secret_in_words():
    """Tokens are told in the environment, not in words every process of the hub can read."""
    c = configured(AUTH="temporary", TEMPORARY_API_TOKEN=SECRET, TEMPORARY_ADMIN_TOKEN=SECRET)

    [service] = c.JupyterHub.services
    assert SECRET not in " ".join(service["command"])
    assert service["environment"]["TEMPORARY_API_TOKEN"] == SECRET


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {
            "TEMPORARY_CAPACITY": "7",
            "TEMPORARY_IMAGE": "a/b:1,c/d:2",
            "CORS_ORIGINS": "https://a.org,https://b.org",
            "TEMPORARY_MAX_AGE": "0",
            "HUB_DOMAIN": "hub.example.org",
        },
    ],
)
def test_told(environ):
    """What the service reads is what the hub read."""
    env = Settings.from_env({"AUTH": "temporary", **environ})

    told, problems = check(temporary.written(env))

    assert problems == []
    for name in temporary.NEEDED:
        assert getattr(told, name) == getattr(env, name)


def test_routes():
    """tmpnb's addresses lead to the service."""
    routes = configured(AUTH="temporary").Proxy.extra_routes

    assert {"/api/spawn/", "/api/stats/", "/info/", "/build/"} <= set(routes)
    assert set(routes.values()) == {"http://jupyterhub:8082"}
