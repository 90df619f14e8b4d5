"""What a visitor who is not let in reads, and where they are."""

from __future__ import annotations

from inspect import isawaitable
from typing import Any

from tornado.web import HTTPError


class Refused(HTTPError):
    """An answer whose text the visitor reads.

    Args:
        status: HTTP status.
        text: What is wrong and what to do.
        wait: Seconds until it is worth trying again.
    """

    def __init__(self, status: int, text: str, wait: int = 0):
        super().__init__(status, text)
        self.headers = {"Retry-After": str(wait)} if wait else {}


def address(handler: Any) -> str:
    """Return where the request of *handler* comes from, or "" where there is none."""
    request = getattr(handler, "request", None)
    return str(getattr(request, "remote_ip", "") or "")


def prepared(handler: Any) -> None:
    """Make *handler* able to refuse: JupyterHub 6.1 reads this before it sets it."""
    if handler is not None:
        vars(handler).setdefault("_token_authenticated", False)


def told(error: HTTPError) -> str:
    """Return what *error* says to the visitor."""
    return str(error.get_message() or "")


async def finished(result: Any) -> Any:
    """Return *result*, awaited where JupyterHub lets it be either."""
    return await result if isawaitable(result) else result
