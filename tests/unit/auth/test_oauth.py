"""What single OAuth providers are made to do beyond what all do; `tests/signin` asks real ones."""

from __future__ import annotations

import json
import time
from io import BytesIO

import jwt
import pytest
from oauthenticator.oauth2 import OAuthenticator
from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders
from tornado.web import HTTPError

from hubkit import auth, stack
from hubkit.auth.asking import MOST_PAGES, Outage, Unsaid

TOKENS = {"access_token": "at", "token_type": "bearer", "refresh_token": "rt"}


def response(status, content=None, **headers):
    body = BytesIO(content if isinstance(content, bytes) else json.dumps(content).encode())
    return HTTPResponse(HTTPRequest("https://x/"), status, HTTPHeaders(headers), buffer=body)


class Client:
    """A provider that answers what it was told, by the path asked for."""

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    async def fetch(self, request, **kwargs):
        self.asked.append(request)
        name = request.url.partition("?")[0].rsplit("/", 1)[-1].replace("-", "_")
        found = self.answers[name]
        found = found.pop(0) if isinstance(found, list) else found
        if isinstance(found, Exception):
            raise found
        if found.code >= 300:
            raise HTTPClientError(found.code, response=found)
        return found


class User:
    """Somebody the hub remembers an auth state of."""

    name = "ada"

    def __init__(self, state):
        self.state = state

    async def get_auth_state(self):
        return self.state


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Return a function that makes an authenticator whose provider answers as told."""
    monkeypatch.setattr(stack, "REGISTER", tmp_path / "people.sqlite")
    monkeypatch.setattr(stack, "AUDIT_LOG", tmp_path / "sign-ins.log")
    monkeypatch.setattr(auth.keeper, "follow", lambda _: None)  # it would follow in other tests

    def make(kind, traits=None, **answers):
        built = kind(enable_auth_state=True, manage_groups=True, **(traits or {}))
        built.http_client = Client(**answers)
        return built

    return make


def model(authenticator, **told):
    state = authenticator.build_auth_state_dict(TOKENS, told)
    return {"name": "ada", "admin": None, "auth_state": state}


async def test_groups_fit_the_database(made):
    """Names the hub's database cannot hold are left out, and nobody fails by them."""
    built = made(auth.generic.KitGenericOAuthenticator)
    state = model(built, groups=["a", " a ", "", " ", "x" * 256])["auth_state"]

    assert await built.get_user_groups(state) == {"a"}


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


@pytest.mark.parametrize("verified", [None, False, "false", True, "true"])
def test_generic_address(made, verified):
    """An address is a name only where the provider has verified it."""
    built = made(auth.generic.KitGenericOAuthenticator, {"username_claim": "email"})
    told = {"email": "ada@x.org", "email_verified": verified}
    if str(verified).lower() == "true":
        assert built.user_info_to_username(told) == "ada@x.org"
    else:
        with pytest.raises(HTTPError, match="has not verified your e-mail"):
            built.user_info_to_username(told)


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


DOCUMENT = {
    "issuer": "https://sso.x.org/realm/",
    "authorization_endpoint": "https://sso.x.org/a",
    "token_endpoint": "https://sso.x.org/t",
    "userinfo_endpoint": "https://sso.x.org/u",
}


@pytest.mark.parametrize(
    "document",
    [
        {**DOCUMENT, "issuer": "https://evil.test"},
        {**DOCUMENT, "token_endpoint": "http://sso.x.org/t"},
        {**DOCUMENT, "userinfo_endpoint": None},
        [],
        None,
    ],
)
async def test_foreign_document(made, document):
    """A document that is none, or of another provider, is not believed."""
    traits = {"issuer": "https://sso.x.org/realm"}
    answer = {"openid_configuration": response(200, document)}
    built = made(auth.generic.KitGenericOAuthenticator, traits, **answer)

    with pytest.raises(Outage):
        await built.ready()

    assert not built.token_url


async def test_known_addresses_last(made):
    """Once known, a provider's addresses serve on while it does not tell them."""
    answers = [response(200, DOCUMENT), HTTPClientError(500), response(403)]
    traits = {"issuer": "https://sso.x.org/realm"}
    built = made(auth.generic.KitGenericOAuthenticator, traits, openid_configuration=answers)

    for _ in range(3):
        await built.ready()
        built.looked_up = time.monotonic() - auth.generic.LOOK_UP_SECONDS - 1

    assert built.token_url == "https://sso.x.org/t"


async def test_openshift(made):
    """A cluster's sign-in is at another host than its API; uid and groups are found."""
    document = {**DOCUMENT, "issuer": "https://oauth.apps.x.org"}
    traits = {"issuer": "https://api.x.org:6443", "openshift_url": "https://api.x.org:6443"}
    answer = {"oauth_authorization_server": response(200, document)}
    built = made(auth.openshift.KitOpenShiftOAuthenticator, traits, **answer)
    await built.ready()
    told = {"metadata": {"name": "ada", "uid": "u7"}, "groups": ["staff"]}
    assert built.authorize_url == "https://sso.x.org/a"
    assert built.userdata_url == "https://api.x.org:6443/apis/user.openshift.io/v1/users/~"
    known = model(built, **told)
    assert (built.user_info_to_username(told), built.identity(known)) == (
        "ada",
        "openshift:api.x.org:6443:u7",
    )
    assert await built.get_user_groups(known["auth_state"]) == {"staff"}
