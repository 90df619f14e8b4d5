"""Who somebody is by a provider's word, and under which name."""

from __future__ import annotations

import pytest
from tornado.web import HTTPError

from tests.unit.auth.providers import ACCOUNTS, BY_OAUTH, IDP, SECRET, model

pytestmark = pytest.mark.usefixtures("places")


@pytest.mark.parametrize("word", BY_OAUTH)
def test_identity(build, word):
    """The account is the provider's own number, whatever its name; without one nobody comes in."""
    made = build(word)

    assert made.identity(model(word)) == ACCOUNTS[word][2]
    assert made.identity({**model(word), "name": "grace"}) == ACCOUNTS[word][2]
    for nothing in ({}, {"auth_state": None}, {"auth_state": {ACCOUNTS[word][0]: {}}}):
        with pytest.raises(HTTPError) as refused:
            made.identity({"name": "ada", **nothing})
        assert refused.value.status_code == 403
        assert "did not say what this hub needs to know" in refused.value.log_message


@pytest.mark.parametrize(
    ("word", "setting", "url", "identity"),
    [
        ("github", "GITHUB_URL", "https://github.com/", "github:7"),
        ("github", "GITHUB_URL", "https://Git.example.org", "github:git.example.org:7"),
        ("github", "GITHUB_URL", "https://git.example.org:443/", "github:git.example.org:7"),
        ("github", "GITHUB_URL", "https://git.example.org:8443", "github:git.example.org:8443:7"),
        ("github", "GITHUB_URL", "https://lab.ghe.com", "github:lab.ghe.com:7"),
        ("gitlab", "OAUTH_URL", "https://gitlab.com/", "gitlab:7"),
        ("gitlab", "OAUTH_URL", "https://x.org/git/", "gitlab:x.org/git:7"),
        ("generic-oauth", "OAUTH_URL", "https://X.org/Realm/", "generic-oauth:x.org/Realm:7"),
        ("generic-oauth", "OAUTH_URL", "https://x.org", "generic-oauth:x.org:7"),
        ("auth0", "OAUTH_URL", "https://other.auth0.com", "auth0:other.auth0.com:7"),
        ("openshift", "OAUTH_URL", "https://api.x.org:6443", "openshift:api.x.org:6443:7"),
    ],
)
def test_identity_of_another_place(build, word, setting, url, identity):
    """The same number elsewhere is somebody else; the first part is the word in AUTH."""
    made = build(word, **{setting: url})

    assert made.identity(model(word)) == identity
    assert identity.partition(":")[0] == word


def test_identity_of_another_tenant(build):
    """What Microsoft says of the tenant counts, not how its address is written."""
    made = build("azuread")

    assert made.identity(model("azuread", tid="other")) == "azuread:other:7"
    with pytest.raises(HTTPError, match="did not say"):
        made.identity(model("azuread", tid=None))


@pytest.mark.parametrize("word", BY_OAUTH)
def test_no_name(build, word, caplog):
    """A provider that tells no name is named in a plain sentence; the record is not logged."""
    made = build(word)

    with pytest.raises(HTTPError) as refused:
        made.user_info_to_username({"sub": SECRET, "idp": IDP})

    assert refused.value.status_code == 403
    assert SECRET not in refused.value.log_message + caplog.text


@pytest.mark.parametrize("word", ["generic-oauth", "gitlab", "azuread", "auth0", "globus"])
@pytest.mark.parametrize("told", [{}, {"email_verified": False}, {"email_verified": "false"}])
def test_address_of_nobody(build, word, told):
    """Where an address is the name, one that is not verified could be that of another."""
    made = build(word, OAUTH_USERNAME_CLAIM="email")
    someone = {"sub": "7", "email": "ada@example.org"}

    with pytest.raises(HTTPError, match="has not verified your e-mail") as refused:
        made.user_info_to_username({**someone, **told})

    assert refused.value.status_code == 403
    assert made.user_info_to_username({**someone, "email_verified": True}) == "ada@example.org"


@pytest.mark.parametrize(("said", "known"), [(True, 1), ("1", 1), (1, 1), (False, 0), ("0", 0)])
def test_address_of_a_tenant(build, said, known):
    """Microsoft says in a claim of its own that the owner of a domain vouches for it."""
    made = build("azuread", OAUTH_USERNAME_CLAIM="email")
    told = {"oid": "7", "email": "ada@example.org", "xms_edov": said}
    if known:
        assert made.user_info_to_username(told) == "ada@example.org"
    else:
        with pytest.raises(HTTPError, match="has not verified your e-mail"):
            made.user_info_to_username(told)
