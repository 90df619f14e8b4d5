"""The command `hubkit VERB`: what it prints and how it fails."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jupyterhub import orm
from nativeauthenticator.orm import UserInfo
from sqlalchemy import create_engine

from hubkit import __version__, documents, stack
from hubkit.auth.invitations import Invitations
from hubkit.cli import VERBS, check
from hubkit.errors import Problem
from hubkit.ops import answering, checks, cold, configured, engine

ROOT = Path(__file__).parents[3]
SECRET = b"0123456789abcdef"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Be in the hub's container: settings in the environment, secrets in their places."""
    (tmp_path / "cookie_secret").write_bytes(SECRET)
    monkeypatch.setattr(stack, "COOKIE_SECRET", tmp_path / "cookie_secret")
    monkeypatch.setattr(stack, "REGISTER", tmp_path / "people.sqlite")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/jupyterhub.sqlite")
    monkeypatch.setenv("HUB_DOMAIN", "a.org")
    database = create_engine(f"sqlite:///{tmp_path}/jupyterhub.sqlite")
    orm.Base.metadata.create_all(database, [UserInfo.__table__])
    database.dispose()


@pytest.mark.parametrize("verb", VERBS)
def test_help(run, verb):
    """Every verb says what it does: in the list of verbs one line, with --help all of it."""
    code, listed, _ = run("--help")
    assert code == 0
    # The text of a long name begins on the next line.
    [text] = re.findall(rf"^ +{verb}\s+(\S.*)$", listed, re.MULTILINE)
    assert len(text.split()) > 2

    code, shown, _ = run(verb, "--help")
    assert (code, verb in shown) == (0, True)


def test_a_file_per_verb():
    """Every file is a verb and every verb a file."""
    here = {path.stem.replace("_", "-") for path in (ROOT / "hubkit" / "cli").glob("*.py")}

    assert {*VERBS, "--init--"} == here


@pytest.mark.parametrize(
    "words",
    [
        pytest.param([], id="no verb"),
        pytest.param(["restart"], id="no such verb"),
        pytest.param(["check", "--quickly"], id="no such option"),
        pytest.param(["users"], id="no action"),
        pytest.param(["users", "invite"], id="nobody to invite"),
        pytest.param(["wait", "--seconds", "long"], id="no number"),
    ],
)
def test_usage(run, words):
    """What cannot be understood exits with 2 and shows how it is used."""
    code, out, err = run(*words)

    assert (code, out) == (2, "")
    assert err.startswith("usage: hubkit")


def test_version(run):
    """The version is the package's."""
    assert run("--version") == (0, f"{__version__}\n", "")


def test_program():
    """The installed command runs a verb, and passes its exit code on."""
    words = [sys.executable, "-c", "from hubkit.cli import main; raise SystemExit(main())"]
    environ = {"PATH": os.defpath, "MEM_LIMIT": "lots"}
    done = subprocess.run([*words, "hub"], env=environ, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("hubkit: 1 problem (nothing was started)\n\n  MEM_LIMIT=lots\n")


@pytest.mark.parametrize(
    ("words", "text"),
    [([], documents.settings_table), (["--env"], documents.env_example)],
    ids=["table", ".env"],
)
def test_settings(run, words, text):
    """The settings are printed as the files in the checkout have them."""
    assert run("settings", *words) == (0, text(), "")


@pytest.fixture
def well(monkeypatch):
    """Let all be well with the engine, and the configuration be built elsewhere."""
    monkeypatch.setattr(configured, "problems", lambda *_: [])
    monkeypatch.setattr(checks, "ENGINE", ())
    monkeypatch.setattr(checks, "REMARKS", ())
    monkeypatch.setattr(engine, "require", lambda: None)
    monkeypatch.setattr(engine, "said_in", lambda *_: "")


@pytest.mark.usefixtures("well")
def test_check(run, checkout):
    """A good checkout is said to be one."""
    code, out, err = run("check", "--root", checkout)

    assert (code, err) == (0, "")
    assert out == "hubkit: everything checked is in order\n"


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize("words", [[], ["--skip-images"], ["--rest"]])
def test_check_waiting(run, checkout, monkeypatch, words):
    """What waits in the hub that runs is shown, not of one that is about to be replaced."""
    monkeypatch.setattr(checks, "REST", ())
    monkeypatch.setattr(engine, "said_in", lambda _, words, __: f"said by {' '.join(words)}\n")

    code, out, _ = run("check", "--root", checkout, *words)

    assert code == 0
    shown = out.endswith(f"{check.POOL}\nsaid by hubkit pool list\n")
    assert shown == (not words)


@pytest.mark.usefixtures("well")
def test_check_rest(run, checkout, monkeypatch):
    """What is known to be good is not looked at again; what is missing still is an error."""
    monkeypatch.setattr(checks, "FILES", (lambda _: [Problem("userlist", "no.", "Yes.")],))
    monkeypatch.setattr(checks, "REST", (checks.images,))
    monkeypatch.setattr(engine, "has_image", lambda _: False)

    code, _, err = run("check", "--root", checkout, "--rest")
    assert code == 1
    assert "DOCKER_NOTEBOOK_IMAGE=" in err
    assert "userlist" not in err
    monkeypatch.setattr(engine, "has_image", lambda _: True)
    assert run("check", "--root", checkout, "--rest")[0] == 0


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize("words", [[], ["--skip-images"]], ids=["all", "images to come"])
def test_check_remarks(run, checkout, monkeypatch, words):
    """What the hub does without is no failure, and not said while images are to come."""
    remark = Problem("SERVER_TUNING=false", "keeps starts cold.", "Set it to true.")
    monkeypatch.setattr(checks, "REMARKS", (lambda _: [remark],))

    code, out, err = run("check", "--root", checkout, *words)

    assert (code, err) == (0, "")
    head = "hubkit: everything checked is in order"
    longer = f"{head}, but something is less than it could be:\n\n{remark}\n"
    assert out == (f"{head}\n" if words else longer)


def test_check_pool(run, monkeypatch):
    """The hub's container says what the hub knows, for `make check` to read."""
    monkeypatch.setattr(cold, "known_to_hub", lambda: [Problem("the warm pool", "no.", "Yes.")])

    code, out, _ = run("check", "--pool")

    assert code == 0
    assert json.loads(out) == [{"what": "the warm pool", "wrong": "no.", "cure": "Yes."}]


@pytest.mark.usefixtures("well")
def test_check_fails(run, checkout):
    """Every problem is on standard error, with its cure, and the exit code is 1."""
    (checkout / "userlist").write_text("ada\n")
    (checkout / ".env").write_text("MEM_LIMIT=lots\n")

    code, out, err = run("check", "--root", checkout)

    assert (code, out) == (1, "")
    assert err.startswith("hubkit: 2 problems (nothing was started)\n\n  MEM_LIMIT=lots\n")
    assert "  userlist\n    names no administrator.\n" in err


def test_init_refuses(run, checkout):
    """Nothing is laid out while a file is wrong."""
    (checkout / "userlist").unlink()

    code, out, err = run("init", "--root", checkout)

    assert (code, out) == (1, "")
    assert "userlist" in err


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(("name", "listed"), [("Ada", True), ("lin", False)])
def test_invite(run, tmp_path, name, listed):
    """A link is printed, alone, so that it can be piped; what it is stands beside it."""
    (tmp_path / "userlist").write_text("ada admin\n")

    code, out, err = run("users", "invite", name, "--userlist", tmp_path / "userlist")

    assert code == 0
    assert out.startswith("https://a.org/hub/welcome?code=")
    assert Invitations(SECRET).name(out.strip().partition("?code=")[2]) == name.lower()
    assert f"hubkit: a link for {name.lower()}; works once, for a day\n" in err
    assert ("is not in the userlist" in err) != listed


@pytest.mark.usefixtures("hub")
def test_invite_refused(run, tmp_path):
    """What cannot be invited is said on standard error."""
    (tmp_path / "userlist").write_text("ada admin\n")

    code, out, err = run("users", "invite", "a/b", "--userlist", tmp_path / "userlist")

    assert (code, out) == (1, "")
    assert "is not a user name" in err


@pytest.mark.usefixtures("hub")
def test_welcome(run, tmp_path):
    """While no administrator has a password, the first one's link is shown."""
    (tmp_path / "userlist").write_text("ada admin\ngrace\nlin admin\n")

    code, out, _ = run("welcome", "--userlist", tmp_path / "userlist")

    assert code == 0
    assert "The hub:         https://a.org/\n" in out
    assert "Administrators:  ada, lin\n" in out
    assert "First sign-in:   https://a.org/hub/welcome?code=" in out


@pytest.mark.usefixtures("hub")
def test_welcome_later(run, tmp_path, monkeypatch):
    """Once an administrator has a password, no link is shown."""
    monkeypatch.setattr("hubkit.ops.people.with_password", lambda *_: ["lin"])
    (tmp_path / "userlist").write_text("ada admin\nlin admin\n")

    code, out, _ = run("welcome", "--userlist", tmp_path / "userlist")

    assert (code, "First sign-in" in out) == (0, False)


def test_wait(run, checkout, monkeypatch):
    """Waiting ends well as soon as the hub answers."""
    answers = iter(["refused", "status 503", ""])
    asked = []
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(answering, "health", lambda *hub: asked.append(hub) or next(answers))

    assert run("wait", "--root", checkout, "--seconds", "30") == (0, "", "")
    assert asked == [("localhost", 443)] * 3


def test_wait_in_vain(run, checkout):
    """Waiting ends at the time that was given, with what was said last."""
    (checkout / ".env").write_text("HTTPS_PORT=1\n")

    code, out, err = run("wait", "--root", checkout, "--seconds", "0.1")

    assert (code, out) == (1, "")
    assert err.startswith("hubkit: the hub does not answer after 0 s: ")
    assert "refused" in err
