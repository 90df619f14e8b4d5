"""AUTH and ALLOW: everything that does not fit together is said at once, with its cure."""

from __future__ import annotations

import pytest

from hubkit import auth
from hubkit.settings import Settings, check

LDAP = {
    "AUTH": "ldap",
    "ALLOW": "userlist",
    "LDAP_SERVER_HOST": "ldap.example.org",
    "LDAP_BIND_DN": "uid={username},ou=people,dc=example,dc=org",
}
GITHUB = {
    "AUTH": "github",
    "ALLOW": "userlist",
    "GITHUB_CLIENT_ID": "Iv1.1",
    "GITHUB_CLIENT_SECRET": "hush",
}


def wrong(env: dict[str, str]) -> list[str]:
    """Return what is wrong with settings that are fine one by one."""
    return [str(one) for one in auth.problems(Settings.from_env(env))]


BOTH = {**LDAP, **GITHUB, "AUTH": "ldap,github", "ALLOW": "userlist,everyone"}


@pytest.mark.parametrize("env", [{}, LDAP, GITHUB, BOTH])
def test_what_fits_together(env):
    assert wrong(env) == []


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"AUTH": "pam"}, "must be one of native, ldap, github"),
        ({**BOTH, "ALLOW": "userlist"}, "lets in people of ldap only"),
        ({**GITHUB, "AUTH": "github,native", "ALLOW": "everyone"}, "native must stand first"),
        ({**LDAP, "ALLOW": ""}, "must say whom ldap may let in"),
        ({**GITHUB, "ALLOW": ""}, "ALLOW=userlist"),
        ({**LDAP, "AUTH": "native,ldap"}, "both ask for a password"),
        ({**LDAP, "ALLOW": "organisation", "ALLOWED_ORGANISATIONS": "x"}, "means nothing"),
        ({**LDAP, "ALLOW": "group", "LDAP_GROUP_BASE": "ou=g"}, "ALLOWED_GROUPS="),
        ({**LDAP, "ALLOWED_GROUPS": "staff"}, "counts only with ALLOW=group"),
        ({**GITHUB, "ALLOW": "organisation"}, "ALLOWED_ORGANISATIONS="),
        ({"ADMIN_GROUPS": "staff"}, "knows no groups"),
        ({"ALLOW": "group", "ALLOWED_GROUPS": "x"}, "means nothing with AUTH=native"),
        ({**LDAP, "LDAP_SERVER_HOST": ""}, "LDAP_SERVER_HOST="),
        ({**LDAP, "LDAP_BIND_DN": ""}, "LDAP_BIND_DN= and LDAP_SEARCH_BASE="),
        ({**LDAP, "LDAP_SEARCH_USER": "cn=hub"}, "only one of the two is set"),
        (
            {**LDAP, "LDAP_SEARCH_USER": "cn=hub", "LDAP_SEARCH_PASSWORD": "hush"},
            "counts only with LDAP_SEARCH_BASE",
        ),
        (
            {**LDAP, "ALLOW": "group", "ALLOWED_GROUPS": "staff"},
            "must be set where ALLOW or ADMIN_GROUPS speak of groups",
        ),
    ],
)
def test_what_does_not_is_named_with_its_cure(env, said):
    problems = wrong(env)

    assert any(said in problem for problem in problems), problems
    assert "hush" not in str(problems)
    assert all(len(problem.splitlines()) == 3 for problem in problems)


def test_everything_is_said_at_once():
    env = {"AUTH": "ldap,github", "ADMIN_GROUPS": "staff"}

    problems = "\n".join(wrong(env))

    for name in ("ALLOW=", "LDAP_SERVER_HOST=", "LDAP_BIND_DN=", "GITHUB_CLIENT_ID", "SECRET"):
        assert name in problems


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("LDAP_SERVER_HOST", "ldap://ldap.example.org"),
        ("LDAP_SERVER_PORT", "ldaps"),
        ("LDAP_SERVER_PORT", "0"),
        ("LDAP_TLS", "none"),
        ("LDAP_BIND_DN", "uid=ada,dc=example,dc=org"),
        ("LDAP_CA_FILE", "/etc/ssl/ca.crt"),
        ("GITHUB_URL", "http://github.example.org"),
        ("OAUTH_CALLBACK_URL", "https://hub.example.org/"),
        ("ALLOW", "anybody"),
        ("AUTH_RECHECK", "1"),
    ],
)
def test_a_wrong_value_is_named(name, written):
    _, problems = check({name: written})

    assert [problem.what for problem in problems] == [f"{name}={written}"]


def test_a_port_written_in_env_is_a_number():
    assert Settings.from_env({"LDAP_SERVER_PORT": "389"}).ldap_server_port == 389


def test_a_secret_given_twice_is_refused():
    _, problems = check({"GITHUB_CLIENT_SECRET": "hush", "GITHUB_CLIENT_SECRET_FILE": "secrets/x"})

    assert "are both set" in str(problems[0])
    assert "hush" not in str(problems)


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (None, 0o600, "cannot be read"),
        ("", 0o600, "is empty"),
        (" \n", 0o600, "is empty"),
        ("hush", 0o644, "can be read by every account"),
    ],
)
def test_a_secret_file_that_is_missing_empty_or_open_is_named(tmp_path, content, mode, said):
    (tmp_path / "secrets").mkdir()
    if content is not None:
        (tmp_path / "secrets" / "github").write_text(content)
        (tmp_path / "secrets" / "github").chmod(mode)

    _, problems = check({"GITHUB_CLIENT_SECRET_FILE": "secrets/github"}, tmp_path)

    assert [problem.what for problem in problems] == ["GITHUB_CLIENT_SECRET_FILE=secrets/github"]
    assert said in problems[0].wrong
    assert "hush" not in str(problems)
