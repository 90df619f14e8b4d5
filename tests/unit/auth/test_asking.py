"""What a provider's answers mean, and how many of its pages are asked for."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders

from hubkit import auth
from hubkit.auth.asking import MOST_PAGES, is_outage
from hubkit.auth.oauth import names_in
from hubkit.auth.outage import Outage, Unsaid
from tests.unit.auth.answering import model


def response(status, content=None, **headers):
    fields = HTTPHeaders({name.replace("_", "-"): value for name, value in headers.items()})
    body = BytesIO(json.dumps(content).encode())
    return HTTPResponse(HTTPRequest("https://x/"), status, headers=fields, buffer=body)


@pytest.mark.parametrize(
    ("claim", "told", "names"),
    [
        pytest.param("groups", {"groups": ["a", "b"]}, ["a", "b"], id="a list"),
        pytest.param("groups", {"groups": "staff"}, ["staff"], id="one name is no row of letters"),
        pytest.param("groups", {}, [], id="none"),
        pytest.param("groups", {"groups": None}, [], id="null"),
        pytest.param("groups", {"groups": [{"id": 1}, "a"]}, ["a"], id="what is no name"),
        pytest.param("realm.roles", {"realm": {"roles": ["a"]}}, ["a"], id="a path"),
        pytest.param("realm.roles", {"realm": ["roles"]}, [], id="a path that ends"),
        pytest.param("https://x.org/g", {"https://x.org/g": ["a"]}, ["a"], id="a name with dots"),
    ],
)
def test_names_in(claim, told, names):
    """Groups are found wherever a provider lists them, and nothing else is taken for one."""
    assert names_in(told, claim) == names


@pytest.mark.parametrize(
    ("error", "out"),
    [
        (response(401), False),
        (response(403, {"message": "Your account was suspended."}), False),
        (response(403, {"message": "x"}, X_RateLimit_Remaining="0"), True),
        (response(403, {"message": "x"}, Retry_After="60"), True),
        (response(403, {"message": "You have exceeded a secondary rate limit."}), True),
        (response(429), True),
        (response(404), True),
        (response(302), True),
        (response(400), False),
        (response(407), True),
        (response(421), True),
        (response(431), True),
        (response(500), True),
        (response(503), True),
    ],
)
def test_is_outage(error, out):
    """A provider that says no is told apart from one that cannot say."""
    assert is_outage(HTTPClientError(error.code, response=error)) is out


def test_client_nobody_knows():
    """GitHub says "not found" to a hub that is not registered: that will not pass by itself."""
    assert not is_outage(HTTPClientError(404, response=response(404)), "POST")


async def test_pages_stay_at_home(made):
    """A next page elsewhere is not asked for: the token would go there."""
    elsewhere = '<https://evil.test/user/orgs?page=2>; rel="next"'
    built = made(auth.github.KitGitHubOAuthenticator, orgs=response(200, [], Link=elsewhere))

    with pytest.raises(Outage):
        await built.get_user_groups(model(built)["auth_state"])

    assert len(built.http_client.asked) == 1


async def test_too_many_pages(made):
    """Who belongs to more than can be read is a matter of theirs, and of nobody else."""
    more = response(200, [], Link='<https://api.github.com/user/orgs?page=2>; rel="next"')
    built = made(auth.github.KitGitHubOAuthenticator, orgs=more)

    with pytest.raises(Unsaid) as raised:
        await built.get_user_groups(model(built)["auth_state"])

    assert not isinstance(raised.value, Outage)
    assert len(built.http_client.asked) == MOST_PAGES
