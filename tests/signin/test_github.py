"""AUTH=github against a server that speaks as GitHub does, at an Enterprise's address."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest

from tests.signin.conftest import RECHECK, Hub, github_settings, told
from tests.support import until

SOON = 15  # seconds; a few rechecks and a pause after an outage


@pytest.fixture(scope="module")
def hub(github, tmp_path_factory):
    environ = github_settings(github)
    made = Hub(tmp_path_factory.mktemp("hub") / "hub", github, environ)
    try:
        yield made.start()
        secret = (github.client_secret, "gho_", "client_secret=")
        assert not [word for word in secret if word in made.log()]
    finally:
        made.stop()


def test_member(hub, github):
    """A member comes in under the login; organisations and teams are groups of the hub."""
    github.user("Ada", orgs=["good-org", "knitting"], teams=[["good-org", "compilers"]])

    person = hub.sign_in("Ada").make_token("ada")

    known = person.api().json()
    assert (known["name"], known["admin"]) == ("ada", False)
    # Joining a team is joining its organisation; teams replace those named before.
    assert set(known["groups"]) == {"good-org", "knitting", "good-org:compilers"}


def test_admin_team(hub, github):
    """Members of an admin team administer the hub, until they leave it."""
    github.user("root1", orgs=["good-org"], teams=[["good-org", "admins"]])
    person = hub.sign_in("root1").make_token("root1")
    assert person.api().json()["admin"]

    github.leave("root1", "good-org", "admins")

    until(lambda: not person.api().json()["admin"], SOON, "no administrator any more")
    assert person.is_in()


def test_stored_is_little(hub, github):
    """Of what GitHub tells, only what is needed is kept."""
    github.user("root2", orgs=["good-org"], teams=[["good-org", "admins"]])
    person = hub.sign_in("root2").make_token("root2")

    kept = person.api("users/root2").json()["auth_state"]

    assert set(kept["github_user"]) == {"id", "login", "name", "email"}
    assert len(json.dumps(kept)) < 1000


def test_team_of_another_organisation(hub, github):
    """A team alone lets in too, and the rest of its organisation stays out."""
    github.user("crew1", teams=[["other-org", "crew"]])
    github.user("crew2", teams=[["other-org", "galley"]])

    assert hub.sign_in("crew1").is_in()
    assert hub.visitor().sign_in("crew2").status_code == 403


def test_stranger(hub, github):
    """Who is in none of the organisations reads why, and whom to ask."""
    github.user("mallory", orgs=["bad-org"])
    visitor = hub.visitor()

    answer = visitor.sign_in("mallory")

    assert answer.status_code == 403
    assert "in none of the groups this hub lets in; ask it@example.org" in told(answer)
    assert not visitor.is_in()


def test_listed_without_organisation(hub, github):
    """Who is on the userlist needs no organisation."""
    github.user("listed")

    assert hub.sign_in("listed").is_in()


@pytest.mark.parametrize("path", ["/login/oauth/access_token", "/user", "/user/teams"])
def test_down_at_sign_in(hub, github, path):
    """Who comes while GitHub is down, wholly or in part, reads so."""
    github.user("dora", orgs=["good-org"])
    visitor = hub.visitor()
    back = visitor.agree(visitor.begin(), "dora")
    github.mode("error500", path)

    answer = visitor.get(back)

    assert answer.status_code == 503
    assert "GitHub does not answer. Try again in a minute." in told(answer)
    assert answer.headers["Retry-After"] == "60"
    github.mode("ok")
    assert visitor.sign_in("dora").status_code == 302


def test_hangs_at_sign_in(hub, github):
    """GitHub taking its time ends in the same sentence; others are served meanwhile."""
    github.user("hanna", orgs=["good-org"])
    visitor = hub.visitor()
    back = visitor.agree(visitor.begin(), "hanna")
    github.mode("hang")

    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(visitor.get, back)
        sleep(0.5)
        other = hub.visitor()
        assert other.get("/hub/login").status_code == 200
        assert not waiting.done()
        answer = waiting.result()

    assert answer.status_code == 503
    assert "GitHub does not answer." in told(answer)
    assert visitor.took > 3


def test_left(hub, github):
    """Who left the organisation is out soon, tokens included, and comes back on return."""
    github.user("leo", orgs=["good-org"])
    person = hub.sign_in("leo").make_token("leo")
    assert person.api().status_code == 200

    github.leave("leo", "good-org")

    until(lambda: not person.is_in(), SOON, "pages closed")
    until(lambda: person.api().status_code == 403, SOON, "token refused")
    assert hub.visitor().sign_in("leo").status_code == 403
    github.join("leo", "good-org")
    assert hub.sign_in("leo").is_in()


@pytest.mark.parametrize("mode", ["error500", "hang", "limited"])
def test_down_later(hub, github, mode):
    """GitHub being down, silent or tired of questions closes nothing to who is in."""
    github.user("otto", orgs=["good-org"])
    person = hub.sign_in("otto").make_token("otto")
    github.forget()
    github.mode(mode)

    for _ in range(2):
        sleep(RECHECK + 0.1)
        assert person.is_in()
        assert person.took < 5
        assert person.api().status_code == 200
        assert person.took < 5
    assert any(path.startswith("/api/v3/user") for path in github.counts())


def test_membership_unknown(hub, github):
    """GitHub knowing who somebody is but not where they belong does not look like leaving."""
    github.user("mona", orgs=["good-org"])
    person = hub.sign_in("mona").make_token("mona")
    github.mode("limited", "/user/orgs")

    for _ in range(3):
        sleep(RECHECK + 0.1)
        assert person.is_in()
        assert "good-org" in person.api().json()["groups"]


def test_revoked(hub, github):
    """Who took the hub's permission back signs in again; what runs with a token runs on."""
    github.user("remy", orgs=["good-org"])
    person = hub.sign_in("remy").make_token("remy")

    github.revoke("remy")

    until(lambda: not person.is_in(), SOON, "asked to sign in")
    assert person.api().status_code == 200
    assert person.sign_in("remy").status_code == 302
    assert person.is_in()


def test_renamed(hub, github):
    """A new login at GitHub changes nothing here; whoever takes the old one is refused."""
    github.user("greta", id=4711, orgs=["good-org"])
    hub.sign_in("greta")
    github.rename("greta", "margarete")

    person = hub.sign_in("margarete").make_token("greta")
    assert person.api().json()["name"] == "greta"
    sleep(RECHECK + 0.1)
    assert person.is_in()
    github.user("greta", id=4712, orgs=["good-org"])
    answer = hub.visitor().sign_in("greta")
    assert answer.status_code == 403
    assert "The name greta on this hub belongs to another account" in told(answer)


@pytest.mark.parametrize("count", [60, 230])
def test_many_organisations(hub, github, count):
    """All organisations count, however many pages GitHub needs for them."""
    crowd = [f"club-{number:03}" for number in range(count)]
    github.user(f"joiner{count}", orgs=[*crowd, "good-org"])

    person = hub.sign_in(f"joiner{count}").make_token(f"joiner{count}")

    assert set(person.api().json()["groups"]) == {*crowd, "good-org"}


def test_audited(hub, github):
    """Who came in and who did not stands in the log of sign-ins."""
    github.user("audrey", orgs=["good-org"])
    github.user("boris", orgs=["bad-org"])
    hub.sign_in("audrey")
    hub.visitor().sign_in("boris")

    lines = [json.loads(line) for line in (hub.path / "sign-ins.log").read_text().splitlines()]

    known = {(line.get("name"), line["result"], line["way"]) for line in lines}
    assert known >= {("audrey", "signed-in", "github"), ("boris", "refused", "github")}
