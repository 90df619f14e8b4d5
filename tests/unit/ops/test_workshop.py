"""What `make workshop` writes into ``.env``, and what it leaves alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hubkit import documents
from hubkit.errors import ConfigError, HubkitError
from hubkit.ops import workshop
from hubkit.settings import Settings, check_file

ROOT = Path(__file__).parents[3]
EXAMPLE = documents.env_example()
ALL = {"AUTH": "temporary", **workshop.USUAL}


@pytest.fixture
def env(tmp_path):
    """Return a function that writes an ``.env`` of these lines."""

    def make(text):
        (tmp_path / ".env").write_text(text)
        (tmp_path / ".env").chmod(0o600)
        return tmp_path / ".env"

    return make


@pytest.mark.parametrize("text", ["", EXAMPLE], ids=["nothing", "the example"])
def test_what_nobody_chose(env, text):
    """The kit's defaults are nobody's choice: every line is set, and the file is right."""
    path = env(text)

    decision = workshop.write(path, in_use=False)

    found, problems = check_file(path, {})
    assert (decision.changed, decision.kept, problems) == (ALL, {}, [])
    assert (found.auth, found.pool_size, found.temporary_capacity) == (("temporary",), 30, 30)
    assert found.docker_notebook_image == workshop.IMAGE
    assert path.stat().st_mode & 0o777 == 0o600


def test_all_other_lines_stay(env):
    """Remarks, order and what is about something else are as they were."""
    path = env(EXAMPLE)

    workshop.write(path, in_use=False)

    pairs = zip(EXAMPLE.splitlines(), path.read_text().splitlines(), strict=True)
    changed = {before.partition("=")[0] for before, after in pairs if before != after}
    assert changed == {name for name in ALL if f"{name}={ALL[name]}\n" not in EXAMPLE}


def test_what_was_chosen_stays(env):
    """An administrator's own values are kept, and named."""
    path = env("POOL_SIZE=5\nDOCKER_NOTEBOOK_IMAGE=a.org/x:1\nTEMPORARY_CAPACITY=30")

    decision = workshop.write(path, in_use=False)

    assert decision.kept == {"DOCKER_NOTEBOOK_IMAGE": "a.org/x:1", "POOL_SIZE": "5"}
    assert "POOL_SIZE=5\nDOCKER_NOTEBOOK_IMAGE=a.org/x:1\n" in path.read_text()
    assert not {"POOL_SIZE", "DOCKER_NOTEBOOK_IMAGE"} & set(decision.changed)


def test_twice(env):
    """What was set once is set, whether the hub is in use by then or not."""
    path = env(EXAMPLE)
    workshop.write(path, in_use=False)
    before = path.read_text()

    again = workshop.write(path, in_use=True)

    assert path.read_text() == before
    assert again.kept == {}


def test_beside_people_who_sign_in(env):
    """Visitors get the workshop's image, the others keep theirs."""
    path = env("AUTH=native,temporary\n")

    decision = workshop.write(path, in_use=True)

    assert decision.changed["TEMPORARY_IMAGE"] == workshop.IMAGE
    assert not {"AUTH", "DOCKER_NOTEBOOK_IMAGE"} & set(decision.changed)


@pytest.mark.parametrize(
    ("text", "in_use"),
    [
        pytest.param("AUTH=github\n", False, id="chosen"),
        pytest.param("AUTH=native\n", True, id="in use"),
        pytest.param("", True, id="in use, nothing written"),
    ],
)
def test_nobodys_sign_in_is_taken_away(env, text, in_use):
    """It is refused, with what to write; the file stays."""
    path = env(text)

    with pytest.raises(ConfigError, match="nothing was changed") as refused:
        workshop.write(path, in_use=in_use)

    assert "AUTH=temporary" in refused.value.problems[0].cure
    assert path.read_text() == text


def test_trying(env):
    """A try says the same and writes nothing."""
    path = env(EXAMPLE)

    assert workshop.write(path, in_use=False, trying=True).changed == ALL
    assert path.read_text() == EXAMPLE


def test_all_that_is_wrong_at_once(env):
    """Wrong lines, and every address with a password, which is not shown."""
    path = env("POOL_SIZE=many\nWORKSHOP_REPOS=https://h/a,https://me:hunter2@h/b,git://x@h/c\n")

    with pytest.raises(ConfigError) as refused:
        workshop.write(path, in_use=False)

    assert len(refused.value.problems) == 3
    assert "hunter2" not in str(refused.value)
    assert "https://(hidden)@h/b" in str(refused.value)


def test_a_file_that_cannot_be_replaced(env, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(workshop, "replace", refuse)
    with pytest.raises(HubkitError, match=r"\.env cannot be written: Permission denied"):
        workshop.write(env(""), in_use=False)


def test_arguments():
    """Each setting has its build argument; what is written wins over what is usual."""
    environ = {
        "WORKSHOP_REPOS": "https://h/a#main",
        "WORKSHOP_TITLE": "Data Carpentry",
        "WORKSHOP_HIDE": "none",
        "LOGO_FILE": "hub.svg",
    }
    found = dict(one.split("=", 1) for one in workshop.arguments(Settings.from_env(environ), "7"))

    assert found == {
        "WORKSHOP_PACKAGES": "",
        "WORKSHOP_REPOS": "https://h/a#main",
        "WORKSHOP_START": "",
        "WORKSHOP_FRESH": "7",
        "LOGO_FILE": "hub.svg",
        "WORKSHOP_TITLE": "Data Carpentry",
        "WORKSHOP_HIDE": "",
        "WORKSHOP_REFRESH": "false",
    }
    environ |= {"WORKSHOP_LOGO_FILE": "own.svg", "WORKSHOP_FRESH": "1", "WORKSHOP_REFRESH": "yes"}
    given = workshop.arguments(Settings.from_env(environ), "7")
    assert {"LOGO_FILE=own.svg", "WORKSHOP_FRESH=1", "WORKSHOP_REFRESH=true"} <= set(given)


def test_the_image_takes_them():
    """Every argument is one of the Dockerfile's, and with the same default."""
    text = (ROOT / "images" / "workshop" / "Dockerfile").read_text(encoding="utf-8")
    declared = dict(re.findall(r"^ARG (\w+)=(.*)$", text, re.MULTILINE))
    given = dict(one.split("=", 1) for one in workshop.arguments(Settings.from_env({}), ""))

    assert given == {name: declared[name] for name in given}
    assert set(declared) - set(given) == {"NOTEBOOK_IMAGE"}
    assert declared["NOTEBOOK_IMAGE"] in (ROOT / "scripts" / "build.sh").read_text(encoding="utf-8")
