"""`hubkit users`: what each action prints, and where it may be run."""

from __future__ import annotations

import io
import json
import sys

import pytest

from hubkit import stack
from hubkit.auth.register import Register
from hubkit.errors import HubkitError
from hubkit.ops import roster
from hubkit.ops.roster import Done, Row

ROWS = [Row("ada", "listed", True, False, "", ("",), "native:ada")]


@pytest.fixture
def userlist(tmp_path):
    path = tmp_path / "userlist"
    path.write_text("# ours\nada admin\n")
    return path


@pytest.fixture
def edit(run, userlist):
    """Return a function that runs an action on the file."""

    def call(action, *words):
        return run("users", action, "--userlist", userlist, *words)

    return call


def test_list(run, monkeypatch):
    """People are shown as a table, or for programs."""
    monkeypatch.setattr(roster, "overview", lambda _: ROWS)

    code, out, err = run("users", "list")
    assert (code, err) == (0, "")
    assert out.splitlines()[1].split() == ["ada", "listed", "admin", "yes", "running", "native:ada"]

    code, out, _ = run("users", "list", "--json")
    assert json.loads(out) == [
        {
            "name": "ada",
            "came": "listed",
            "admin": True,
            "blocked": False,
            "refusal": "",
            "servers": [""],
            "account": "native:ada",
        }
    ]


@pytest.mark.parametrize(
    ("words", "call"),
    [
        pytest.param(["sync", "--userlist", "/x"], ("sync", "/x"), id="sync"),
        pytest.param(["block", "Ada"], ("block", "Ada", True), id="block"),
        pytest.param(["unblock", "ada"], ("block", "ada", False), id="unblock"),
        pytest.param(["release", "ada"], ("release", "ada"), id="release"),
    ],
)
def test_acts(run, monkeypatch, words, call):
    """An action says all it did; if some of it failed, the exit code does, too."""
    done = [Done(("one", "two")), Done(("one",), "the rest is left")]
    calls = []

    def act(*given):
        calls.append(given)
        return done[len(calls) - 1]

    monkeypatch.setattr(roster, "sync", lambda _, path: act("sync", str(path)))
    monkeypatch.setattr(roster, "block", lambda name, blocked: act("block", name, blocked))
    monkeypatch.setattr(roster, "release", lambda name: act("release", name))

    assert run("users", *words) == (0, "hubkit: one\nhubkit: two\n", "")
    assert run("users", *words) == (1, "hubkit: one\n", "hubkit: the rest is left\n")
    assert calls == [call, call]


def test_add(edit, userlist):
    """Names are written behind the others, and said."""
    assert edit("add", "Lin", "bob") == (0, "hubkit: userlist: added: bob, lin\n", "")
    assert userlist.read_text() == "# ours\nada admin\nlin\nbob\n"

    assert edit("add", "lin", "--admin")[1] == "hubkit: userlist: administrators now: lin\n"
    assert userlist.read_text() == "# ours\nada admin\nlin admin\nbob\n"

    assert edit("add", "ada") == (0, "hubkit: userlist: nothing to change\n", "")


def test_remove_and_admin(edit, userlist):
    """Rights and lines go; the last administrator stays."""
    edit("add", "lin")
    assert edit("admin", "lin")[1] == "hubkit: userlist: administrators now: lin\n"
    assert edit("admin", "ada", "--off")[1] == "hubkit: userlist: administrators no longer: ada\n"

    code, out, err = edit("remove", "lin")

    assert (code, out) == (1, "")
    assert "would name no administrator any more" in err
    assert edit("remove", "ada")[1] == "hubkit: userlist: removed: ada\n"
    assert userlist.read_text() == "# ours\nlin admin\n"


@pytest.mark.parametrize("words", [["add", "a b", "a/b"], ["remove", "lin", "bob"]])
def test_wrong_names(edit, userlist, words):
    """Every wrong name is said, and nothing is written."""
    before = userlist.read_text()

    code, out, err = edit(*words)

    assert (code, out) == (1, "")
    assert err.startswith("hubkit: 2 problems (nothing was changed)\n")
    assert userlist.read_text() == before


def test_import(edit, userlist, tmp_path):
    """A table's people are added."""
    (tmp_path / "people.csv").write_bytes(b"name,admin\nlin,\nbob,yes\n")

    code, out, _ = edit("import", tmp_path / "people.csv")

    assert (code, out) == (
        0,
        "hubkit: userlist: added: bob, lin\nhubkit: userlist: administrators now: bob\n",
    )
    assert userlist.read_text() == "# ours\nada admin\nlin\nbob admin\n"


def test_import_of_standard_input(edit, userlist, monkeypatch):
    """What is piped in is named in what is wrong with it as the script says."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"lin\na b\n,,\n")))

    code, _, err = edit("import", "-", "--called", "people.csv")

    assert (code, userlist.read_text()) == (1, "# ours\nada admin\n")
    assert "people.csv, line 2: a b" in err


def test_import_of_nothing(edit, tmp_path):
    """A file that is not there is said."""
    code, _, err = edit("import", tmp_path / "none.csv")

    assert (code, "none.csv cannot be read: No such file" in err) == (1, True)


@pytest.mark.parametrize("words", [["add", "lin"], ["remove", "lin"], ["admin", "lin"]])
def test_in_the_hub(run, words):
    """Where no checkout can be written, the command for the host is said."""
    code, out, err = run("users", *words)

    assert (code, out) == (1, "")
    assert err.endswith(f"on the hub's machine: scripts/hubkit.sh users {words[0]}\n")


def test_the_hub_is_silent(run, monkeypatch):
    """A hub that does not answer is a plain sentence."""

    def fail(_):
        raise HubkitError("the hub does not answer: refused")

    monkeypatch.setattr(roster, "overview", fail)

    assert run("users", "list") == (1, "", "hubkit: the hub does not answer: refused\n")


def test_no_names_are_made_up(run, tmp_path, monkeypatch):
    """Blocking somebody unknown is a problem, with where to look."""
    monkeypatch.setattr(stack, "REGISTER", tmp_path / "people.sqlite")

    code, _, err = run("users", "block", "nobody")

    assert (code, "'users list' shows who is." in err) == (1, True)
    assert Register(stack.REGISTER).people() == []
