"""`hubkit workshop`: what it says, and what the script reads."""

from __future__ import annotations

import pytest

from hubkit.ops import workshop


@pytest.fixture
def env(tmp_path):
    """Return the path of an ``.env``."""
    (tmp_path / ".env").write_text("POOL_SIZE=4\n")
    return tmp_path / ".env"


def test_what_is_set_is_said(run, env):
    code, out, err = run("workshop", "--root", env.parent)

    assert (code, err) == (0, "")
    assert f"hubkit: .env: DOCKER_NOTEBOOK_IMAGE={workshop.IMAGE}, for the workshop\n" in out
    assert "hubkit: .env: POOL_SIZE=4 is kept, as you chose it\n" in out
    assert "AUTH=temporary\n" in env.read_text()


def test_try(run, env):
    """Nothing is said, and nothing written, where all is well."""
    assert run("workshop", "--root", env.parent, "--try") == (0, "", "")
    assert env.read_text() == "POOL_SIZE=4\n"

    code, out, err = run("workshop", "--root", env.parent, "--try", "--in-use")
    assert (code, out) == (1, "")
    assert "lets nobody in without an account, and this hub is in use" in err


def test_arguments(run, env):
    """One line for each build argument."""
    env.write_text("WORKSHOP_TITLE=Data Carpentry\n")

    code, out, _ = run("workshop", "--root", env.parent, "--arguments", "12")

    assert code == 0
    assert {"WORKSHOP_TITLE=Data Carpentry", "WORKSHOP_FRESH=12"} <= set(out.splitlines())


def test_arguments_refused(run, env):
    """A password never becomes a build argument, nor is it shown."""
    env.write_text("WORKSHOP_REPOS=https://me:hunter2@h/a\n")

    code, out, err = run("workshop", "--root", env.parent, "--arguments", "12")

    assert (code, out) == (1, "")
    assert "hunter2" not in err
