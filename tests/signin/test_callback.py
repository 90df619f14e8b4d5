"""The way to the provider and back: nobody else's, not late, not twice, and never elsewhere."""

from __future__ import annotations

import base64
import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from hubkit.auth.oauth import NOT_OURS, TOO_OLD
from tests.signin.conftest import Hub, github_settings, told


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


@pytest.fixture
def written(hub):
    """Return a function that returns how sign-ins since ended, and what people were told."""
    before = len(hub.written())

    def since():
        lines = hub.written()[before:]
        assert all((line["way"], line["address"]) == ("github", "127.0.0.1") for line in lines)
        assert all(line["time"] for line in lines)
        return [(line["result"], line.get("name", ""), line.get("reason", "")) for line in lines]

    return since


def test_scope(hub):
    """No more is asked for than to read memberships, with a proof key."""
    asked = parse_qs(urlsplit(hub.visitor().begin()).query)

    assert asked["scope"] == ["read:org"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["https://localhost/hub/oauth_callback"]


def test_state_of_nobody(hub, github, written):
    """A callback nobody began here is refused: missing, unreadable and foreign state."""
    github.user("eve", orgs=["good-org"])
    victim, eve = hub.visitor(), hub.visitor()
    back = eve.agree(eve.begin(), "eve")
    code = parse_qs(urlsplit(back).query)["code"][0]
    bad = ["", "x", "%ff", quote("ä"), base64.urlsafe_b64encode(b"[]").decode()]
    paths = [back, f"/hub/oauth_callback?code={code}", "/hub/oauth_callback"]

    for path in [*paths, *(f"/hub/oauth_callback?code={code}&state={one}" for one in bad)]:
        for begun in (False, True):
            if begun:
                victim.begin()
            answer = victim.get(path)
            assert answer.status_code == 400, path
            assert "was not begun in this browser" in told(answer)
    assert not victim.is_in()
    assert written() == [("failed", "", NOT_OURS)] * 2 * (len(paths) + len(bad))


def test_replayed(hub, github, written):
    """A callback that was used leads nowhere, in the same browser and in another."""
    github.user("rita", orgs=["good-org"])
    person = hub.visitor()
    back = person.agree(person.begin(), "rita")
    assert person.get(back).status_code == 302
    before = len(hub.written())

    for browser in (person, hub.visitor()):
        answer = browser.get(back)
        assert answer.status_code == 400
        assert "was not begun in this browser" in told(answer)
    assert written()[-2:] == [("failed", "", NOT_OURS)] * 2
    assert len(hub.written()) == before + 2


@pytest.mark.parametrize(
    "to",
    ["https://evil.test/x", "//evil.test/x", "/\\evil.test", "///evil.test", "https:evil.test"],
)
def test_next(hub, github, to):
    """After the sign-in people stay on the hub, whatever the link they came by says."""
    github.user("nina", orgs=["good-org"])

    answer = hub.visitor().sign_in("nina", f"?next={quote(to, safe='')}")

    leads = urlsplit(answer.headers["Location"])
    assert (answer.status_code, leads.scheme, leads.netloc) == (302, "", "")
    assert re.match(r"/[^/\\]|/$", answer.headers["Location"])


def test_late(hub, github, written):
    """A code that is too old is said to be so."""
    github.user("lena", orgs=["good-org"])
    github.set(code_lifetime=0)

    answer = hub.visitor().sign_in("lena")

    assert answer.status_code == 400
    assert "took too long, or was used already. Sign in again." in told(answer)
    assert written() == [("failed", "", TOO_OLD)]


def test_cancelled(hub, github, written):
    """Who does not agree at GitHub reads that the sign-in was cancelled."""
    visitor = hub.visitor()

    answer = visitor.get(visitor.agree(visitor.begin(), "", cancel=True))

    assert answer.status_code == 403
    assert "The sign-in was cancelled." in told(answer)
    assert written() == [("failed", "", "The sign-in was cancelled.")]


def test_words_of_others(hub, written):
    """A link to the callback puts no words of its own on the hub's page."""
    path = "/hub/oauth_callback?error=x&error_description=Call+0900-12345+now"
    answer = hub.visitor().get(path)

    assert answer.status_code == 400
    assert "0900" not in answer.text
    assert "GitHub broke the sign-in off." in told(answer)
    [(result, name, reason)] = written()
    assert (result, name, reason.partition(".")[0]) == (
        "failed",
        "",
        "GitHub broke the sign-in off",
    )


def test_wrong_secret(hub, github, written):
    """A client secret GitHub does not know is named as what to put right."""
    github.user("wendy", orgs=["good-org"])
    github.set(client_secret="another")

    answer = hub.visitor().sign_in("wendy")

    assert answer.status_code == 503
    assert "client secret or callback address is wrong. Please tell it@" in told(answer)
    assert "gives this hub no token: 'incorrect_client_credentials'" in hub.log()
    [(result, name, reason)] = written()
    assert (result, name) == ("unavailable", "")
    assert "client secret or callback address is wrong" in reason
