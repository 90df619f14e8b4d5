"""Whose pages may show the hub, its servers and its services in a frame: FRAME_ANCESTORS.

A page in a frame can be clicked without being seen, so JupyterHub lets nobody do it, not
even servers at the hub's own address. Where pages of other sites may, browsers must also
be told to send the hub's cookies along: ``SameSite=None``, which they take with ``Secure``
only. The edge adds ``Partitioned``, without which many browsers keep none of these; Python's
own cookies know that word from 3.14 on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from jupyterhub.handlers import BaseHandler

from hubkit.settings import Settings

POLICY = "Content-Security-Policy"
REPORTS = "report-uri /hub/security/csp-report"  # JupyterHub's own
NOBODY = "'none'"
CROSS_SITE = {"samesite": "None", "secure": True}
DELETED = '{name}=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Path={path}; Secure; SameSite=None'


def ancestors(origins: Sequence[str]) -> str:
    """Return the ``frame-ancestors`` of a Content-Security-Policy."""
    return f"frame-ancestors {' '.join(origins) or NOBODY}"


def cookie_options(origins: Sequence[str], domain: str) -> dict[str, Any]:
    """Return what cookies need for pages of *origins*; nothing more at the hub's own *domain*."""
    foreign = any(urlsplit(one).hostname != domain for one in origins)
    return dict(CROSS_SITE) if foreign else {}


def server_words(origins: Sequence[str], cookies: dict[str, Any]) -> list[str]:
    """Return the words by which Jupyter Server lets pages of *origins* show it."""
    settings: dict[str, Any] = {"headers": {POLICY: ancestors(origins)}}
    if cookies:
        settings["xsrf_cookie_kwargs"] = cookies  # its other cookies are told by the hub
    return [f"--ServerApp.tornado_settings={settings!r}"]


def deleting_both(clear: Callable[..., None]) -> Callable[..., None]:
    """Return a handler's ``clear_cookie`` that also deletes the cookie pages of other sites have.

    To a browser that is another one than the one of this name JupyterHub deletes: who signs
    out would still be signed in.
    """

    def clear_cookie(handler: Any, cookie_name: str, path: str = "/", **words: Any) -> None:
        clear(handler, cookie_name, path=path, **words)
        there = "/" if cookie_name.startswith("__Host-") else path
        handler.add_header("Set-Cookie", DELETED.format(name=cookie_name, path=there))

    return clear_cookie


def configure(c: Any, env: Settings) -> None:
    """Let pages of FRAME_ANCESTORS show the hub and its servers; without, JupyterHub's own rule."""
    origins = env.frame_ancestors
    if not origins:
        return
    cookies = cookie_options(origins, env.hub_domain)
    hub = {"headers": {POLICY: f"{ancestors(origins)}; {REPORTS}"}}
    more = {"cookie_options": cookies} if cookies else {}
    if cookies:
        # There is no option for how cookies are deleted.
        BaseHandler.clear_cookie = deleting_both(BaseHandler.clear_cookie)
    c.JupyterHub.tornado_settings = {**c.JupyterHub.get("tornado_settings", {}), **hub, **more}
    c.KitSpawner.args = [*c.KitSpawner.get("args", []), *server_words(origins, cookies)]
