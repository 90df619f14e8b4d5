"""An OpenID Connect provider beside GitHub, in Keycloak's manner."""

from __future__ import annotations

import hmac
import time
import uuid
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from api import bearer
from oauth import ask, back, fields_of, granted, page, proven, within
from state import WORLD, Grant, User, World

try:
    import jwt
    from cryptography.hazmat.primitives.asymmetric import rsa
    from jwt.algorithms import RSAAlgorithm

    KEY: Any = rsa.generate_private_key(public_exponent=65537, key_size=2048)
except ImportError:  # then there are no id tokens
    KEY = None
KEY_ID = uuid.uuid4().hex
SCOPES = ["openid", "profile", "email", "offline_access"]


class Fault(Exception):
    """An answer of the token endpoint that is no token (RFC 6749, 5.2)."""

    def __init__(self, status: int, error: str, description: str):
        super().__init__(error)
        self.status, self.body = status, {"error": error, "error_description": description}


def issuer(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}/oidc"


async def configuration(request: web.Request) -> web.Response:
    root = issuer(request)
    ends = {
        "authorization_endpoint": "authorize",
        "token_endpoint": "token",
        "userinfo_endpoint": "userinfo",
        "jwks_uri": "jwks",
        "end_session_endpoint": "logout",
    }
    body = {
        "issuer": root,
        **{name: f"{root}/{path}" for name, path in ends.items()},
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": SCOPES,
        "claims_supported": ["sub", "iss", "preferred_username", "name", "email", "groups"],
        "authorization_response_iss_parameter_supported": True,
    }
    return web.json_response(body)


async def authorize(request: web.Request) -> web.Response:
    """Ask the visitor, and send them back with a code."""
    world, asked = request.app[WORLD], await fields_of(request)
    redirect = asked.get("redirect_uri", "")
    if asked.get("client_id") != world.client_id:
        return page("<h1>We are sorry...</h1><p>Client not found.</p>", 400)
    if not within(world.callback, redirect):
        return page("<h1>We are sorry...</h1><p>Invalid parameter: redirect_uri</p>", 400)
    common = {"state": asked.get("state", ""), "iss": issuer(request)}
    if error := objection(asked):
        return back(redirect, error=error[0], error_description=error[1], **common)
    if not asked.get("login"):
        return ask(request, asked)
    scopes = [word for word in asked.get("scope", "").split() if word in SCOPES]
    grant = granted(world, "oidc", asked, redirect, scopes)
    if grant is None:
        return ask(request, asked, "Invalid username or password.")
    code = world.issue(world.codes, grant, f"{uuid.uuid4()}.", 36)
    return back(redirect, code=code, **common)


def objection(asked: Mapping[str, str]) -> tuple[str, str] | None:
    """Return error and description, if the request cannot be granted."""
    if asked.get("response_type") != "code":
        return "unsupported_response_type", "Invalid parameter: response_type"
    if asked.get("code_challenge") and asked.get("code_challenge_method") != "S256":
        return "invalid_request", "Invalid parameter: code challenge method is not matching"
    if asked.get("authorize") == "0":
        return "access_denied", "User denied consent"
    return None


def claims(user: User, grant: Grant) -> dict[str, Any]:
    """Return what the granted scopes tell about *user*."""
    told: dict[str, Any] = {"sub": user.sub, "groups": sorted(user.groups)}
    if grant.has("profile"):
        told |= {"preferred_username": user.login, "name": user.name or user.login}
    if grant.has("email") and user.email:
        told |= {"email": user.email, "email_verified": user.email_verified}
    return told


def redeemed(world: World, asked: Mapping[str, str]) -> Grant:
    """Return what stands behind a code or a refresh token."""
    if asked.get("grant_type") == "refresh_token":
        word = asked.get("refresh_token", "")
        grant = world.look_up(world.refresh, word, "oidc", once=world.rotate)
        if grant is None:
            raise Fault(400, "invalid_grant", "Token is not active")
        return grant
    if asked.get("grant_type") != "authorization_code":
        raise Fault(400, "unsupported_grant_type", "Unsupported grant_type")
    grant = world.look_up(world.codes, asked.get("code", ""), "oidc", once=True)
    if grant is None:
        raise Fault(400, "invalid_grant", "Code not valid")
    if asked.get("redirect_uri") != grant.redirect:
        raise Fault(400, "invalid_grant", "Incorrect redirect_uri")
    if not proven(grant, asked.get("code_verifier", "")):
        raise Fault(400, "invalid_grant", "PKCE verification failed: Code mismatch")
    return grant


def tokens(world: World, root: str, asked: Mapping[str, str]) -> dict[str, Any]:
    """Return the tokens for a code or a refresh token."""
    right = hmac.compare_digest(asked.get("client_secret", ""), world.client_secret)
    if asked.get("client_id") != world.client_id or not right:
        raise Fault(401, "unauthorized_client", "Invalid client or Invalid client credentials")
    grant, now = redeemed(world, asked), time.time()

    def lasting(seconds: float) -> Grant:
        return Grant("oidc", grant.user, grant.scopes, nonce=grant.nonce, expires=now + seconds)

    answer: dict[str, Any] = {
        "access_token": world.issue(world.tokens, lasting(world.lifetime), "at-", 48),
        "expires_in": int(world.lifetime),
        "token_type": "Bearer",
        "not-before-policy": 0,
        "scope": " ".join(grant.scopes),
    }
    if world.refreshing:
        kept = lasting(world.refresh_lifetime)
        answer["refresh_token"] = world.issue(world.refresh, kept, "rt-", 48)
        answer["refresh_expires_in"] = int(world.refresh_lifetime)
    if KEY and grant.has("openid"):
        times = {"iat": int(now), "exp": int(now + world.lifetime), "jti": str(uuid.uuid4())}
        body = {**claims(world.users[grant.user], grant), **times, "iss": root, "typ": "ID"}
        body |= {"aud": world.client_id, "azp": world.client_id}
        body |= {"nonce": grant.nonce} if grant.nonce else {}
        answer["id_token"] = jwt.encode(body, KEY, "RS256", headers={"kid": KEY_ID})
    return answer


async def token(request: web.Request) -> web.Response:
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    asked = await fields_of(request)
    try:
        answer = tokens(request.app[WORLD], issuer(request), asked)
    except Fault as fault:
        return web.json_response(fault.body, status=fault.status, headers=headers)
    return web.json_response(answer, headers=headers)


async def userinfo(request: web.Request) -> web.Response:
    world = request.app[WORLD]
    grant = world.look_up(world.tokens, bearer(request), "oidc")
    if grant is None or world.mode_of(request.path) == "unauthorized":
        return challenge(401, "invalid_token", "Token verification failed")
    if not grant.has("openid"):
        return challenge(403, "insufficient_scope", "Missing openid scope")
    return web.json_response(claims(world.users[grant.user], grant))


def challenge(status: int, error: str, description: str) -> web.Response:
    """Refuse a token (RFC 6750)."""
    said = f'Bearer realm="test", error="{error}", error_description="{description}"'
    body = {"error": error, "error_description": description}
    return web.json_response(body, status=status, headers={"WWW-Authenticate": said})


async def jwks(_: web.Request) -> web.Response:
    if KEY is None:
        return web.json_response({"keys": []})
    public = RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
    return web.json_response({"keys": [{**public, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]})


async def logout(request: web.Request) -> web.Response:
    target = request.query.get("post_logout_redirect_uri", "")
    if target:
        return back(target, state=request.query.get("state", ""))
    return page("<h1>You are logged out</h1>")


def add(app: web.Application) -> None:
    app.router.add_get("/oidc/.well-known/openid-configuration", configuration)
    app.router.add_get("/oidc/authorize", authorize)
    app.router.add_post("/oidc/authorize", authorize)
    app.router.add_post("/oidc/token", token)
    for method in ("GET", "POST"):
        app.router.add_route(method, "/oidc/userinfo", userinfo)
    app.router.add_get("/oidc/jwks", jwks)
    app.router.add_get("/oidc/logout", logout)
