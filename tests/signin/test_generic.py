"""AUTH=generic-oauth against an OpenID Connect provider in Keycloak's manner."""

from __future__ import annotations

from time import sleep
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.signin.conftest import RECHECK, Hub
from tests.support import until

SOON = 15  # seconds; a few rechecks and a pause after an outage


@pytest.fixture(scope="module")
def hub(github, tmp_path_factory):
    """Return a hub that was started, and asked for a sign-in, while the provider was down."""
    environ = {
        "AUTH": "generic-oauth",
        "ALLOW": "group",
        "ALLOWED_GROUPS": "staff",
        "ADMIN_GROUPS": "ops",
        "OAUTH_URL": f"{github.issuer}/",
        "OAUTH_CLIENT_ID": github.client_id,
        "OAUTH_CLIENT_SECRET": github.client_secret,
        "OAUTH_CA_FILE": "secrets/ca.pem",
        "CONTACT": "it@example.org",
    }
    made = Hub(tmp_path_factory.mktemp("hub") / "hub", github, environ)
    github.mode("error500")
    try:
        made.start()
        made.first = made.visitor().get("/hub/oauth_login")
        github.mode("ok")
        yield made
        secret = (github.client_secret, "at-", "rt-", "eyJ")
        assert not [word for word in secret if f'"{word}' in made.log() or f"'{word}" in made.log()]
    finally:
        made.stop()


@pytest.fixture(autouse=True)
def lasting(github):
    """Leave the tokens as the next test wants them."""
    yield
    github.set(lifetime=300, refresh_lifetime=1800, rotate=False, refreshing=True)


def test_down_at_start(hub):
    """A provider that is down keeps no hub from starting, and is named to who comes."""
    assert hub.first.status_code == 503
    assert "Your organisation does not answer. Try again in a minute." in hub.first.text
    assert hub.visitor().begin().startswith(hub.github.issuer)


def test_looked_up_once(hub, github):
    """The provider's addresses are looked up once, not for everybody who comes."""
    hub.visitor().begin()
    github.forget()

    for _ in range(3):
        hub.visitor().begin()

    assert not github.counts()


def test_member(hub, github):
    """Groups let in, make administrators and become the hub's."""
    github.user("Ada", groups=["staff", "chess"])
    github.user("otis", groups=["staff", "ops"])

    person = hub.sign_in("Ada").make_token("ada")
    admin = hub.sign_in("otis").make_token("otis")

    known = person.api().json()
    assert (known["name"], known["admin"]) == ("ada", False)
    assert set(known["groups"]) == {"staff", "chess"}
    assert admin.api().json()["admin"]


def test_scope(hub):
    """Profile and address are asked for, with a proof key."""
    asked = parse_qs(urlsplit(hub.visitor().begin()).query)

    assert asked["scope"] == ["openid profile email"]
    assert asked["code_challenge_method"] == ["S256"]


def test_no_id_token_kept(hub, github):
    """What is stored about somebody holds no id token."""
    github.user("keeper", groups=["staff", "ops"])
    person = hub.sign_in("keeper").make_token("keeper")

    kept = person.api("users/keeper").json()["auth_state"]

    assert kept["id_token"] is None
    assert "id_token" not in kept["token_response"]
    assert kept["access_token"]


def test_stranger(hub, github):
    """Who is in none of the groups reads why."""
    github.user("mallory", groups=["guests"])

    answer = hub.visitor().sign_in("mallory")

    assert answer.status_code == 403
    assert "in none of the groups this hub lets in; ask it@example.org" in answer.text


def test_left(hub, github):
    """Who left the group is out soon, tokens included."""
    github.user("leo", groups=["staff"])
    person = hub.sign_in("leo").make_token("leo")

    github.user("leo", groups=[])

    until(lambda: not person.is_in(), SOON, "pages closed")
    until(lambda: person.api().status_code == 403, SOON, "token refused")


@pytest.mark.parametrize("rotate", [False, True])
def test_tokens_run_out(hub, github, rotate):
    """Access tokens last a second, people stay in, even where a refresh token is good once."""
    github.user("rosa", groups=["staff"])
    github.set(lifetime=0.5, rotate=rotate)
    person = hub.sign_in("rosa")
    github.forget()

    for _ in range(3):
        sleep(RECHECK + 0.1)
        assert person.is_in()
    assert github.counts()["/oidc/token"] >= 2
    github.user("rosa", groups=[])
    until(lambda: not person.is_in(), SOON, "pages closed")


@pytest.mark.parametrize(
    ("mode", "path"),
    [
        ("error500", ""),
        ("error500", "/oidc/token"),
        ("error500", "/oidc/userinfo"),
        ("hang", "/oidc/token"),
    ],
)
def test_down_later(hub, github, mode, path):
    """A provider that is down, or only gives no new tokens, closes nothing to who is in."""
    github.user("paul", groups=["staff"])
    github.set(lifetime=0.5)
    person = hub.sign_in("paul").make_token("paul")
    github.mode(mode, path)

    for _ in range(2):
        sleep(RECHECK + 0.1)
        assert person.is_in()
        assert person.took < 5
        assert person.api().status_code == 200
    github.mode("ok")
    until(person.is_in, SOON, "still in")


def test_wrong_secret_later(hub, github):
    """A client secret that was changed at the provider throws nobody out."""
    github.user("wanda", groups=["staff"])
    github.set(lifetime=0.5)
    person = hub.sign_in("wanda")
    github.set(client_secret="another")

    for _ in range(2):
        sleep(RECHECK + 0.1)
        assert person.is_in()
    answer = hub.visitor().sign_in("wanda")
    assert answer.status_code == 503
    assert "client secret or callback address is wrong. Please tell it@" in answer.text


def test_session_ended_there(hub, github):
    """Who was signed out at the provider signs in again; what runs with a token runs on."""
    github.user("remy", groups=["staff"])
    person = hub.sign_in("remy").make_token("remy")

    github.revoke("remy")

    until(lambda: not person.is_in(), SOON, "asked to sign in")
    assert person.api().status_code == 200
    assert person.sign_in("remy").status_code == 302
    assert person.is_in()


def test_late_and_cancelled(hub, github):
    """A code that is too old, and a sign-in that was cancelled, are said to be so."""
    github.user("lena", groups=["staff"])
    visitor = hub.visitor()

    answer = visitor.get(visitor.agree(visitor.begin(), "", cancel=True))
    assert (answer.status_code, "The sign-in was cancelled." in answer.text) == (403, True)
    github.set(code_lifetime=0)
    answer = visitor.sign_in("lena")
    assert (answer.status_code, "took too long" in answer.text) == (400, True)


def test_renamed(hub, github):
    """A new name at the provider changes nothing here; whoever takes the old one is refused."""
    github.user("greta", id=4711, groups=["staff"])
    hub.sign_in("greta")
    github.rename("greta", "margarete")

    person = hub.sign_in("margarete").make_token("greta")

    assert person.api().json()["name"] == "greta"
    github.user("greta", id=4712, groups=["staff"])
    answer = hub.visitor().sign_in("greta")
    assert answer.status_code == 403
    assert "belongs to another account" in answer.text
