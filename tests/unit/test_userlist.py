"""The userlist: names and administrators, and every wrong line by its number."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubkit.errors import ConfigError
from hubkit.userlist import Userlist

NAMES = st.text("abcdefghijklmnopqrstuvwxyzäß0123456789-_.@", min_size=1, max_size=20).filter(
    lambda name: name.strip(".") and name.lower() == name
)


def complaints(text):
    """Return what is wrong with *text*, as (what, wrong) pairs."""
    with pytest.raises(ConfigError) as caught:
        Userlist.parse(text)
    return [(problem.what, problem.wrong) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "members", "admins"),
    [
        pytest.param("ada admin\nbob\n", ["ada", "bob"], ["ada"], id="one administrator"),
        pytest.param("bob\nada admin", ["bob", "ada"], ["ada"], id="order of the file is kept"),
        pytest.param("ada admin", ["ada"], ["ada"], id="no line end at the end"),
        pytest.param("a admin\nb admin", ["a", "b"], ["a", "b"], id="two administrators"),
        pytest.param("# us\n\n \t\nada admin\n", ["ada"], ["ada"], id="remarks and blank lines"),
        pytest.param("ada admin # boss\nbob# x", ["ada", "bob"], ["ada"], id="remark at the end"),
        pytest.param("#bob\nada admin", ["ada"], ["ada"], id="a remark lists nobody"),
        pytest.param("ada admin\r\nbob\r\n", ["ada", "bob"], ["ada"], id="Windows line ends"),
        pytest.param("ada admin\rbob\r", ["ada", "bob"], ["ada"], id="old Macintosh line ends"),
        pytest.param("\ufeffada admin\n", ["ada"], ["ada"], id="a byte order mark"),
        pytest.param("\tada \t admin  \n", ["ada"], ["ada"], id="spaces and tabs"),
        pytest.param("Ada admin\nBOB", ["ada", "bob"], ["ada"], id="compared in lower case"),
        pytest.param("a admin\nb\nb\na admin", ["a", "b"], ["a"], id="twice is once"),
        pytest.param("a admin\nB\nb", ["a", "b"], ["a"], id="twice in another case is once"),
        pytest.param("admin admin", ["admin"], ["admin"], id="a user called admin"),
        pytest.param("a.b@x-y.org admin", ["a.b@x-y.org"], ["a.b@x-y.org"], id="mail address"),
        pytest.param("..a admin", ["..a"], ["..a"], id="dots before a letter"),
        pytest.param(f"{'ü' * 128} admin", ["ü" * 128], ["ü" * 128], id="the longest name"),
        pytest.param("a admin # x\u2028eve", ["a"], ["a"], id="a remark ends with its line only"),
        pytest.param("a admin # x\x0ceve admin", ["a"], ["a"], id="a form feed ends no remark"),
    ],
)
def test_parse(text, members, admins):
    """One name per line, ``admin`` after it; remarks and blank lines say nothing."""
    assert Userlist.parse(text) == Userlist(tuple(members), tuple(admins))


@pytest.mark.parametrize(
    ("text", "what", "wrong"),
    [
        pytest.param("a admin\nb root", "line 2: b root", "has 'root'", id="unknown second word"),
        pytest.param("a Admin", "line 1: a Admin", "has 'Admin'", id="admin with a capital"),
        pytest.param("a admin x", "line 1: a admin x", "has 'admin x'", id="a third word"),
        pytest.param("a, admin", "line 1: a, admin", "is not a user name", id="a comma"),
        pytest.param("x admin\na/b", "line 2: a/b", "is not a user name", id="a slash"),
        pytest.param("x admin\na\\b", "line 2: a\\b", "is not a user name", id="a backslash"),
        pytest.param("x admin\n..", "line 2: ..", "is not a user name", id="two dots"),
        pytest.param("x admin\n.", "line 2: .", "is not a user name", id="one dot"),
        pytest.param("x admin\n../x", "line 2: ../x", "is not a user name", id="a step upwards"),
        pytest.param("x admin\na\x00b", "line 2: a\x00b", "is not a user name", id="a NUL"),
        pytest.param(
            f"x admin\n{'a' * 129}", f"line 2: {'a' * 129}", "is not a user name", id="too long"
        ),
        pytest.param(
            "#\n\nx admin\nx", "line 4: x", "is listed twice", id="administrator and then not"
        ),
        pytest.param(
            "x\nX admin", "line 2: X admin", "is listed twice", id="administrator after all"
        ),
        pytest.param(
            "x admin\r\n\r\na/b\r\n", "line 3: a/b", "is not a user name", id="CRLF counts once"
        ),
        pytest.param("x admin\x0c\na/b", "line 2: a/b", "is not a user", id="form feed no line"),
    ],
)
def test_wrong_line(text, what, wrong):
    """A wrong line is named by the number an editor shows, and quoted."""
    [(named, said)] = complaints(text)

    assert named == f"userlist, {what}"
    assert said.startswith(wrong)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("\ufeff", id="only a byte order mark"),
        pytest.param("# nobody yet\n\n", id="only remarks"),
        pytest.param("ada\nbob\n", id="only members"),
        pytest.param("ada # admin\n", id="the administrator is in a remark"),
    ],
)
def test_needs_an_administrator(text):
    """A hub nobody administers is refused."""
    assert complaints(text) == [("userlist", "names no administrator.")]


def test_all_wrong_lines_at_once():
    """One look shows every wrong line, and no complaint that only follows from them."""
    found = complaints("a/b admin\nok\n..\nok root\n")

    assert [what for what, _ in found] == [
        "userlist, line 1: a/b admin",
        "userlist, line 3: ..",
        "userlist, line 4: ok root",
    ]


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        pytest.param(None, "no such file.", id="missing"),
        pytest.param(b"ad\xe4 admin\n", "is not UTF-8 text.", id="not UTF-8"),
        pytest.param(b"ada root\n", "has 'root' behind the name.", id="a wrong line"),
    ],
)
def test_unreadable_file(tmp_path, content, wrong):
    """What is wrong with the file itself is said the same way, by the file's own name."""
    path = tmp_path / "people"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        Userlist.read(path)

    [problem] = caught.value.problems
    assert problem.what.startswith("people")
    assert problem.wrong == wrong
    assert problem.cure


def test_folder_instead_of_a_file(tmp_path):
    """A folder is no userlist: Docker makes one where a mounted file was missing."""
    with pytest.raises(ConfigError, match="Is a directory"):
        Userlist.read(tmp_path)


def test_read(tmp_path):
    """A file is read as UTF-8, whatever line ends and mark an editor left in it."""
    path = tmp_path / "userlist"
    path.write_bytes(b"\xef\xbb\xbfj\xc3\xbcrgen admin\r\nbob\r\n")

    assert Userlist.read(path) == Userlist(("jürgen", "bob"), ("jürgen",))


@given(st.dictionaries(NAMES, st.booleans(), min_size=1).filter(lambda roles: any(roles.values())))
@settings(deadline=None)
def test_what_is_written_is_read(roles):
    """Every name written is a member, and exactly the marked ones are administrators."""
    found = Userlist.parse("".join(f"{n}{' admin' if a else ''}\n" for n, a in roles.items()))

    assert found.members == tuple(roles)
    assert found.admins == tuple(name for name, admin in roles.items() if admin)


@given(st.text())
@settings(deadline=None)
def test_any_text_is_read_or_refused(text):
    """Whatever is in the file, it is read or refused; a crash is neither."""
    with suppress(ConfigError):
        found = Userlist.parse(text)

        assert found.admins
        assert set(found.admins) <= set(found.members)
