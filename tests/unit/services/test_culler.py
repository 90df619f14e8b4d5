"""The culler: started with the times of the settings, and with no more rights than it needs."""

from __future__ import annotations

import sys

import pytest
from jupyterhub.scopes import scope_definitions
from jupyterhub_idle_culler import IdleCuller
from traitlets.config import Config

from hubkit.services import culler
from hubkit.settings import Settings

EVER = 10 * 365 * 86400


def settings(idle, age):
    return Settings.from_env({"IDLE_TIMEOUT": str(idle), "MAX_AGE": str(age)})


@pytest.mark.parametrize(
    ("idle", "age", "timeout", "every"),
    [
        pytest.param(3600, 0, 3600, 300, id="the defaults"),
        pytest.param(60, 0, 60, 30, id="a short time is looked at twice"),
        pytest.param(1, 0, 1, 1, id="at most once a second"),
        pytest.param(3600, 100, 3600, 50, id="a short life, too"),
        pytest.param(100, 3600, 100, 50, id="the shorter of both counts"),
        pytest.param(0, 3600, EVER, 300, id="idle for ever, but not alive for ever"),
    ],
)
def test_command(idle, age, timeout, every):
    """The words make idle-culler stop servers at the times of the settings, in seconds."""
    words = culler.command(settings(idle, age))

    assert words[:3] == [sys.executable, "-m", "jupyterhub_idle_culler"]
    app = IdleCuller()
    app.parse_command_line(words[3:])
    assert (app.timeout, app.max_age, app.cull_every) == (timeout, age, every)
    assert (app.cull_users, app.remove_named_servers) == (False, False)


def test_configure():
    """The hub starts the culler as a service of its own, and lets it do its work."""
    c = Config()
    env = settings(60, 0)

    culler.configure(c, env)

    [service], [role] = c.JupyterHub.services, c.JupyterHub.load_roles
    assert service == {"name": "idle-culler", "command": culler.command(env)}
    assert role["services"] == [service["name"]]
    assert set(role["scopes"]) == {
        "list:users",
        "read:users:activity",
        "read:servers",
        "delete:servers",
    }
    assert set(role["scopes"]) <= set(scope_definitions)


def test_never():
    """Where servers are never stopped there is no culler."""
    c = Config()

    culler.configure(c, settings(0, 0))

    assert not c
