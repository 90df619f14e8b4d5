"""What single OAuth providers are made to do beyond what all do; `tests/signin` asks real ones."""

from __future__ import annotations

import json

import jwt
import pytest
from tornado.web import HTTPError

from hubkit import auth
from hubkit.auth.outage import Outage, Unsaid
from tests.unit.auth.answering import TOKENS, User, model, response


def id_token(**told):
    return jwt.encode({"aud": "hub", "oid": "7", **told}, "k" * 32, algorithm="HS256")


def azure(made, **answers):
    traits = {"client_id": "hub", "tenant_id": "t", "username_claim": "preferred_username"}
    return made(auth.azuread.KitAzureAdOAuthenticator, traits, **answers)


async def test_azure_is_asked_again(made):
    """An id token that is stored says nothing about now: Microsoft gives a new one."""
    fresh = id_token(preferred_username="ada", groups=["g2"])
    answer = {**TOKENS, "id_token": fresh}
    built = azure(made, token=response(200, answer))
    stored = built.build_auth_state_dict({**TOKENS, "id_token": id_token(groups=["g1"])}, {})

    refreshed = await auth.oauth.KitOAuth.refresh_user(built, User(stored))

    assert refreshed["groups"] == ["g2"]
    assert [request.method for request in built.http_client.asked] == ["POST"]


async def test_azure_leaves_groups_out(made):
    """More groups than fit are no reason to throw anybody out, nor to ask about nobody."""
    built = azure(made)
    state = model(built, _claim_names={"groups": "src1"})["auth_state"]

    with pytest.raises(Unsaid) as raised:
        await built.get_user_groups(state)

    assert not isinstance(raised.value, Outage)


GOOGLE = {"id": "7", "email": "ada@corp.org", "verified_email": True}


@pytest.mark.parametrize(
    ("told", "refusal"),
    [
        ({"hd": "corp.org"}, ""),
        ({}, "not one of the organisation"),  # an address there, but no account of theirs
        ({"hd": "evil.org"}, "not one of the organisation"),
        ({"hd": "corp.org", "verified_email": False}, "unverified email"),
    ],
)
async def test_google_domain(made, told, refusal):
    """The organisation's accounts come in by Google's word, not by an address."""
    built = made(auth.google.KitGoogleOAuthenticator, {"hosted_domain": ["Corp.org"]})
    info = {**GOOGLE, **told}
    assert built.user_info_to_username(info) == "ada"
    authenticated = model(built, **info)

    assert refusal in await built._refusal({**authenticated, "groups": []})
    if not refusal:
        assert await built.get_user_groups(authenticated["auth_state"]) == {"corp.org"}


async def test_auth0_unverified(made):
    """Addresses Auth0 has not verified are refused, and so is an account without one."""
    built = made(auth.auth0.KitAuth0OAuthenticator, {"auth0_domain": "x.auth0.com"})

    told = model(built, sub="7", email="ada@x.org", email_verified=False)
    assert "unverified email" in await built._refusal(told)
    assert "did not say what this hub needs" in await built._refusal(model(built, sub="7"))


async def test_gitlab(made):
    """Who somebody is and where they belong comes in one answer."""
    told = {"sub": "7", "nickname": "ada", "groups": ["team", "team/tools"]}
    traits = {"userdata_url": "https://gitlab.com/oauth/userinfo", "username_claim": "nickname"}
    built = made(auth.gitlab.KitGitLabOAuthenticator, traits, userinfo=response(200, told))

    refreshed = await auth.oauth.KitOAuth.refresh_user(built, User(model(built)["auth_state"]))

    assert (refreshed["name"], refreshed["groups"]) == ("ada", ["team", "team/tools"])
    assert built.identity(refreshed) == "gitlab:7"
    assert "in none" not in await built._refusal(refreshed)


async def test_bitbucket_workspaces(made):
    """Workspaces come in pages, by the names that stand in addresses."""
    first = {
        "values": [{"workspace": {"slug": "one"}}],
        "next": f"{auth.bitbucket.API}user/workspaces",
    }
    pages = [response(200, first), response(200, {"values": [{"workspace": {"slug": "two"}}]})]
    built = made(auth.bitbucket.KitBitbucketOAuthenticator, workspaces=pages)

    assert await built.get_user_groups(model(built)["auth_state"]) == {"one", "two"}


async def test_cilogon(made):
    """People of the named institutions come in; others are told they do not."""
    idp = "https://idp.example.edu/shibboleth"
    derived = {"username_derivation": {"username_claim": "email"}}
    built = made(auth.cilogon.KitCILogonOAuthenticator, {"idps": {idp: derived}})
    told = {"sub": "7", "email": "ada@x.edu", "idp": idp}

    assert built.user_info_to_username(told) == "ada@x.edu"
    assert await built.get_user_groups(model(built, **told)["auth_state"]) == {idp}
    with pytest.raises(HTTPError, match="not pre-configured"):
        built.user_info_to_username({**told, "idp": "https://evil.test"})


async def test_globus_keeps_tokens(made):
    """A name is whole, and no token of Globus' other services is kept or given to servers."""
    traits = {"username_claim": "preferred_username"}
    built = made(auth.globus.KitGlobusOAuthenticator, traits)
    tokens = {**TOKENS, "other_tokens": [{"access_token": "transfer"}]}

    assert built.user_info_to_username({"preferred_username": "ada@x.edu"}) == "ada@x.edu"
    assert "transfer" not in json.dumps(built.build_auth_state_dict(tokens, {}))
    assert await built.pre_spawn_start(None, None) is None
