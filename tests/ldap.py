"""People of the tests who sign in with AUTH=ldap, and the settings they do it with."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from tornado.web import HTTPError

from hubkit.auth.ldap import KitLDAPAuthenticator
from tests.directory import PASSWORD, PEOPLE, SEARCHER, SEARCHER_PASSWORD

TEMPLATE = f"uid={{username}},{PEOPLE}"
EVERYBODY = {"ALLOW": "everyone", "LDAP_BIND_DN": TEMPLATE}
SEARCH = {
    "ALLOW": "everyone",
    "LDAP_SEARCH_BASE": "dc=example,dc=org",
    "LDAP_SEARCH_USER": SEARCHER,
    "LDAP_SEARCH_PASSWORD": SEARCHER_PASSWORD,
    "LDAP_GROUP_BASE": "ou=groups,dc=example,dc=org",
}
Make = Callable[..., KitLDAPAuthenticator]


async def sign_in(hub: KitLDAPAuthenticator, name: str, password: str = PASSWORD) -> Any:
    """Return what JupyterHub gets to know of who signs in; None if nobody does."""
    request = SimpleNamespace(remote_ip="192.0.2.1")
    handler = SimpleNamespace(request=request)
    return await hub.get_authenticated_user(handler, {"username": name, "password": password})


async def refusal(hub: KitLDAPAuthenticator, name: str, password: str = PASSWORD) -> HTTPError:
    with pytest.raises(HTTPError) as caught:
        await sign_in(hub, name, password)
    return caught.value


async def look(hub: KitLDAPAuthenticator, name: str, stored: Any = None) -> Any:
    """Return what a look at *name* says; *stored* is what their sign-in returned."""

    async def get_auth_state() -> Any:
        return stored and stored["auth_state"]

    hub.rechecks._asked.clear()
    hub.rechecks._paused_until = 0.0
    user = SimpleNamespace(name=name, admin=False, get_auth_state=get_auth_state)
    return await hub.refresh_user(user)


async def still_in(hub: KitLDAPAuthenticator, name: str, stored: Any = None) -> bool:
    return bool(await look(hub, name, stored))
