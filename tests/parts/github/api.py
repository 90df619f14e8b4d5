"""GitHub's REST API, as far as signing in needs it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from shapes import DATES, Call, account, organization, team
from state import WORLD

REST = "https://docs.github.com/rest"
LIMIT = 5000
ORGS_SCOPE = "You need at least read:org scope or user scope to list your organizations."


Handler = Callable[[Call], Awaitable[web.Response]]


def problem(status: int, message: str, docs: str = REST) -> web.Response:
    body = {"message": message, "documentation_url": docs, "status": str(status)}
    return web.json_response(body, status=status)


async def user(call: Call) -> web.Response:
    person = call.user
    empty = dict.fromkeys(("company", "location", "hireable", "bio", "twitter_username"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    body = {
        **account(call, person.login, person.id),
        **empty,
        **counts,
        "name": person.name,
        "blog": "",
        "email": person.email if person.email_public else None,
        "notification_email": person.email if person.email_public else None,
        **DATES,
    }
    return web.json_response(body)


async def emails(call: Call) -> web.Response:
    if not call.grant.has("user:email"):
        return problem(404, "Not Found", f"{REST}/users/emails")
    person = call.user
    hidden = f"{person.id}+{person.login}@users.noreply.github.com"
    listed: list[dict[str, Any]] = [
        {"email": hidden, "primary": not person.email, "verified": True, "visibility": None}
    ]
    if person.email:
        seen = "public" if person.email_public else "private"
        entry = {"email": person.email, "primary": True, "verified": person.email_verified}
        listed.insert(0, {**entry, "visibility": seen})
    return paged(call, listed)


async def orgs(call: Call) -> web.Response:
    if not call.grant.has("read:org", "user"):
        return problem(403, ORGS_SCOPE, f"{REST}/orgs/orgs")
    hidden = not call.grant.has("read:org")
    names = [n for n in sorted(call.user.orgs) if call.user.is_in(n, publicly=hidden)]
    return paged(call, [organization(call, name) for name in names])


async def teams(call: Call) -> web.Response:
    if not call.grant.has("read:org"):
        return problem(404, "Not Found", f"{REST}/teams/teams")
    return paged(call, [team(call, *pair) for pair in sorted(call.user.teams)])


async def member(call: Call) -> web.Response:
    """Answer 204 or 404 to a member of the organization; send others to the public list."""
    org, login = call.named("org"), call.named("login")
    if not (call.grant.has("read:org") and call.user.is_in(org)):
        location = f"{call.api}/orgs/{org}/public_members/{login}"
        return web.Response(status=302, headers={"Location": location})
    found = call.world.find(login)
    return yes_or_no(found is not None and found.is_in(org), "orgs/members")


async def public_member(call: Call) -> web.Response:
    found = call.world.find(call.named("login"))
    is_in = found is not None and found.is_in(call.named("org"), publicly=True)
    return yes_or_no(is_in, "orgs/members")


async def team_member(call: Call) -> web.Response:
    found = call.world.find(call.named("login"))
    asker = call.grant.has("read:org") and call.user.is_in(call.named("org"))
    is_in = asker and found is not None and found.is_in(call.named("org"), call.named("team"))
    if not is_in or "/memberships/" not in call.request.path:
        return yes_or_no(is_in, "teams/members")
    body = {"state": "active", "role": "member", "url": f"{call.web}{call.request.path}"}
    return web.json_response(body)


def yes_or_no(answer: bool, docs: str) -> web.Response:
    if answer:
        return web.Response(status=204)
    return problem(404, "Not Found", f"{REST}/{docs}")


def number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def paged(call: Call, items: list[Any]) -> web.Response:
    """Return one page of *items*, and the way to the others (RFC 8288)."""
    query = call.request.query
    size = min(number(query.get("per_page", "")) or 30, 100)
    page = number(query.get("page", "")) or 1
    last = max(-(-len(items) // size), 1)
    ways: dict[str, int] = {}
    if page > 1:
        ways["prev"] = min(page - 1, last)
    if page < last:
        ways |= {"next": page + 1, "last": last}
    if page > 1:
        ways["first"] = 1
    url = call.request.url
    link = ", ".join(f'<{url.update_query(page=n)}>; rel="{way}"' for way, n in ways.items())
    answer = web.json_response(items[(page - 1) * size : page * size])
    if link and last > 1:
        answer.headers["Link"] = link
    return answer


def bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "token") else ""


def describe(call: Call, accepted: str, answer: web.Response, used: int) -> None:
    """Add what GitHub's headers say."""
    reset = (int(time.time()) // 3600 + 1) * 3600
    answer.headers.update(
        {
            "X-OAuth-Scopes": ", ".join(call.grant.scopes),
            "X-Accepted-OAuth-Scopes": accepted,
            "X-OAuth-Client-Id": call.world.client_id,
            "X-RateLimit-Limit": str(LIMIT),
            "X-RateLimit-Remaining": str(LIMIT - used),
            "X-RateLimit-Used": str(used),
            "X-RateLimit-Reset": str(reset),
            "X-RateLimit-Resource": "core",
        }
    )


def endpoint(handle: Handler, accepted: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        made = await respond(request, handle, accepted)
        made.headers.update(
            {
                "X-GitHub-Media-Type": "github.v3; format=json",
                "X-GitHub-Request-Id": secrets.token_hex(8).upper(),
                "Cache-Control": "private, max-age=60, s-maxage=60",
            }
        )
        return made

    return answer


async def respond(request: web.Request, handle: Handler, accepted: str) -> web.Response:
    world, token = request.app[WORLD], bearer(request)
    grant = world.look_up(world.tokens, token, "github")
    mode = world.mode_of(request.path)
    if not token:
        return problem(401, "Requires authentication")
    if grant is None or mode == "unauthorized":
        return problem(401, "Bad credentials")
    call = Call(request, world, grant, world.users[grant.user])
    if mode == "limited":
        message = f"API rate limit exceeded for user ID {grant.user}."
        made = problem(403, message, f"{REST}/overview/rate-limits-for-the-rest-api")
        describe(call, accepted, made, LIMIT)
        return made
    world.used[grant.user] = world.used.get(grant.user, 0) + 1
    made = await handle(call)
    describe(call, accepted, made, min(world.used[grant.user], LIMIT))
    return made


def add(app: web.Application, root: str) -> None:
    """Serve the API below *root*."""
    org_scopes = "admin:org, read:org, repo, user, write:org"
    routes = {
        "/user": (user, ""),
        "/user/emails": (emails, "user, user:email"),
        "/user/orgs": (orgs, "admin:org, read:org, user, write:org"),
        "/user/teams": (teams, org_scopes),
        "/orgs/{org}/members/{login}": (member, org_scopes),
        "/orgs/{org}/public_members/{login}": (public_member, ""),
        "/orgs/{org}/teams/{team}/members/{login}": (team_member, org_scopes),
        "/orgs/{org}/teams/{team}/memberships/{login}": (team_member, org_scopes),
    }
    for path, (handle, accepted) in routes.items():
        app.router.add_get(root + path, endpoint(handle, accepted))
