"""What all OAuth providers are configured with: the hub's own account, address and limits."""

from __future__ import annotations

import pytest

from hubkit import auth
from hubkit.auth.several import KitMultiAuthenticator, prefix
from tests.unit.auth.providers import BY_OAUTH, SECRET, problems

pytestmark = pytest.mark.usefixtures("places")


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
def test_limits(build, word):
    """Every request ends, proves whom it is sent to, and takes no secret elsewhere."""
    made = build(word, OAUTH_CA_FILE="secrets/ca.crt")

    wanted = made.http_request_kwargs
    assert (wanted["connect_timeout"], wanted["request_timeout"]) == (5, 10)
    assert wanted["follow_redirects"] is False
    assert made.validate_server_cert
    public = word == "github"
    assert wanted.get("ca_certs") == (None if public else "/run/hubkit/hub/secrets/ca.crt")
