"""Who may sign in: one provider per file, all in one table.

To add a provider, write a module here with a function `configure` like the others' and
one line in `PROVIDERS`; the contract test then runs over it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hubkit.auth import native
from hubkit.errors import ConfigError, Problem
from hubkit.settings import Settings
from hubkit.userlist import Userlist

Configure = Callable[[Any, Settings, Userlist], None]

# The name in AUTH → what sets its authenticator and its traits.
PROVIDERS: dict[str, Configure] = {
    "native": native.configure,
}


def problems(env: Settings) -> list[Problem]:
    """Return what is wrong with AUTH."""
    if env.auth in PROVIDERS:
        return []
    wrong = f"must be {' or '.join(PROVIDERS)}."
    return [Problem(f"AUTH={env.auth}", wrong, "See 'Sign-in' in .env.example.")]


def configure(c: Any, env: Settings, users: Userlist) -> None:
    """Set the authenticator AUTH names and who may use the hub.

    Raises:
        ConfigError: AUTH names no provider.
    """
    wrong = problems(env)
    if wrong:
        raise ConfigError(wrong)
    c.Authenticator.allowed_users = set(users.members)
    c.Authenticator.admin_users = set(users.admins)
    # JupyterHub's default lets everybody in who ever was in.
    c.Authenticator.allow_existing_users = False
    PROVIDERS[env.auth](c, env, users)
