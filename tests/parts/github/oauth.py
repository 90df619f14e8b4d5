"""GitHub's web flow: the page that asks the visitor, and the token behind a code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from aiohttp import BasicAuth, web
from state import INCLUDES, SCOPES, WORLD, Grant, World

DOCS = "https://docs.github.com/apps/managing-oauth-apps"
AUTHORIZING = f"{DOCS}/troubleshooting-authorization-request-errors"
EXCHANGING = f"{DOCS}/troubleshooting-oauth-app-access-token-request-errors"
TOLD = {
    "redirect_uri_mismatch": (
        "The redirect_uri MUST match the registered callback URL for this application."
    ),
    "access_denied": "The user has denied your application access.",
    "bad_verification_code": "The code passed is incorrect or expired.",
    "incorrect_client_credentials": "The client_id and/or client_secret passed are incorrect.",
    "invalid_request": "Only S256 is supported as code_challenge_method.",
}
NOT_FOUND = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<title>Page not found · GitHub</title></head>
<body><h1>404</h1><p>This is not the web page you are looking for.</p></body></html>"""
FORM = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<title>Authorize application</title></head><body>
<h1>Authorize {client}</h1><p role="alert">{said}</p>
<form method="post" action="{action}">{hidden}
<label>Username <input name="login" autofocus autocomplete="off"></label>
<button type="submit" name="authorize" value="1">Authorize</button>
<button type="submit" name="authorize" value="0">Cancel</button>
</form></body></html>"""


def page(text: str, status: int = 200) -> web.Response:
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "strict-origin-when-cross-origin"}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


def ask(request: web.Request, fields: Mapping[str, str], said: str = "") -> web.Response:
    """Show the form in which the visitor says who they are, and agrees."""
    hidden = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in fields.items()
        if name not in ("login", "authorize")
    )
    client = html.escape(fields["client_id"])
    shown = FORM.format(client=client, said=html.escape(said), action=request.path, hidden=hidden)
    return page(shown)


def back(redirect: str, **values: str) -> web.Response:
    """Send the visitor back to the application."""
    parts = urlsplit(redirect)
    query = urlencode([*parse_qsl(parts.query), *((k, v) for k, v in values.items() if v)])
    # Not a raised HTTPFound: the address goes out exactly as it was given.
    return web.Response(status=302, headers={"Location": urlunsplit(parts._replace(query=query))})


def refuse(redirect: str, error: str, state: str) -> web.Response:
    uri = f"{AUTHORIZING}/#{error.replace('_', '-')}"
    return back(redirect, error=error, error_description=TOLD[error], error_uri=uri, state=state)


def within(callback: str, redirect: str) -> bool:
    """Return whether *redirect* is the registered callback, or below it."""
    ours, theirs = urlsplit(callback), urlsplit(redirect)
    loopback = ours.hostname in ("127.0.0.1", "::1")  # there any port will do
    if loopback:
        same = (ours.scheme, ours.hostname) == (theirs.scheme, theirs.hostname)
    else:
        same = (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)
    root = ours.path.rstrip("/")
    below = theirs.path.rstrip("/") == root or theirs.path.startswith(f"{root}/")
    return bool(callback) and same and below and ".." not in unquote(theirs.path)


def normalized(scope: str) -> list[str]:
    """Return the scopes GitHub grants: the known ones, without those another includes."""
    known = {word for word in scope.replace(",", " ").split() if word in SCOPES}
    included: set[str] = set().union(*(INCLUDES.get(word, set()) for word in known))
    return sorted(known - included)


async def fields_of(request: web.Request) -> dict[str, str]:
    """Return the request's values, wherever they are: query, form, or JSON."""
    values: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        values |= await request.json()
    elif request.method == "POST":
        values |= await request.post()
    if request.headers.get("Authorization", "").startswith("Basic "):
        basic = BasicAuth.decode(request.headers["Authorization"])
        values |= {"client_id": unquote(basic.login), "client_secret": unquote(basic.password)}
    return {name: str(value) for name, value in values.items()}


async def authorize(request: web.Request) -> web.Response:
    """Ask the visitor, and send them back with a code."""
    world, asked = request.app[WORLD], await fields_of(request)
    state = asked.get("state", "")
    if not asked.get("client_id") or asked["client_id"] != world.client_id:
        return page(NOT_FOUND, 404)
    redirect = asked.get("redirect_uri") or world.callback
    if not within(world.callback, redirect):
        return refuse(world.callback, "redirect_uri_mismatch", state)
    if error := objection(asked):
        return refuse(redirect, error, state)
    if not asked.get("login"):
        return ask(request, asked)
    scopes = normalized(asked.get("scope", ""))
    grant = granted(world, "github", asked, redirect, scopes)
    if grant is None:
        return ask(request, asked, "Incorrect username or password.")
    return back(redirect, code=world.issue(world.codes, grant, "", 20), state=state)


def objection(asked: Mapping[str, str]) -> str:
    """Return the error the visitor is sent back with, if there is one."""
    if asked.get("code_challenge") and asked.get("code_challenge_method") != "S256":
        return "invalid_request"
    return "access_denied" if asked.get("authorize") == "0" else ""


def granted(
    world: World, kind: str, asked: Mapping[str, str], redirect: str, scopes: list[str]
) -> Grant | None:
    """Return what the visitor agreed to; nothing if nobody has that login."""
    user = world.find(asked["login"])
    if user is None:
        return None
    return Grant(
        kind,
        user.id,
        scopes,
        redirect,
        asked.get("code_challenge", ""),
        asked.get("nonce", ""),
        time.time() + world.code_lifetime,
    )


def proven(grant: Grant, verifier: str) -> bool:
    """Check PKCE's proof (RFC 7636)."""
    if not grant.challenge:
        return True
    digest = hashlib.sha256(verifier.encode()).digest()
    computed = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return hmac.compare_digest(computed, grant.challenge)


def exchange(world: World, asked: Mapping[str, str]) -> dict[str, str]:
    """Return the token behind a code, or GitHub's words about why there is none."""

    def error(name: str) -> dict[str, str]:
        uri = f"{EXCHANGING}/#{name.replace('_', '-')}"
        return {"error": name, "error_description": TOLD[name], "error_uri": uri}

    if not hmac.compare_digest(asked.get("client_secret", ""), world.client_secret):
        return error("incorrect_client_credentials")
    redirect = asked.get("redirect_uri")
    grant = world.look_up(world.codes, asked.get("code", ""), "github", once=True)
    if grant is None or not proven(grant, asked.get("code_verifier", "")):
        return error("bad_verification_code")
    if redirect and redirect != grant.redirect:
        return error("redirect_uri_mismatch")
    token = world.issue(world.tokens, Grant("github", grant.user, grant.scopes), "gho_", 36)
    return {"access_token": token, "scope": ",".join(grant.scopes), "token_type": "bearer"}


async def access_token(request: web.Request) -> web.Response:
    """Exchange a code; errors come with status 200, as GitHub's do."""
    world, asked = request.app[WORLD], await fields_of(request)
    status = 200
    if asked.get("client_id") != world.client_id:
        status, answer = 404, {"error": "Not Found"}
    else:
        answer = exchange(world, asked)
    headers = {"Cache-Control": "max-age=0, private, must-revalidate"}
    if "json" in request.headers.get("Accept", ""):
        return web.json_response(answer, status=status, headers=headers)
    kind = "application/x-www-form-urlencoded"
    text = urlencode(answer)
    return web.Response(text=text, status=status, content_type=kind, headers=headers)


def add(app: web.Application) -> None:
    app.router.add_get("/login/oauth/authorize", authorize)
    app.router.add_post("/login/oauth/authorize", authorize)
    app.router.add_post("/login/oauth/access_token", access_token)
