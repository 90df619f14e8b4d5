"""Providers whose addresses are looked up: any that speaks OpenID Connect, and OpenShift."""

from __future__ import annotations

import time

import pytest
from tornado.httpclient import HTTPClientError
from tornado.web import HTTPError

from hubkit import auth
from hubkit.auth.outage import Outage
from tests.unit.auth.answering import model, response


async def test_groups_fit_the_database(made):
    """Names the hub's database cannot hold are left out, and nobody fails by them."""
    built = made(auth.generic.KitGenericOAuthenticator)
    state = model(built, groups=["a", " a ", "", " ", "x" * 256])["auth_state"]

    assert await built.get_user_groups(state) == {"a"}


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
