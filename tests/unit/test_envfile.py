"""``.env`` holds only what Compose, make and this package read alike."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubkit import envfile

BOM = b"\xef\xbb\xbf"
SECRET = "hunter2"
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
VALUES = st.text("abcXYZ019-_./:@,=#", max_size=30)
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"", {}, id="an empty file"),
        pytest.param(b"A=1\nB=2\n", {"A": "1", "B": "2"}, id="two values"),
        pytest.param(b"A=1", {"A": "1"}, id="no line end at the end"),
        pytest.param(b"# A=1\n  # B\n\n \t\nC=3", {"C": "3"}, id="remarks and blank lines"),
        pytest.param(b"A=", {"A": ""}, id="an empty value"),
        pytest.param(b"A=1 # one", {"A": "1"}, id="a remark behind a value"),
        pytest.param(b"A= # none", {"A": ""}, id="a remark instead of a value"),
        pytest.param(b"A=1#2", {"A": "1#2"}, id="no remark without a space"),
        pytest.param(b"A=1  \t\nB=2", {"A": "1", "B": "2"}, id="spaces at the end"),
        pytest.param(b"A=x y", {"A": "x y"}, id="a space within"),
        pytest.param(b"A=b=c", {"A": "b=c"}, id="an equals sign within"),
        pytest.param(b"A=it's", {"A": "it's"}, id="an apostrophe within"),
        pytest.param(b"A=\\n", {"A": "\\n"}, id="a backslash is a backslash"),
        pytest.param("Ä=1\nA=ü".encode().split(b"\n")[1], {"A": "ü"}, id="UTF-8"),
        pytest.param(b"_a1=x", {"_a1": "x"}, id="a name in small letters"),
    ],
)
def test_taken_as_written(content, expected):
    """A good line is a name and its value; nothing is expanded or unquoted."""
    assert envfile.parse(content) == (expected, [])


@pytest.mark.parametrize(
    ("line", "what", "wrong", "cure"),
    [
        pytest.param('A="x"', ": A=(hidden)", "has quotes.", "Remove them", id="double quotes"),
        pytest.param("A='x'", ": A=(hidden)", "has quotes.", "Remove them", id="single quotes"),
        pytest.param("A=$B", ": A=(hidden)", "has a '$'", "A_FILE", id="a dollar first"),
        pytest.param("A=x$$y", ": A=(hidden)", "has a '$'", "A_FILE", id="a doubled dollar"),
        pytest.param("A= x", ": A=(hidden)", "begins with a space.", "Remove", id="a space first"),
        pytest.param("Z=2", ": Z=(hidden)", "is set twice.", "Keep", id="twice"),
        pytest.param("Z=1", ": Z=(hidden)", "is set twice.", "Keep", id="twice the same"),
        pytest.param("A", "", "is not NAME=value.", "Write NAME=value", id="only a name"),
        pytest.param("A =x", "", "is not NAME=value.", "no spaces", id="a space behind the name"),
        pytest.param(" A=x", "", "is not NAME=value.", "no spaces", id="a space before the name"),
        pytest.param("export A=x", "", "is not NAME=value.", "Write", id="export"),
        pytest.param("A: x", "", "is not NAME=value.", "Write", id="a colon"),
        pytest.param("A-B=x", "", "is not NAME=value.", "Write", id="a dash in the name"),
        pytest.param("1A=x", "", "is not NAME=value.", "Write", id="a digit first"),
        pytest.param("=x", "", "is not NAME=value.", "Write", id="no name"),
    ],
)
def test_wrong_line(line, what, wrong, cure):
    """A line something would read otherwise is named by number, with its cure, and not read."""
    found, [problem] = envfile.parse(f"Z=1\n\n{line}\n".encode())

    assert found == {"Z": "1"}
    assert problem.what == f".env, line 3{what}"
    assert problem.wrong.startswith(wrong)
    assert cure in problem.cure


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        pytest.param(BOM + b"A=1\nB=2\n", "begins with a byte order mark.", id="a BOM"),
        pytest.param(b"A=1\r\nB=2\r\n", "has Windows line ends (CRLF).", id="CRLF"),
        pytest.param(b"A=1\r\nB=2\n", "has Windows line ends (CRLF).", id="one CRLF is enough"),
        pytest.param(b"A=1\rB=2\r", "has Windows line ends (CRLF).", id="only carriage returns"),
    ],
)
def test_wrong_file(content, wrong):
    """What an editor did to the whole file is said once; its values are checked all the same."""
    found, [problem] = envfile.parse(content)

    assert found == {"A": "1", "B": "2"}
    assert (problem.what, problem.wrong) == (".env", wrong)


def test_not_utf8():
    """A file in another encoding is refused as a whole."""
    found, [problem] = envfile.parse(b"A=\xe4\n")

    assert found == {}
    assert (problem.what, problem.wrong) == (".env", "is not UTF-8 text.")


def test_all_at_once():
    """One look shows everything that is wrong, by the numbers an editor shows."""
    found, problems = envfile.parse(BOM + b"A='x'\r\nB=1\r\nwhat\r\nB=2\r\n")

    assert found == {"B": "1"}
    assert [problem.what for problem in problems] == [
        ".env",
        ".env",
        ".env, line 1: A=(hidden)",
        ".env, line 3",
        ".env, line 4: B=(hidden)",
    ]


def test_public_value_is_shown():
    """A value that is surely no secret is quoted, so that the line is found at a glance."""
    _, [problem] = envfile.parse(b'MEM_LIMIT="2G"\n', public={"MEM_LIMIT"})

    assert problem.what == '.env, line 1: MEM_LIMIT="2G"'


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(f'DATABASE_URL="{SECRET}"', id="in quotes"),
        pytest.param(f"DATABASE_URL=${SECRET}", id="with a dollar"),
        pytest.param(f"DATABASE_URL= {SECRET}", id="behind a space"),
        pytest.param(f"DATABASE_URL=x\nDATABASE_URL={SECRET}", id="set twice"),
        pytest.param(f"DATABASE_URL {SECRET}", id="no equals sign"),
        pytest.param(f"DATABASE_URL: {SECRET}", id="a colon"),
        pytest.param(f"DATABASE_URL:{SECRET}?a=b", id="an equals sign only later"),
        pytest.param(f"DATABASE_URL = {SECRET}", id="spaces around"),
        pytest.param(f"export DATABASE_URL={SECRET}", id="export"),
        pytest.param(f"DATABASE_ULR='{SECRET}'", id="a misspelled name"),
        pytest.param(f"database_url='{SECRET}'", id="a name in small letters"),
        pytest.param(f"DATABASE_URL=x\n{SECRET}-", id="a second line of a secret"),
    ],
)
def test_secret_is_never_shown(line):
    """However the line with a secret is wrong, no message repeats the secret."""
    _, problems = envfile.parse(f"{line}\n".encode(), public={"MEM_LIMIT"})

    assert len(problems) == 1
    assert SECRET not in str(problems[0])


@given(NAMES, ANYTHING)
@settings(deadline=None)
def test_messages_do_not_depend_on_secrets(name, value):
    """No part of a value gets into a message: two values wrong alike read alike."""
    _, one = envfile.parse(f"{name}='{value}".encode())
    _, other = envfile.parse(f"{name}='".encode())

    if not set(value) & {"\r", "\n"}:
        assert one == other


@given(st.dictionaries(NAMES, VALUES))
@settings(deadline=None)
def test_what_is_written_is_read(values):
    """Names and values without anything special are read back as they were written."""
    content = "".join(f"{name}={value}\n" for name, value in values.items())

    assert envfile.parse(content.encode()) == (values, [])


@given(st.binary())
@settings(deadline=None)
def test_any_bytes_are_read_or_refused(content):
    """Whatever is in the file, a value is never one that Compose would read otherwise."""
    values, problems = envfile.parse(content)

    assert all(problem.cure for problem in problems)
    for value in values.values():
        assert value == value.strip()
        assert not set(value) & {"$", "\r", "\n"}
        assert value[:1] not in {"'", '"'}
