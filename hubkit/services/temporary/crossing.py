"""Which pages of other sites may ask: CORS on every answer, errors and preflights included."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from hubkit.services.temporary.handing import Refusal
from hubkit.visitors import EVERY_ORIGIN

METHODS = "GET, POST, DELETE, OPTIONS"
HEADERS = "Authorization, Content-Type, X-XSRFToken"
EXPOSED = "Retry-After"
REMEMBERED = "86400"  # seconds a browser need not ask again
FOREIGN = "Pages of {origin} may not ask here. (For administrators: CORS_ORIGINS)"
SOMEWHERE = "other sites"  # no origin is sent with the address of an image or a frame


class Crossing:
    """Decides by the origin of a request.

    Args:
        origins: Whose pages may ask; ``*`` alone for all.
        own: The hub's own origin.
    """

    def __init__(self, origins: Sequence[str], own: str):
        self._every = tuple(origins) == (EVERY_ORIGIN,)
        self._origins, self._own = frozenset(origins), own

    def headers(self, origin: str) -> dict[str, str]:
        """Return what tells the browser that a page of *origin* may read the answer."""
        if not origin or not self._admits(origin):
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": EVERY_ORIGIN if self._every else origin,
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": HEADERS,
            "Access-Control-Expose-Headers": EXPOSED,
            "Access-Control-Max-Age": REMEMBERED,
            "Vary": "Origin",
        }

    def check(self, origin: str, *, hidden: bool = False) -> None:
        """Let a request of a page of *origin* pass.

        Args:
            origin: What the browser says, "" if nothing.
            hidden: Whether it says nothing although the page is another site's.

        Raises:
            Refusal: It is not one whose pages may ask.
        """
        foreign = origin or (SOMEWHERE if hidden else "")
        if foreign and not self._admits(foreign):
            raise Refusal(403, "origin", FOREIGN.format(origin=foreign[:256]))

    def _admits(self, origin: str) -> bool:
        return self._every or origin in self._origins or origin == self._own


def preflight() -> web.Response:
    """Answer a browser that asks whether it may ask."""
    return web.Response(status=204, headers={"Allow": METHODS})
