"""What every way to sign in promises, whichever AUTH names."""

from __future__ import annotations

import logging

import pytest
from tornado.web import HTTPError
from traitlets.config import Config

from hubkit import auth, stack
from hubkit.auth.guard import Guard
from hubkit.auth.policy import Policy
from hubkit.auth.several import KitMultiAuthenticator, prefix
from hubkit.errors import ConfigError
from hubkit.settings import check
from hubkit.userlist import Userlist

PEOPLE = Userlist(members=("ada", "grace"), admins=("ada",))
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
}
ALLOW = {"native": "", "cilogon": "organisation"}  # others: userlist

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


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Keep the register and the log in a folder of this test."""
    monkeypatch.setattr(stack, "REGISTER", tmp_path / "people.sqlite")
    monkeypatch.setattr(stack, "AUDIT_LOG", tmp_path / "sign-ins.log")
    monkeypatch.setattr(auth.keeper, "follow", lambda _: None)  # it would follow in other tests
    monkeypatch.setattr(stack, "COOKIE_SECRET", tmp_path / "cookie_secret")
    (tmp_path / "cookie_secret").write_bytes(b"ab" * 32)


@pytest.fixture
def build(db):
    """Return a function that builds the authenticator as the hub does."""

    def built(*words, **more):
        c = Config()
        auth.configure(c, settings(environ(*words, **more)), PEOPLE)
        return c.JupyterHub.authenticator_class(config=c, _deprecated_db_session=db)

    return built


def model(word, **told):
    """Return what a provider proved, with *told* in place of its own words."""
    key, said, _ = ACCOUNTS[word]
    return {"name": "ada", "auth_state": {key: {**said, **told}}}


def test_all_are_here():
    """A provider added to the table is added here too."""
    assert set(NEEDED) == set(EVERY)
    assert set(ACCOUNTS) == set(BY_OAUTH)


@pytest.mark.parametrize("word", EVERY)
def test_least_settings(word):
    """What the provider needs is enough."""
    assert problems(word) == []


@pytest.mark.parametrize("word", EVERY)
def test_built(build, word, caplog):
    """The authenticator is a guard known by the word in AUTH, and every trait exists."""
    with caplog.at_level(logging.WARNING, "traitlets"):
        made = build(word)

    assert isinstance(made, Guard)
    assert made.way == word
    assert made.asks_again or word not in BY_OAUTH
    assert "not recognized" not in caplog.text
    assert made.enable_auth_state
    assert made.auth_refresh_age > 0


@pytest.mark.parametrize("word", EVERY)
async def test_the_guard_decides(build, word):
    """No rule of a provider's own lets anybody in, and none makes administrators."""
    made = build(word)

    assert (made.allow_all, made.allow_existing_users) == (False, False)
    assert not await made.check_allowed("mallory", {"name": "mallory", "groups": []})
    for rule in ("allowed_groups", "admin_groups", "allowed_organizations", "allowed_scopes"):
        assert not getattr(made, rule, None)


@pytest.mark.parametrize("word", EVERY)
def test_groups_as_declared(build, word):
    """Groups become the hub's where the provider declares that it knows them."""
    declared = auth.PROVIDERS[word].groups
    made = build(word, **({"LDAP_GROUP_BASE": "ou=groups,o=x"} if word == "ldap" else {}))

    assert made.manage_groups == declared


def named(word):
    """Return one row for each setting *word* cannot do without."""
    either = {"LDAP_BIND_DN"}  # or another in its place
    return [pytest.param(word, name, id=f"{word}-{name}") for name in {*NEEDED[word]} - either]


@pytest.mark.parametrize(("word", "name"), [row for word in EVERY for row in sorted(named(word))])
def test_mandatory(word, name):
    """A setting that is missing is reported by its name, with where to get it."""
    written = environ(word)
    del written[name]

    found = auth.problems(settings(written))

    assert any(problem.what.startswith(f"{name}=") for problem in found)
    assert all(problem.wrong and problem.cure for problem in found)
    assert SECRET not in "\n".join(map(str, found))


@pytest.mark.parametrize("word", OUTSIDE)
def test_nothing_set(word):
    """All that is missing is reported at once, whom to let in included."""
    found = auth.problems(settings({"AUTH": word}))

    said = {problem.what.partition("=")[0] for problem in found}
    either = {"LDAP_BIND_DN"}
    assert said >= {"ALLOW", *NEEDED[word]} - either


@pytest.mark.parametrize("word", BY_OAUTH)
def test_secret_with_spaces(word):
    """A client id or secret copied with something besides is found; a secret is not shown."""
    client = auth.PROVIDERS[word].client
    wrong = {f"{client}_CLIENT_ID": "my hub", f"{client}_CLIENT_SECRET": f"{SECRET} \t{SECRET}"}

    identity, secret = problems(word, **wrong)

    assert identity.what == f"{client}_CLIENT_ID=my hub"
    assert secret.what == f"{client}_CLIENT_SECRET=(hidden)"
    assert SECRET not in f"{identity}{secret}"


@pytest.mark.parametrize("word", BY_OAUTH)
@pytest.mark.parametrize("others", [(), ("native",)])
def test_callback(build, word, others):
    """People are sent back to where the hub expects them, alone and beside another way."""
    words = (*others, word)
    made = build(*words, HUB_DOMAIN="hub.example.org", HTTPS_PORT="8443")
    own = made._authenticators[-1] if others else made
    page = prefix(word, {one: auth.PROVIDERS[one] for one in words})

    assert isinstance(made, KitMultiAuthenticator) == bool(others)
    assert own.oauth_callback_url == f"https://hub.example.org:8443/hub{page}/oauth_callback"
    assert f"{page}/oauth_callback" in [path for path, _ in made.get_handlers(None)]
    assert own.client_secret == SECRET


@pytest.mark.parametrize("word", BY_OAUTH)
def test_callback_given(build, word):
    """An address for people to come back to is taken as it is, and must lead to the hub."""
    domain, path = {"HUB_DOMAIN": "hub.example.org"}, "/hub/oauth_callback"
    right = f"https://hub.example.org:8443{path}"

    assert build(word, OAUTH_CALLBACK_URL=right, **domain).oauth_callback_url == right
    [elsewhere] = problems(word, OAUTH_CALLBACK_URL=f"https://old.example.org{path}", **domain)
    assert "HUB_DOMAIN=hub.example.org" in elsewhere.wrong
    [deeper] = problems(word, OAUTH_CALLBACK_URL=f"https://hub.example.org/x{path}", **domain)
    assert f"must end in {path} " in deeper.wrong
    [beside] = problems("native", word, OAUTH_CALLBACK_URL=right, **domain)
    assert f"must end in /hub/{word}/oauth_callback " in beside.wrong


def test_one_callback_for_two():
    """One address cannot serve two providers; without it each has its own."""
    words = ("github", "generic-oauth")
    given = {"HUB_DOMAIN": "h.example.org"}

    assert problems(*words, **given) == []
    url = "https://h.example.org/hub/oauth_callback"
    [found] = problems(*words, OAUTH_CALLBACK_URL=url, **given)
    assert found.wrong == "cannot serve both github and generic-oauth."


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


@pytest.mark.parametrize("word", BY_OAUTH)
def test_limits(build, word):
    """Every request ends, proves whom it is sent to, and takes no secret elsewhere."""
    made = build(word, OAUTH_CA_FILE="secrets/ca.crt")

    wanted = made.http_request_kwargs
    assert (wanted["connect_timeout"], wanted["request_timeout"]) == (5, 10)
    assert wanted["follow_redirects"] is False
    assert made.validate_server_cert
    public = word == "github"
    assert wanted.get("ca_certs") == (None if public else "/run/hubkit/hub/secrets/ca.crt")


def test_unknown():
    """An unknown AUTH is refused with the names there are; nothing is configured."""
    c = Config()

    with pytest.raises(ConfigError) as refused:
        auth.configure(c, settings({"AUTH": "github2"}), PEOPLE)

    [problem] = refused.value.problems
    assert problem.what == "AUTH=github2"
    assert all(word in problem.wrong for word in EVERY)
    assert not c


def test_tenant_of_everybody():
    """AUTH=azuread is for one tenant: in others strangers choose their own names."""
    for tenant in ("", "/common", "/organizations", "/consumers", f"{AZURE[33:]}/v2.0"):
        url = f"https://login.microsoftonline.com{tenant}"
        [found] = problems("azuread", OAUTH_URL=url)
        assert "must name your tenant" in found.wrong


def test_policies_known():
    """What a provider declares are words of ALLOW."""
    words = {word for one in auth.PROVIDERS.values() for word in one.policies}
    assert words <= {"userlist", "organisation", "group", "everyone"}
    assert Policy().allow == {"userlist"}
