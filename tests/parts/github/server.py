"""GitHub and an OpenID Connect provider for the tests, on one port.

What it needs comes from the environment: CLIENT_ID, CLIENT_SECRET, CALLBACK, CONTROL_KEY;
GITHUB_API_ROOT=1 serves the API at / as well, as api.github.com does.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import os
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import api
import oauth
import oidc
from aiohttp import web
from state import WORLD, Refused, World

MODES = ("ok", "error500", "hang", "unauthorized", "limited")
SETTINGS = {
    "callback": str,
    "client_secret": str,
    "code_lifetime": float,
    "lifetime": float,
    "refresh_lifetime": float,
    "rotate": bool,
    "refreshing": bool,
}
UNICORN = """<!DOCTYPE html><html lang="en"><head><title>Unicorn! · GitHub</title></head>
<body><p>We had issues producing the response to your request.</p></body></html>"""
Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


def change(world: World, action: str, values: dict[str, Any]) -> None:
    """Do what the control asks for."""
    actions: dict[str, Callable[..., Any]] = {
        "user": world.put,
        "rename": world.rename,
        "remove": world.remove,
        "revoke": world.revoke,
        "join": lambda login, **rest: world.need(login).join(**rest),
        "leave": lambda login, **rest: world.need(login).leave(**rest),
        "mode": lambda **wanted: set_mode(world, **wanted),
        "set": lambda **wanted: set_values(world, wanted),
        "forget": world.asked.clear,
    }
    if action not in actions:
        raise Refused(f"no action {action!r}; there are {', '.join(actions)}")
    actions[action](**values)


def set_mode(world: World, mode: str, path: str = "") -> None:
    if mode not in MODES:
        raise Refused(f"no mode {mode!r}; there are {', '.join(MODES)}")
    world.mode, world.mode_path = mode, path


def set_values(world: World, wanted: dict[str, Any]) -> None:
    for name, value in wanted.items():
        if name not in SETTINGS:
            raise Refused(f"no setting {name!r}; there are {', '.join(SETTINGS)}")
        setattr(world, name, SETTINGS[name](value))


async def control(request: web.Request) -> web.Response:
    """Change the server's state (POST), or tell what was asked of it (GET)."""
    world = request.app[WORLD]
    if not hmac.compare_digest(request.headers.get("X-Control-Key", ""), world.key):
        return web.json_response({"error": "wrong key"}, status=403)
    if request.method == "POST":
        values = await request.json()
        try:
            change(world, values.pop("action", ""), values)
        except (Refused, TypeError) as refused:
            return web.json_response({"error": str(refused)}, status=400)
    counts = Counter(entry["path"] for entry in world.asked)
    users = [{"id": user.id, "login": user.login} for user in world.users.values()]
    return web.json_response({"counts": counts, "requests": world.asked, "users": users})


def shown(name: str, value: str) -> str:
    """Return a header's value without what is secret in it."""
    if name == "authorization":
        return f"{value.partition(' ')[0]} …"
    return "…" if name in ("cookie", "referer") else value


async def recorded(request: web.Request) -> dict[str, Any]:
    """Return what is remembered of a request: no token, code or secret is."""
    headers = {name: shown(name.lower(), value) for name, value in request.headers.items()}
    form = list(await request.post()) if request.method == "POST" else []
    return {
        "time": time.time(),
        "method": request.method,
        "path": request.path,
        "headers": headers,
        "query": list(request.query),
        "form": form,
        "scope": request.query.get("scope", ""),
        "status": None,
    }


@web.middleware
async def watched(request: web.Request, handler: Next) -> web.StreamResponse:
    """Remember the request, and answer it as the mode says."""
    if request.path == "/_control":
        return await handler(request)
    world, entry = request.app[WORLD], await recorded(request)
    world.asked.append(entry)
    mode = world.mode_of(request.path)
    while mode == "hang":
        await asyncio.sleep(0.05)
        mode = world.mode_of(request.path)
    if mode == "error500":
        answer: web.StreamResponse = oauth.page(UNICORN, 500)
    elif request.path.startswith(("/api/", "/user", "/orgs/")) and no_agent(request):
        answer = web.Response(status=403, text="Request forbidden by administrative rules.")
    else:
        answer = await handled(request, handler)
    entry["status"] = answer.status
    return answer


def no_agent(request: web.Request) -> bool:
    return not request.headers.get("User-Agent")


async def handled(request: web.Request, handler: Next) -> web.StreamResponse:
    """Answer as the route says; what has no route is not found in GitHub's words."""
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        if request.path.startswith("/login/"):
            return oauth.page(oauth.NOT_FOUND, 404)
        return api.problem(404, "Not Found")


def application() -> web.Application:
    app = web.Application(middlewares=[watched])
    app[WORLD] = World(
        client_id=os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
        callback=os.environ["CALLBACK"],
        key=os.environ["CONTROL_KEY"],
    )
    oauth.add(app)
    oidc.add(app)
    api.add(app, "/api/v3")
    if os.environ.get("GITHUB_API_ROOT") == "1":
        api.add(app, "")
    app.router.add_get("/_control", control)
    app.router.add_post("/_control", control)
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", help="address to listen on; all without it")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--cert", help="with --key: speak HTTPS")
    parser.add_argument("--key")
    options = parser.parse_args()
    context = None
    if options.cert:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.cert, options.key)
    web.run_app(
        application(),
        host=options.host,
        port=options.port,
        ssl_context=context,
        shutdown_timeout=0.1,
        access_log=None,
    )


if __name__ == "__main__":
    main()
