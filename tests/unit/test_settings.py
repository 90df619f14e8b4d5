"""The settings: what ``.env`` and the environment say, checked all at once."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from hubkit import settings
from hubkit.errors import ConfigError
from hubkit.settings import Settings, check, check_file

PASSWORD = "hunter2"
URL = f"postgresql://hub:{PASSWORD}@db:5432/hub"
NAMES = [setting.name.upper() for setting in settings.known()]


@pytest.fixture
def env(tmp_path):
    """Return a function that checks a ``.env`` of the given lines, secrets/ beside it."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "db").write_text(f"{URL}\n")
    (tmp_path / "secrets" / "db").chmod(0o600)
    (tmp_path / "secrets" / "empty").write_text("\n")

    def look(*lines, **environ):
        (tmp_path / ".env").write_text("".join(f"{line}\n" for line in lines))
        return check_file(tmp_path / ".env", environ)

    return look


def whats(problems):
    """Return what the problems are about."""
    return [problem.what for problem in problems]


def test_defaults_are_right():
    """An empty ``.env`` is a complete one: every default passes its own check."""
    found, problems = check({})

    assert problems == []
    assert (found.hub_domain, found.database_url, found.server_env) == ("localhost", "", {})
    assert (found.mem_limit, found.cpu_limit) == (2 * 2**30, 2)
    assert found.delete_user_volumes is False


@pytest.mark.parametrize("setting", settings.known(), ids=NAMES)
def test_every_setting_is_described(setting):
    """A setting says in a sentence what it does, where it stands and who reads it."""
    about = setting.metadata

    assert about["text"].endswith(".")
    assert about["group"]
    assert about["read_by"] in {"hub", "stack"}


@pytest.mark.parametrize("name", NAMES)
def test_every_default_can_be_written(env, name):
    """Writing a default out is the same as leaving the line away."""
    default = next(s.metadata["default"] for s in settings.known() if s.name == name.lower())

    assert env(f"{name}={default}") == env()


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        pytest.param("MEM_LIMT=2G", "Did you mean MEM_LIMIT?", id="a misspelling"),
        pytest.param("mem_limit=2G", "Did you mean MEM_LIMIT?", id="small letters"),
        pytest.param("DATABASE_URL_FLE=x", "Did you mean DATABASE_URL_FILE?", id="a file's name"),
        pytest.param("FAVOURITE_TEA=oolong", "Remove the line.", id="nothing is near"),
        pytest.param("MEM_LIMIT_FILE=secrets/db", "Did you mean", id="no secret has no file"),
    ],
)
def test_unknown_name(env, line, cure):
    """A name that is no setting is refused, with the setting it probably means."""
    _, [problem] = env(line)

    assert problem.what == f".env: {line.split('=')[0]}"
    assert problem.wrong == "is not a setting of this kit."
    assert problem.cure.startswith(cure)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        pytest.param("HUB_DOMAIN=", "must not be empty.", id="empty though required"),
        pytest.param("HUB_DOMAIN=https://a.org", "must be a host name", id="an address"),
        pytest.param("HTTPS_PORT=https", "must be a whole number", id="not a number"),
        pytest.param("CPU_LIMIT=two", "must be a number, 0 or more.", id="not a decimal"),
        pytest.param("MEM_LIMIT=lots", "must be a size of at least 6M", id="not a size"),
        pytest.param("START_TIMEOUT=9", "must be a whole number, 10 or more.", id="too small"),
        pytest.param("TLS=off", "must be files or acme.", id="none of the words"),
        pytest.param("ADOPT_VOLUMES=maybe", "must be true or false.", id="neither yes nor no"),
        pytest.param("COMPOSE_PROJECT_NAME=Hub", "must be at most 40", id="not a project"),
    ],
)
def test_wrong_value(env, line, wrong):
    """A wrong value is quoted, said what it must be, and not taken."""
    found, [problem] = env(line)

    assert problem.what == line
    assert problem.wrong.startswith(wrong)
    assert found == env()[0]


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        pytest.param(["TLS=acme"], "ACME_EMAIL=", id="ACME without an address"),
        pytest.param(["HTTPS_PORT=8080", "HTTP_PORT=8080"], "HTTP_PORT=8080", id="same ports"),
        pytest.param(["HTTPS_PORT=80"], "HTTP_PORT=80", id="the port of a default"),
    ],
)
def test_values_that_do_not_go_together(env, lines, what):
    """Values that are right alone and wrong together are found, too."""
    assert whats(env(*lines)[1]) == [what]


def test_acme_with_an_address(env):
    """TLS=acme is right once it has an address."""
    assert env("TLS=acme", "ACME_EMAIL=ada@example.org")[1] == []


def test_everything_at_once(env):
    """One look shows what is wrong with lines, names, values and what they are together."""
    _, problems = env('AUTH="x"', "MEM_LIMT=2G", "CPU_LIMIT=two", "TLS=acme", "LOG_LEVEL=loud")

    assert whats(problems) == [
        '.env, line 1: AUTH="x"',
        ".env: MEM_LIMT",
        "CPU_LIMIT=two",
        "LOG_LEVEL=loud",
        "ACME_EMAIL=",
    ]


def test_missing_file(tmp_path):
    """No ``.env`` is a problem with a cure; the environment is checked all the same."""
    _, problems = check_file(tmp_path / ".env", {"CPU_LIMIT": "two"})

    assert whats(problems) == [".env", "CPU_LIMIT=two"]
    assert "cp .env.example .env" in problems[0].cure


@pytest.mark.parametrize(
    ("lines", "environ", "value"),
    [
        pytest.param(["CPU_LIMIT=3"], {}, 3, id="the file"),
        pytest.param([], {"CPU_LIMIT": "4"}, 4, id="the environment"),
        pytest.param(["CPU_LIMIT=3"], {"CPU_LIMIT": "4"}, 4, id="the environment wins"),
        pytest.param(["CPU_LIMIT=x"], {"CPU_LIMIT": "4"}, 4, id="even over a wrong value"),
        pytest.param([], {"HOME": "/root", "CPU_LIMT": "4"}, 2, id="foreign names are ignored"),
    ],
)
def test_environment_wins(env, lines, environ, value):
    """A value in the environment wins over the file's, as it does for Docker Compose."""
    found, problems = env(*lines, **environ)

    assert (found.cpu_limit, problems) == (value, [])


def test_own_environment(monkeypatch, tmp_path):
    """Without a mapping, this process's own environment is read."""
    monkeypatch.setenv("CPU_LIMIT", "7")
    (tmp_path / ".env").touch()

    assert Settings.from_env().cpu_limit == 7
    assert check_file(tmp_path / ".env")[0].cpu_limit == 7


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        pytest.param(
            [f"DATABASE_URL={URL}", "DATABASE_URL_FILE=secrets/db"],
            "DATABASE_URL and DATABASE_URL_FILE",
            id="both set",
        ),
        pytest.param(
            ["DATABASE_URL_FILE=secrets/none"], "DATABASE_URL_FILE=secrets/none", id="missing"
        ),
        pytest.param(
            ["DATABASE_URL_FILE=secrets/empty"], "DATABASE_URL_FILE=secrets/empty", id="empty"
        ),
        pytest.param(["DATABASE_URL_FILE=/etc/db"], "DATABASE_URL_FILE=(hidden)", id="outside"),
        pytest.param([f"DATABASE_URL_FILE={URL}"], "DATABASE_URL_FILE=(hidden)", id="no path"),
        pytest.param([f"DATABASE_URL=mysql{URL}"], "DATABASE_URL=(hidden)", id="wrong database"),
        pytest.param([f"DATABASE_URL=db://[{PASSWORD}]"], "DATABASE_URL=(hidden)", id="brackets"),
        pytest.param([f"DATABASE_ULR={URL}"], ".env: DATABASE_ULR", id="misspelled"),
        pytest.param(
            [f'DATABASE_ULR="{URL}"'],
            ".env, line 1: DATABASE_ULR=(hidden)",
            id="misspelled and in quotes",
        ),
        pytest.param([f"DATABASE_URL: {URL}"], ".env, line 1", id="a colon"),
    ],
)
def test_wrong_secret(env, lines, what):
    """A wrong secret is named, and no message or ``repr`` ever shows its value."""
    found, problems = env(*lines)

    assert whats(problems) == [what]
    assert PASSWORD not in str(ConfigError(problems))
    assert PASSWORD not in repr(problems)
    assert found.database_url == ""


def test_secret_in_a_file(env):
    """A secret may be given as a file in secrets/, beside ``.env``."""
    found, problems = env("DATABASE_URL_FILE=secrets/db")

    assert (found.database_url, problems) == (URL, [])


def test_written_values(env, tmp_path):
    """What is set or has a default is also there as text, with secrets out of their files."""
    env("CPU_LIMIT=3", "DATABASE_URL_FILE=secrets/db")
    written = settings.written_values(tmp_path / ".env", {"CPU_LIMIT": "0.50"})

    assert (written["CPU_LIMIT"], written["DATABASE_URL"]) == ("0.50", URL)
    assert written["MEM_LIMIT"] == "2G"
    assert "SITE_CONFIG" not in written


def test_repr_hides_secrets():
    """A log or traceback shows every setting but no secret, not even whether it is set."""
    found, _ = check({"DATABASE_URL": URL, "CPU_LIMIT": "7"})

    assert "cpu_limit=7.0" in repr(found)
    assert "database_url=(hidden)" in repr(found)
    assert PASSWORD not in f"{found!r} {found}"
    assert "database_url=(hidden)" in repr(check({})[0])


@pytest.mark.parametrize(
    ("environ", "volume", "network"),
    [
        pytest.param({}, "jupyterhub-data", "jupyterhub-network", id="of the default project"),
        pytest.param(
            {"COMPOSE_PROJECT_NAME": "lab"}, "lab-data", "lab-network", id="of another project"
        ),
        pytest.param(
            {"COMPOSE_PROJECT_NAME": "lab", "DATA_VOLUME_HOST": "old", "DOCKER_NETWORK_NAME": "n1"},
            "old",
            "n1",
            id="given",
        ),
    ],
)
def test_derived_names(environ, volume, network):
    """Volume and network are named after the project unless they are given."""
    found, _ = check(environ)

    assert (found.data_volume_host, found.docker_network_name) == (volume, network)


@pytest.mark.parametrize(
    ("domain", "port", "url"),
    [
        pytest.param("localhost", "443", "https://localhost/", id="the usual port is left out"),
        pytest.param("Hub.Example.org", "443", "https://hub.example.org/", id="lower case"),
        pytest.param("a.org", "8443", "https://a.org:8443/", id="another port"),
        pytest.param("10.0.0.7", "8443", "https://10.0.0.7:8443/", id="IPv4"),
        pytest.param("2001:DB8::1", "443", "https://[2001:db8::1]/", id="IPv6 in brackets"),
        pytest.param("::1", "8443", "https://[::1]:8443/", id="IPv6 with a port"),
    ],
)
def test_public_url(domain, port, url):
    """What people type is made of the domain and, where it is unusual, the port."""
    found, problems = check({"HUB_DOMAIN": domain, "HTTPS_PORT": port})

    assert (found.public_url, problems) == (url, [])


def test_from_env():
    """The hub starts with right settings, and with none at all if any is wrong."""
    assert Settings.from_env({"CPU_LIMIT": "7"}).cpu_limit == 7

    with pytest.raises(ConfigError) as caught:
        Settings.from_env({"CPU_LIMIT": "two", "MEM_LIMIT": "lots"})

    assert whats(caught.value.problems) == ["MEM_LIMIT=lots", "CPU_LIMIT=two"]


def test_settings_stay():
    """Nothing changes a setting after it was checked."""
    with pytest.raises(FrozenInstanceError):
        check({})[0].cpu_limit = 100


def test_sorts_of_names():
    """Every allowed name is public, a secret, or the file of a secret."""
    secrets = settings.secret_names()

    assert "DATABASE_URL" in secrets
    assert settings.public_names() == set(NAMES) - secrets
    assert settings.allowed_names() == {*NAMES, *(f"{name}_FILE" for name in secrets)}
