"""Edits of the userlist change the lines they are about, and no other byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubkit import listing
from hubkit.errors import ConfigError
from hubkit.listing import Difference
from hubkit.userlist import Userlist

TEXT = "# ours\nada admin   # boss\n\nlinus    # until summer\nGrace\n"


def problems(refused):
    """Return what is wrong, and check that nothing is said to have been done."""
    assert refused.value.consequence == "nothing was changed"
    return [problem.what for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("text", "people", "expected"),
    [
        pytest.param(TEXT, {"bob": False}, f"{TEXT}bob\n", id="at the end"),
        pytest.param(TEXT, {"bob": True}, f"{TEXT}bob admin\n", id="as administrator"),
        pytest.param(TEXT, {"Bob": False, "BOB": False}, f"{TEXT}bob\n", id="spelt one way"),
        pytest.param(TEXT, {"grace": False, "ADA": False}, TEXT, id="listed already"),
        pytest.param(TEXT, {"grace": True}, TEXT.replace("Grace", "Grace admin"), id="raised"),
        pytest.param("ada admin", {"b": False}, "ada admin\nb\n", id="no line end before"),
        pytest.param("ada admin\r\n", {"b": False}, "ada admin\r\nb\r\n", id="of Windows"),
    ],
)
def test_add(text, people, expected):
    """New names come last, in the hub's spelling; whoever is there keeps their line."""
    assert listing.add(text, people) == expected


@pytest.mark.parametrize("name", ["", "a b", "a/b", "..", "#", "a,b", "x" * 129, "a\nb"])
def test_add_refused(name):
    """What is no name is refused, and with it all the others."""
    with pytest.raises(ConfigError) as refused:
        listing.add(TEXT, {"bob": False, name: False})

    assert problems(refused) == [name or "''"]


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        pytest.param(TEXT, ["LINUS"], TEXT.replace("linus    # until summer\n", ""), id="one"),
        pytest.param(TEXT, ["linus", "grace"], "# ours\nada admin   # boss\n\n", id="several"),
        pytest.param("\ufeffb\nada admin", ["b"], "\ufeffada admin", id="the mark stays"),
        pytest.param("b\nada admin\nb", ["b"], "ada admin\n", id="named twice"),
    ],
)
def test_remove(text, names, expected):
    """A name's line goes, with its remark."""
    assert listing.remove(text, names) == expected


def test_remove_refused():
    """Names that are not listed are all named."""
    with pytest.raises(ConfigError) as refused:
        listing.remove(TEXT, ["bob", "ada", "Lin"])

    assert problems(refused) == ["bob", "Lin"]


@pytest.mark.parametrize(
    ("name", "admin", "line"),
    [
        pytest.param("linus", True, "linus admin    # until summer", id="before the remark"),
        pytest.param("ada", True, "ada admin   # boss", id="already"),
        pytest.param("Grace", True, "Grace admin", id="spelling stays"),
        pytest.param("grace", False, "Grace", id="was none"),
    ],
)
def test_set_admin(name, admin, line):
    """The word stands behind the name."""
    lines = listing.set_admin(TEXT, name, admin=admin).splitlines()

    assert line in lines
    assert len(lines) == len(TEXT.splitlines())


def test_set_admin_off():
    """The word goes, the remark stays; a user called admin keeps the name."""
    text = "admin\tadmin # root\nada admin\n"

    assert listing.set_admin(text, "admin", admin=False) == "admin # root\nada admin\n"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: listing.remove(text, ["ada"]), id="removed"),
        pytest.param(lambda text: listing.set_admin(text, "ada", admin=False), id="off"),
    ],
)
def test_never_without_administrator(change):
    """The last administrator stays."""
    with pytest.raises(ConfigError, match="would name no administrator any more") as refused:
        change(TEXT)

    assert problems(refused) == ["userlist"]


@given(st.dictionaries(st.from_regex(r"[a-z]{1,4}", fullmatch=True), st.booleans(), min_size=1))
def test_adding_and_removing_again(people):
    """Whoever was added and is removed leaves no trace."""
    text = "# ours\nthe-boss admin\n"

    added = listing.add(text, people)

    assert set(Userlist.parse(added).members) == {*people, "the-boss"}
    assert listing.remove(added, people) == text


@pytest.mark.parametrize(
    ("content", "people"),
    [
        pytest.param(b"ada\n", {"ada": False}, id="names only"),
        pytest.param(b"name,admin\nada,admin\nBob,\n", {"ada": True, "bob": False}, id="headline"),
        pytest.param(
            b"\xef\xbb\xbfName;Admin\r\nada;x\r\n\r\nbob;\r\n",
            {"ada": True, "bob": False},
            id="of a spreadsheet",
        ),
        pytest.param(b'"ada","yes"\n', {"ada": True}, id="in quotes"),
        pytest.param(b"ada,1,,\nbob,0\n", {"ada": True, "bob": False}, id="empty columns"),
        pytest.param(b"ada\nADA\n", {"ada": False}, id="the same twice"),
        pytest.param("Åsa\n".encode(), {"åsa": False}, id="letters beyond ASCII"),
    ],
)
def test_read_csv(content, people):
    """A table of names, as programs write it."""
    assert listing.read_csv(content, "a.csv") == people


@pytest.mark.parametrize(
    ("content", "what", "wrong"),
    [
        pytest.param(b"", ["a.csv"], "names nobody", id="empty"),
        pytest.param(b"name,admin\n", ["a.csv"], "names nobody", id="a headline only"),
        pytest.param(b"\xff", ["a.csv"], "is not UTF-8", id="another encoding"),
        pytest.param(b"ada\na b\n", ["a.csv, line 2: a b"], "not a user name", id="a name"),
        pytest.param(b",x\n", ["a.csv, line 1: ,x"], "not a user name", id="no name"),
        pytest.param(b"ada,maybe\n", ["a.csv, line 1: ada,maybe"], "'maybe'", id="a mark"),
        pytest.param(b"ada,,me\n", ["a.csv, line 1: ada,,me"], "two columns", id="columns"),
        pytest.param(b"a,x\na,\n", ["a.csv, line 2: a,"], "there twice", id="contradiction"),
        pytest.param(b'"ada\n', ["a.csv, line 1"], "no table", id="an open quote"),
        pytest.param(
            b"a b\nok\nc d,?\n",
            ["a.csv, line 1: a b", "a.csv, line 3: c d,?"],
            "2 problems",
            id="all",
        ),
    ],
)
def test_read_csv_refused(content, what, wrong):
    """Every wrong line is named, at once."""
    with pytest.raises(ConfigError, match=wrong) as refused:
        listing.read_csv(content, "a.csv")

    assert problems(refused) == what


@given(st.binary())
def test_any_table_is_read_or_refused(content):
    """Whatever is in the file, it is read or refused; a crash is neither."""
    try:
        people = listing.read_csv(content, "a.csv")
    except ConfigError:
        return

    assert Userlist.parse(listing.add("the-boss admin\n", people))


def test_difference():
    """What changed, in order, and in words."""
    old = Userlist(("c", "a", "b"), ("a",))
    new = Userlist(("d", "b", "e", "a"), ("b",))

    difference = Difference.between(old, new)

    assert difference == Difference(("d", "e"), ("c",), ("b",), ("a",))
    assert difference.lines() == [
        "added: d, e",
        "removed: c",
        "administrators now: b",
        "administrators no longer: a",
    ]
    assert Difference.between(old, old).lines() == []
