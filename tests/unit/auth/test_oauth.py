"""What all OAuth providers are made to do: at a sign-in, and whenever they are asked again."""

from __future__ import annotations

import json
import time

import pytest
from oauthenticator.oauth2 import OAuthenticator
from tornado.httpclient import HTTPClientError
from tornado.web import HTTPError

from hubkit import auth, stack
from hubkit.auth.outage import Outage, Unsaid
from tests.unit.auth.answering import TOKENS, User, model, response


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"", b"null", b'{"error": {"a": 1}}'])
async def test_token_answers(made, body):
    """A token endpoint that answers something else is an outage, not a failure of the hub."""
    built = made(auth.github.KitGitHubOAuthenticator, access_token=response(200, body))

    with pytest.raises(Outage):
        await built.get_token_info(None, {})


STORED = {"sub": "7", "preferred_username": "ada", "groups": ["g"]}
FRESH = response(200, {**TOKENS, "access_token": "at2"})
OLD = HTTPClientError(401, response=response(401))


def oidc(made, **answers):
    traits = {
        "issuer": "https://sso.x.org",
        "token_url": "https://sso.x.org/token",
        "userdata_url": "https://sso.x.org/me",
        "username_claim": "preferred_username",
    }
    built = made(auth.generic.KitGenericOAuthenticator, traits, **answers)
    built.looked_up = time.monotonic()
    return built


async def look(built):
    """Ask about somebody who is in."""
    return await auth.oauth.KitOAuth.refresh_user(built, User(model(built)["auth_state"]))


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"me": [OLD], "token": OSError("down")}, id="no connection"),
        pytest.param({"me": [OLD], "token": RuntimeError("zlib")}, id="what cannot be unpacked"),
        pytest.param({"me": [OLD], "token": response(503)}, id="tokens unavailable"),
        pytest.param({"me": [OLD], "token": response(400, b"[" * 10**5)}, id="nested"),
        pytest.param({"me": [OLD], "token": response(401, {"error": "invalid_client"})}, id="ours"),
        pytest.param({"me": [OLD, response(502)], "token": FRESH}, id="down after that"),
        pytest.param({"me": [OLD, response(200, {})], "token": FRESH}, id="nothing said"),
        pytest.param({"me": [response(200, {"sub": "7"})]}, id="no name"),
        pytest.param({"me": [response(405)]}, id="something between"),
        pytest.param({"me": [RuntimeError("x")]}, id="no answer that can be read"),
    ],
)
async def test_no_answer_is_no_no(made, answers):
    """Whatever keeps a provider from an answer, nobody has to sign in again for it."""
    with pytest.raises(Unsaid):
        await look(oidc(made, **answers))


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"me": [OLD], "token": response(400, {"error": "invalid_grant"})}, id="spent"),
        pytest.param({"me": [OLD, OLD], "token": FRESH}, id="refused with a fresh token"),
    ],
)
async def test_a_no_is_one(made, answers):
    """A provider that does not know the tokens any more is believed."""
    assert await look(oidc(made, **answers)) is False


@pytest.mark.parametrize("again", [False, True])
async def test_unreadable_groups(made, again, monkeypatch):
    """Groups that are not as they always were end nothing, with old tokens and with fresh ones."""
    told = response(200, STORED)
    built = oidc(made, me=[OLD, told] if again else [told], token=FRESH)

    async def broken(_):
        raise KeyError("slug")

    monkeypatch.setattr(built, "groups_of", broken)
    with pytest.raises(Unsaid) as raised:
        await look(built)

    assert not isinstance(raised.value, Outage)  # others are asked about
    with pytest.raises(KeyError):  # at a sign-in the log says where it was
        await built.get_user_groups({})


@pytest.mark.parametrize("told", [STORED, {}])
async def test_nobody_without_identity(made, told, monkeypatch):
    """Who has no number at the provider is refused, and that is written down."""
    built = oidc(made)

    async def proved(*_, **__):
        return model(built, **told)

    monkeypatch.setattr(OAuthenticator, "authenticate", proved)
    if told:
        assert (await auth.oauth.KitOAuth.authenticate(built, None))["name"] == "ada"
        return
    with pytest.raises(HTTPError, match="did not say what this hub needs"):
        await built.authenticate(None)
    line = json.loads(stack.AUDIT_LOG.read_text())
    assert (line["result"], line["way"]) == ("failed", "generic-oauth")
    assert "did not say what this hub needs" in line["reason"]


async def test_tokens_are_not_shown(made, caplog, monkeypatch):
    """Whatever OAuthenticator says about an answer it cannot use, nobody reads a token in it."""
    built = made(auth.github.KitGitHubOAuthenticator)

    async def broken(*_, **__):
        raise HTTPError(500, "Bad response: {'access_token': 'gho_secret'}")

    monkeypatch.setattr(OAuthenticator, "authenticate", broken)
    with pytest.raises(HTTPError) as refused:
        await auth.oauth.KitOAuth.authenticate(built, None)

    assert refused.value.status_code == 503
    assert "gho_secret" not in refused.value.log_message + caplog.text
