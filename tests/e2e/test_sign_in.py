"""AUTH=ldap,github: a person's way in, through the whole stack, a directory and a GitHub."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.directory import GROUPS, PEOPLE, SEARCHER, SEARCHER_PASSWORD, Directory
from tests.e2e import lab
from tests.github import GitHub
from tests.person import PASSWORD, Person
from tests.support import Stack, close_connections, run

pytestmark = pytest.mark.e2e

LDAP = {
    "AUTH": "ldap",
    "ALLOW": "group,organisation",
    "ALLOWED_GROUPS": "nested",
    "ALLOWED_ORGANISATIONS": "lab",
    "ADMIN_GROUPS": "admins",
    "LDAP_SERVER_HOST": "ldap.test",
    "LDAP_CA_FILE": "secrets/ldap-ca.crt",
    "LDAP_SEARCH_BASE": PEOPLE,
    "LDAP_SEARCH_USER": SEARCHER,
    "LDAP_SEARCH_PASSWORD_FILE": "secrets/ldap-password",
    "LDAP_GROUP_BASE": GROUPS,
    "LOGIN_MESSAGE": "Welcome to the lab.",
    "LOGO_FILE": "logo.png",
    "CONTACT": "the office",
    "AUTH_RECHECK": "10",
}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c02"
    "0000000b4944415478da6364f80f00010501012718e3660000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    started = Directory.start(tmp_path_factory.mktemp("slapd"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, slapd: Directory) -> Iterator[Stack]:
    """A stack whose directory is not reachable yet when it starts."""
    made = Stack.make(tmp_path_factory.mktemp("sign-in") / "kit", **LDAP)
    secrets = made.path / "secrets"
    (secrets / "ldap-ca.crt").write_bytes(slapd.ca.read_bytes())
    (secrets / "ldap-password").write_text(SEARCHER_PASSWORD)
    (secrets / "ldap-password").chmod(0o600)
    (made.path / "site" / "logo.png").write_bytes(PIXEL)
    try:
        made.write_env(ALLOW="group", ALLOWED_ORGANISATIONS="")
        made.up()
        run(
            "docker",
            "network",
            "connect",
            "--alias",
            "ldap.test",
            f"{made.project}-control",
            slapd.name,
        )
        yield made
    finally:
        close_connections()
        run("docker", "network", "disconnect", f"{made.project}-control", slapd.name, check=False)
        made.destroy()


@pytest.fixture(scope="module")
def github(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory, chromium: Path
) -> Iterator[GitHub]:
    """A GitHub beside the directory; the hub now has both."""
    started = GitHub.start(
        tmp_path_factory.mktemp("github"),
        image=f"{stack.project}-hub",
        network=f"{stack.project}-control",
        callback=f"{stack.url}/hub/github/oauth_callback",
        published="0.0.0.0",  # noqa: S104 (the browser is on a network of its own)
    )
    (stack.path / "secrets" / "github-ca.crt").write_bytes(started.ca.read_bytes())
    (stack.path / "secrets" / "github").write_text(started.client_secret)
    (stack.path / "secrets" / "github").chmod(0o600)
    try:
        stack.apply(
            **LDAP
            | {
                "AUTH": "ldap,github",
                "GITHUB_URL": f"{started.url}/",
                "GITHUB_CLIENT_ID": started.client_id,
                "GITHUB_CLIENT_SECRET_FILE": "secrets/github",
                "OAUTH_CA_FILE": "secrets/github-ca.crt",
            }
        )
        yield started
    finally:
        started.stop()


@pytest.fixture
def both(stack: Stack, github: GitHub) -> Stack:
    return stack


def test_the_hub_starts_while_the_directory_is_down_and_says_so(stack: Stack):
    assert "people cannot sign in as they should" in stack.said


def test_a_member_of_the_directory_signs_in_and_computes(both: Stack, page: Page):
    page.goto("/hub/login")
    expect(page.get_by_text("Welcome to the lab.")).to_be_visible()
    expect(page.get_by_text("your account in the directory")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in with GitHub")).to_be_visible()
    logo = page.request.get("/hub/logo")
    assert logo.body() == PIXEL

    lab.sign_in(page, "Ada")
    lab.wait_for_lab(page)

    assert "/user/ada/" in page.url
    assert lab.compute(page, "6*7") == "42"
    page.goto("/hub/admin")
    expect(page.get_by_role("button", name="Add Users")).to_be_visible()


def test_a_member_of_the_organisation_signs_in_with_github(both: Stack, github: GitHub, page: Page):
    github.user("Octo-Cat", orgs=["lab"], teams=[("lab", "staff")])
    github.user("stranger", orgs=["elsewhere"])

    page.goto("/hub/login")
    page.get_by_role("button", name="Sign in with GitHub").click()
    page.locator("input[name=login]").fill("Octo-Cat")
    page.get_by_role("button", name="Authorize").click()
    lab.wait_for_lab(page)
    assert "/user/octo-cat/" in page.url
    assert lab.compute(page, "6*7") == "42"

    github.rename("Octo-Cat", "renamed")
    github.user("octo-cat", orgs=["lab"])
    visitor = page.context.browser.new_context(ignore_https_errors=True, base_url=both.url)
    other = visitor.new_page()
    for login, said in (
        ("stranger", "in none of the groups this hub lets in; ask the office"),
        ("octo-cat", "belongs to another account"),
    ):
        other.goto("/hub/github/oauth_login")
        other.locator("input[name=login]").fill(login)
        other.get_by_role("button", name="Authorize").click()
        expect(other.get_by_text(said)).to_be_visible()
        expect(other.get_by_role("button", name="Sign in again")).to_be_visible()
    other.goto("/hub/github/oauth_login")
    other.locator("input[name=login]").fill("renamed")
    other.get_by_role("button", name="Authorize").click()
    other.wait_for_url(re.compile("/user/octo-cat/"))
    visitor.close()


def test_whoever_left_the_organisation_is_out(both: Stack, github: GitHub, page: Page):
    github.user("leaver", orgs=["lab"])
    page.goto("/hub/github/oauth_login?next=/hub/home")
    page.locator("input[name=login]").fill("leaver")
    page.get_by_role("button", name="Authorize").click()
    expect(page).to_have_url(re.compile("/hub/home"))

    github.leave("leaver", "lab")
    deadline = time.monotonic() + 40  # AUTH_RECHECK is 10 s
    while time.monotonic() < deadline and "/hub/home" in page.url:
        page.wait_for_timeout(2000)
        page.goto("/hub/home")

    expect(page).to_have_url(re.compile("/hub/login"))


def test_a_silent_directory_fails_one_sign_in_and_nothing_else(both: Stack, slapd: Directory):
    person = Person(both, "grace").sign_in()
    slapd.pause()
    try:
        with ThreadPoolExecutor(4) as pool:
            tries = [pool.submit(Person(both, "ada").try_password, PASSWORD) for _ in range(3)]
            pages = 0
            while not all(one.done() for one in tries):
                answer = person.http.get(f"{both.url}/hub/home")
                assert answer.url.endswith("/hub/home")
                pages += 1
                time.sleep(0.1)
    finally:
        slapd.resume()

    assert pages > 3  # nobody waited for the directory
    for one in tries:
        assert one.result().status_code == 503
        assert "does not answer" in one.result().text


def test_two_hundred_wrong_passwords_stop_nobody_else(both: Stack):
    """Whoever guesses is told to wait; the others notice nothing."""
    person = Person(both, "grace").sign_in()
    guessers = [Person(both, name) for name in ("linus", "multi", "twin", "nobody")]

    def guess(guesser: Person) -> list[requests.Response]:
        return [guesser.try_password(f"guess {turn}") for turn in range(50)]

    pages = 0
    try:
        with ThreadPoolExecutor(4) as pool:
            tries = [pool.submit(guess, one) for one in guessers]
            while not all(one.done() for one in tries):
                assert person.http.get(f"{both.url}/hub/home").url.endswith("/hub/home")
                pages += 1
                time.sleep(0.05)
        answers = tries[0].result()
        assert pages > 3
        assert [one.status_code for one in answers] == [403] * 10 + [429] * 40
        assert int(answers[-1].headers["Retry-After"]) > 0
        assert "Too many failed sign-ins" in answers[-1].text
    finally:
        both.compose("restart", "jupyterhub")  # forgets the failures of this address
        both.wait()


def test_a_name_of_a_megabyte_is_refused_in_a_line(both: Stack):
    answer = Person(both, "x" * 1_000_000).try_password(PASSWORD)

    assert answer.status_code == 403
    assert "no user name" in answer.text
    lines = sign_ins(both)
    assert all(len(json.dumps(line)) < 1000 for line in lines)
    assert any("1000000 characters" in line["name"] for line in lines)


def sign_ins(stack: Stack) -> list[dict[str, str]]:
    """Return the audit log."""
    text = stack.compose("exec", "-T", "jupyterhub", "cat", "/data/sign-ins.log").stdout
    assert PASSWORD not in text
    return [json.loads(line) for line in text.splitlines()]


def test_the_next_page_is_on_this_hub(both: Stack):
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        person = Person(both, "grace")
        person.http.get(f"{both.url}/hub/login")
        xsrf = person.http.cookies.get("_xsrf", path="/hub/") or ""
        answer = person.http.post(
            f"{both.url}/hub/login",
            params={"next": target},
            data={"_xsrf": xsrf, "username": "grace", "password": PASSWORD},
            allow_redirects=False,
        )
        assert answer.status_code == 302
        assert "evil.example" not in requests.utils.urlparse(answer.headers["Location"]).netloc


def test_one_person_is_explained(both: Stack):
    words = ("exec", "-T", "jupyterhub", "hubkit", "check", "--user")

    good = both.compose(*words, "grace")
    bad = both.compose(*words, "linus", check=False)

    assert "the hub lets them in" in good.stdout
    assert bad.returncode == 1
    assert "in none of the groups" in bad.stdout
    assert both.compose("exec", "-T", "jupyterhub", "hubkit", "check", "--sign-in").returncode == 0
