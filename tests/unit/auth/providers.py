"""Every word of AUTH: what it needs to be set, and whom it proves."""

from __future__ import annotations

from hubkit import auth
from hubkit.settings import check

SECRET = "s3cret-that-nobody-may-see"
OAUTH = {"OAUTH_CLIENT_ID": "hub", "OAUTH_CLIENT_SECRET": SECRET}
AZURE = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555"
IDP = "https://idp.example.edu/shibboleth"
# What each needs besides AUTH and ALLOW; all of it is mandatory.
NEEDED = {
    "native": {},
    "ldap": {"LDAP_SERVER_HOST": "ldap.example.org", "LDAP_BIND_DN": "uid={username},o=x"},
    "github": {"GITHUB_CLIENT_ID": "hub", "GITHUB_CLIENT_SECRET": SECRET},
    "generic-oauth": {**OAUTH, "OAUTH_URL": "https://sso.example.org/realms/x"},
    "gitlab": OAUTH,
    "google": OAUTH,
    "azuread": {**OAUTH, "OAUTH_URL": AZURE},
    "auth0": {**OAUTH, "OAUTH_URL": "https://example.eu.auth0.com"},
    "bitbucket": OAUTH,
    "cilogon": {**OAUTH, "ALLOWED_ORGANISATIONS": IDP},
    "globus": OAUTH,
    "openshift": {**OAUTH, "OAUTH_URL": "https://api.cluster.example.org:6443"},
    "temporary": {},
}
ALLOW = {"native": "", "temporary": "", "cilogon": "organisation"}  # others: userlist
# Where each provider says who somebody is, and who that is on the hub.
ACCOUNTS = {
    "github": ("github_user", {"id": 7, "login": "ada"}, "github:7"),
    "generic-oauth": (
        "oauth_user",
        {"sub": "7", "preferred_username": "ada"},
        "generic-oauth:sso.example.org/realms/x:7",
    ),
    "gitlab": ("gitlab_user", {"sub": "7", "id": "7", "nickname": "ada"}, "gitlab:7"),
    "google": ("google_user", {"id": "7", "email": "ada@example.org"}, "google:7"),
    "azuread": (
        "user",
        {"tid": "t", "oid": "7", "sub": "s", "preferred_username": "ada"},
        "azuread:t:7",
    ),
    "auth0": (
        "auth0_user",
        {"sub": "7", "email": "ada@example.org"},
        "auth0:example.eu.auth0.com:7",
    ),
    "bitbucket": ("bitbucket_user", {"uuid": "7", "username": "ada"}, "bitbucket:7"),
    "cilogon": ("cilogon_user", {"sub": "7", "email": "ada@example.edu"}, "cilogon:7"),
    "globus": ("globus_user", {"sub": "7", "preferred_username": "ada@x"}, "globus:7"),
    "openshift": (
        "openshift_user",
        {"metadata": {"uid": "7", "name": "ada"}},
        "openshift:api.cluster.example.org:6443:7",
    ),
}
EVERY = sorted(auth.PROVIDERS)
OUTSIDE = sorted(word for word, one in auth.PROVIDERS.items() if one.outside)
BY_OAUTH = sorted(word for word, one in auth.PROVIDERS.items() if one.client)


def environ(*words, **more):
    """Return the least that has to be set for *words* together."""
    allow = {ALLOW.get(word, "userlist") for word in words} - {""}
    if len(words) > 1:
        allow = {*allow, "everyone"}  # the list alone names people of the first
    made = {"AUTH": ",".join(words), "ALLOW": ",".join(sorted(allow))}
    for word in words:
        made |= NEEDED[word]
    return {**made, **more}


def settings(written):
    found, problems = check(written)
    assert problems == []
    return found


def problems(*words, **more):
    return auth.problems(settings(environ(*words, **more)))


def model(word, **told):
    """Return what a provider proved, with *told* in place of its own words."""
    key, said, _ = ACCOUNTS[word]
    return {"name": "ada", "auth_state": {key: {**said, **told}}}
