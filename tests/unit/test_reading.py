"""A table of settings is read out of a mapping, and everything wrong is collected."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import pytest

from hubkit import values
from hubkit.reading import env_name, nearest, read, setting, texts

KEY = "hunter2"


@dataclass(frozen=True)
class Table:
    """Settings of a program that does not exist."""

    port: int = setting("443", values.whole(1, 65535), "Port of it.", group="A")
    note: str = setting("", values.text, "A remark.", group="A", read_by="stack")
    pairs: Any = setting("", values.pairs, "Pairs.", group="B", empty={})  # noqa: RUF009
    key: str = setting("", values.one_of(KEY, "other"), "The key.", group="B", secret=True)
    word: str = setting("start", values.text, "The word.", group="B", secret=True)


@pytest.fixture
def look(tmp_path):
    """Return a function that reads the table out of its arguments, secrets/ beside it."""

    def look(**environ):
        written, problems = texts(fields(Table), environ, tmp_path)
        found, wrong = read(fields(Table), written)
        return found, problems + wrong

    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_text(f"{KEY}\n")
    (tmp_path / "secrets" / "empty").write_text(" \n")
    (tmp_path / "secrets" / "latin").write_bytes(b"\xe4")
    (tmp_path / "secrets" / "key").chmod(0o600)
    (tmp_path / "outside").write_text(KEY)
    return look


@pytest.mark.parametrize(
    ("environ", "name", "value"),
    [
        pytest.param({}, "port", 443, id="the default is parsed"),
        pytest.param({"PORT": "80"}, "port", 80, id="a value is parsed"),
        pytest.param({"port": "80"}, "port", 443, id="names are in capitals"),
        pytest.param({}, "note", "", id="not set is empty text"),
        pytest.param({"NOTE": ""}, "note", "", id="empty without a default is not set"),
        pytest.param({}, "pairs", {}, id="not set is the empty value of its type"),
        pytest.param({"PAIRS": "A=1"}, "pairs", {"A": "1"}, id="pairs"),
        pytest.param({"KEY": KEY}, "key", KEY, id="a secret as it is"),
        pytest.param({"KEY_FILE": "secrets/key"}, "key", KEY, id="a secret in a file, stripped"),
        pytest.param(
            {"KEY": "", "KEY_FILE": "secrets/key"}, "key", KEY, id="an empty value is no second"
        ),
        pytest.param({"KEY": KEY, "KEY_FILE": ""}, "key", KEY, id="an empty path is no file"),
        pytest.param({"NOTE_FILE": "secrets/key"}, "note", "", id="only secrets have a file"),
        pytest.param({"OTHER": "1"}, "port", 443, id="foreign names are ignored"),
    ],
)
def test_value(look, environ, name, value):
    """A setting is what its name says, else what its file says, else its default."""
    found, problems = look(**environ)

    assert problems == []
    assert found[name] == value


@pytest.mark.parametrize(
    ("environ", "what", "wrong", "cure"),
    [
        pytest.param(
            {"PORT": "http"},
            "PORT=http",
            "must be a whole number, from 1 to 65535.",
            "Port of it.",
            id="not a number",
        ),
        pytest.param(
            {"PORT": ""},
            "PORT=",
            "must not be empty.",
            "Write a value, or remove the line for the default, 443.",
            id="empty though it has a default",
        ),
        pytest.param(
            {"KEY": "secret"},
            "KEY=(hidden)",
            "must be hunter2 or other.",
            "The key.",
            id="a wrong secret is hidden",
        ),
        pytest.param(
            {"KEY": KEY, "KEY_FILE": "secrets/key"},
            "KEY and KEY_FILE",
            "are both set.",
            "Keep one of the two.",
            id="both set",
        ),
        pytest.param(
            {"KEY_FILE": "secrets/none"},
            "KEY_FILE=secrets/none",
            "cannot be read: No such file or directory.",
            "Write the value into secrets/none.",
            id="file missing",
        ),
        pytest.param(
            {"KEY_FILE": "secrets/empty"},
            "KEY_FILE=secrets/empty",
            "is empty.",
            "Write the value into secrets/empty.",
            id="file empty",
        ),
        pytest.param(
            {"KEY_FILE": "secrets/latin"},
            "KEY_FILE=secrets/latin",
            "cannot be read: not UTF-8 text.",
            "Write the value into secrets/latin.",
            id="file not UTF-8",
        ),
        pytest.param(
            {"KEY_FILE": "secrets/"},
            "KEY_FILE=(hidden)",
            "must be a file in secrets/.",
            "Put the value into a file there, e.g. KEY_FILE=secrets/key",
            id="the folder itself",
        ),
        pytest.param(
            {"KEY_FILE": "secrets/sub/file"},
            "KEY_FILE=(hidden)",
            "must be a file in secrets/.",
            "Put the value into a file there, e.g. KEY_FILE=secrets/key",
            id="a folder in it, which the hub is not given",
        ),
        pytest.param(
            {"KEY_FILE": "secrets/.."},
            "KEY_FILE=(hidden)",
            "must be a file in secrets/.",
            "Put the value into a file there, e.g. KEY_FILE=secrets/key",
            id="the folder above",
        ),
        pytest.param(
            {"KEY_FILE": "outside"},
            "KEY_FILE=(hidden)",
            "must be a file in secrets/.",
            "Put the value into a file there, e.g. KEY_FILE=secrets/key",
            id="file outside secrets",
        ),
        pytest.param(
            {"KEY_FILE": "secrets/../outside"},
            "KEY_FILE=(hidden)",
            "must be a file in secrets/.",
            "Put the value into a file there, e.g. KEY_FILE=secrets/key",
            id="a step out of secrets",
        ),
        pytest.param(
            {"KEY_FILE": "/run/secrets/key"},
            "KEY_FILE=(hidden)",
            "must be a file in secrets/.",
            "Put the value into a file there, e.g. KEY_FILE=secrets/key",
            id="an absolute path",
        ),
    ],
)
def test_problem(look, environ, what, wrong, cure):
    """A wrong value is one problem with its cure, and its default is taken meanwhile."""
    found, [problem] = look(**environ)

    assert (problem.what, problem.wrong, problem.cure) == (what, wrong, cure)
    assert found == look()[0]


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"WORD_FILE": "secrets/none"}, id="file missing"),
        pytest.param({"WORD_FILE": "secrets/empty"}, id="file empty"),
        pytest.param({"WORD_FILE": "outside"}, id="file outside secrets"),
        pytest.param({"WORD_FILE": "secrets/key", "WORD": KEY}, id="both set"),
    ],
)
def test_default_of_a_secret(look, environ):
    """A secret that cannot be read is its default meanwhile, like any other setting."""
    found, [_] = look(**environ)

    assert found["word"] == "start"


def test_secret_in_place_of_its_path(look):
    """Who writes the secret where its path belongs does not see it in the message."""
    _, [problem] = look(WORD_FILE=KEY)

    assert KEY not in str(problem)


def test_all_at_once(look):
    """One look finds every problem: what cannot be read first, then in the table's order."""
    _, problems = look(WORD_FILE="secrets/none", KEY="x", PORT="0", PAIRS="A")

    assert [problem.what.split("=")[0] for problem in problems] == [
        "WORD_FILE",
        "PORT",
        "PAIRS",
        "KEY",
    ]


def test_texts(look, tmp_path):
    """Before any check, each setting has its text: written, in a file, or the default."""
    environ = {"PORT": "http", "KEY_FILE": "secrets/key", "WORD_FILE": "secrets/none"}

    written, [problem] = texts(fields(Table), environ, tmp_path)

    assert written == {"PORT": "http", "NOTE": "", "PAIRS": "", "KEY": KEY, "WORD": "start"}
    assert problem.what == "WORD_FILE=secrets/none"


def test_setting_keeps_what_it_was_told():
    """A field carries all that ``.env.example`` and the documents are made from."""
    port, note = fields(Table)[:2]

    assert env_name(port) == "PORT"
    assert (port.metadata["default"], port.metadata["text"]) == ("443", "Port of it.")
    assert (port.metadata["group"], port.metadata["secret"]) == ("A", False)
    assert (port.metadata["read_by"], note.metadata["read_by"]) == ("hub", "stack")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("MEM_LIMT", "MEM_LIMIT", id="a letter is missing"),
        pytest.param("MEMLIMIT", "MEM_LIMIT", id="no underscore"),
        pytest.param("CPU_LIMITS", "CPU_LIMIT", id="a letter too many"),
        pytest.param("mem_limit", "MEM_LIMIT", id="small letters"),
        pytest.param("HOME", "", id="nothing is near"),
        pytest.param("", "", id="no name at all"),
    ],
)
def test_nearest(name, expected):
    """A misspelling finds the name it was meant to be; a foreign name finds none."""
    assert nearest(name, {"MEM_LIMIT", "CPU_LIMIT", "PIDS_LIMIT", "TLS"}) == expected
