"""What a request of the API says, checked before anything is done for it."""

from __future__ import annotations

import hmac
import json
from typing import Any

from aiohttp import web

from hubkit.services.temporary.handing import Refusal

LARGEST = 16 * 1024  # bytes of a body
WORDS = ("image", "profile")


def address(request: web.Request) -> str:
    """Return where *request* comes from: the edge says so, and takes nobody else's word."""
    said = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return said or request.remote or ""


async def image(request: web.Request) -> str:
    """Return the image that the body of *request* asks for, "" for the usual one.

    Raises:
        Refusal: The body is no such question.
    """
    raw = await request.read()
    if not raw.strip():
        return ""
    try:
        asked = json.loads(raw)
    except (ValueError, RecursionError):
        raise Refusal(400, "json", "The body is not JSON.") from None
    if not isinstance(asked, dict):
        raise Refusal(400, "json", 'The body must be an object such as {"image": "…"}.')
    unknown = sorted(set(asked) - set(WORDS))
    if unknown:
        shown = ", ".join(unknown)[:128]
        raise Refusal(400, "json", f"Unknown: {shown}. There are: {', '.join(WORDS)}.")
    chosen = [asked[word] for word in WORDS if word in asked]
    if len(chosen) > 1 or not all(isinstance(one, str) for one in chosen):
        raise Refusal(400, "json", "Name one image, as text.")
    return chosen[0] if chosen else ""


def drained(request: web.Request) -> str:
    """Return the image whose waiting servers *request* is about, "" for all.

    Raises:
        Refusal: The query says anything else.
    """
    unknown = sorted(set(request.query) - {"image"})
    if unknown or len(request.query) > 1:
        raise Refusal(400, "query", "The query may name one image: ?image=…, and nothing else.")
    return request.query.get("image", "")


def said(request: web.Request) -> str:
    """Return the token *request* has in ``Authorization: token …`` or ``Bearer …``, or ""."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() in {"token", "bearer"} else ""


def same(given: str, token: str) -> bool:
    """Return whether *given* is *token*, in a time that does not tell how much of it is."""
    # What is no UTF-8 in a header comes as surrogates.
    return bool(token) and hmac.compare_digest(given.encode(errors="replace"), token.encode())


def require(request: web.Request, token: str, given: str = "") -> None:
    """Let a request with *token* pass; any does where there is none.

    Args:
        request: Says it as ``Authorization: token …`` or ``Bearer …``.
        token: What it has to be.
        given: Said in another way.

    Raises:
        Refusal: 401 without a token, 403 with a wrong one.
    """
    found = said(request) or given
    if not token:
        return
    if not found:
        raise no_token()
    if not same(found, token):
        raise wrong_token()


def no_token() -> Refusal:
    """Return what is said to whom sends none."""
    return Refusal(401, "token", "Send a token: Authorization: token …")


def wrong_token() -> Refusal:
    """Return what is said to whom sends another one."""
    return Refusal(403, "token", "This token is not right.")


def told(refusal: Refusal) -> dict[str, Any]:
    """Return what the caller of the API reads: tmpnb's ``status``, and a sentence."""
    return {"status": refusal.word, "message": refusal.message}
