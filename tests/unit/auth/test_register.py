"""The register: what is remembered about people, through lists, names and accounts."""

from __future__ import annotations

import sqlite3
import threading
import time

import pytest

from hubkit.auth import register as module
from hubkit.auth.register import Person, Register
from hubkit.userlist import Userlist

LIST = Userlist(("ada", "grace"), ("ada",))


@pytest.fixture
def register(tmp_path):
    return Register(tmp_path / "people.sqlite")


def test_apply(register):
    """The list's people are known, and who administers."""
    register.apply(LIST)

    assert register.people() == [
        Person("ada", "listed", listed=True, listed_admin=True),
        Person("grace", "listed", listed=True),
    ]
    assert register.person("linus") is None


def test_apply_again(register):
    """The later list counts; who is off it is remembered as having come by one."""
    register.apply(LIST)
    register.came("linus", "added")

    register.apply(Userlist(("grace", "lin"), ("grace",)))

    assert register.person("ada") == Person("ada", "listed", ended=True)
    assert register.person("grace") == Person("grace", "listed", listed=True, listed_admin=True)
    assert register.person("lin") == Person("lin", "listed", listed=True)
    assert register.person("linus") == Person("linus", "added")


def test_apply_keeps_the_rest(register):
    """Block, and when the provider was asked, outlive a change of the list."""
    register.confirm("ada")
    register.block("ada", blocked=True)
    before = register.person("ada")

    register.apply(LIST)

    after = register.person("ada")
    assert (after.blocked, after.checked, after.listed) == (True, before.checked, True)


def test_apply_is_whole_or_not_at_all(register):
    """A list that cannot be written leaves the last one."""
    register.apply(LIST)

    with pytest.raises(sqlite3.Error):
        register.apply(Userlist(("lin", object()), ("lin",)))

    assert [one.name for one in register.people() if one.listed] == ["ada", "grace"]


def test_two_see_the_same(register, tmp_path):
    """The hub and a command have a register each, of one truth."""
    Register(tmp_path / "people.sqlite").block("ada", blocked=True)

    assert register.person("ada").blocked


def test_waits_for_another_writer(register, tmp_path):
    """Somebody else's write is waited for, not failed at."""
    other = sqlite3.connect(tmp_path / "people.sqlite", check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")

    def finish():
        time.sleep(0.2)
        other.commit()
        other.close()

    thread = threading.Thread(target=finish)
    thread.start()
    register.block("ada", blocked=True)
    thread.join()

    assert register.person("ada").blocked


def test_marks(register, monkeypatch):
    """Each thing that is remembered changes by itself."""
    monkeypatch.setattr(module.time, "time", lambda: 7.0)
    register.came("ada", "admitted")
    register.set_admin_by("ada", "group")
    register.deny("ada")
    assert register.person("ada") == Person(
        "ada", "admitted", admin_by="group", denied=True, ended=True
    )
    assert register.stale("ada") == 7.0
    monkeypatch.setattr(module.time, "time", lambda: 9.0)
    assert register.stale("ada") == 7.0, "since the first time"

    register.begin("ada")
    assert register.person("ada") == Person("ada", "admitted", admin_by="group", checked=9.0)

    register.block("ada", blocked=True)
    assert register.person("ada").blocked
    register.block("ada", blocked=False)
    assert not register.person("ada").blocked


@pytest.mark.parametrize(
    ("listed_admin", "admin_by", "admin", "answer", "remembered"),
    [
        pytest.param(True, "", False, True, "list", id="made administrator"),
        pytest.param(True, "", True, None, "list", id="appointed, then listed"),
        pytest.param(True, "list", True, None, "list", id="as it was"),
        pytest.param(True, "list", False, True, "list", id="taken away in the console"),
        pytest.param(False, "list", True, False, "lost", id="off the list"),
        pytest.param(False, "lost", True, False, "lost", id="the answer was lost"),
        pytest.param(False, "lost", False, None, "", id="the answer arrived"),
        pytest.param(False, "", True, None, "", id="appointed in the console"),
        pytest.param(False, "group", True, None, "group", id="by a group"),
        pytest.param(False, "", False, None, "", id="no administrator"),
    ],
)
def test_listed_rights(register, listed_admin, admin_by, admin, answer, remembered):  # noqa: PLR0917
    """The list gives rights and takes back what it gave, nothing else, until it is done."""
    admins = ("ada", "boss") if listed_admin else ("boss",)
    register.apply(Userlist(("ada", "boss"), admins))
    register.set_admin_by("ada", admin_by)

    assert register.listed_rights("ada", admin=admin) is answer
    assert register.person("ada").admin_by == remembered
    assert register.listed_rights("ada", admin=admin if answer is None else answer) is None


def test_listed_rights_of_a_stranger(register):
    """Nothing changes for somebody who is not known."""
    assert register.listed_rights("ada", admin=True) is None
    assert register.people() == []


def test_forget(register):
    """A deleted user is forgotten, but for list, block and account."""
    register.apply(LIST)
    register.came("linus", "added")
    register.came("lin", "added")
    register.block("lin", blocked=True)
    register.bind("github:1", "linus")

    for name in ("ada", "linus", "lin"):
        register.forget(name)

    assert [one.name for one in register.people()] == ["ada", "grace", "lin"]
    assert register.name_of("github:1") == "linus"


def test_put_back(register):
    """Who was taken off the list may be let in again; nobody else's origin changes."""
    register.apply(LIST)
    register.came("linus", "added")
    register.apply(Userlist(("ada",), ("ada",)))

    for name in ("ada", "grace", "linus", "nobody"):
        register.put_back(name)

    origins = {one.name: one.origin for one in register.people()}
    assert origins == {"ada": "listed", "grace": "", "linus": "added"}


def test_rename(register):
    """What is known goes with the person; the list still means the name it wrote."""
    register.apply(LIST)
    register.set_admin_by("grace", "group")
    register.block("grace", blocked=True)
    register.bind("github:1", "grace")

    register.rename("grace", "hopper")

    assert register.person("hopper") == Person("hopper", "added", admin_by="group", blocked=True)
    assert register.person("grace").listed
    assert register.name_of("github:1") == "hopper"
    assert register.identity_of("grace") == ""


def test_rename_of_one_who_was_added(register):
    """Whom no list names leaves nothing under the old name."""
    register.came("linus", "added")

    register.rename("linus", "torvalds")

    assert register.people() == [Person("torvalds", "added")]


def test_rename_does_not_let_in(register):
    """Somebody who was taken off the list is not let in by a new name."""
    register.apply(LIST)
    register.apply(Userlist(("ada",), ("ada",)))

    register.rename("grace", "hopper")

    assert register.person("hopper") == Person("hopper", "listed")


def test_rename_to_a_listed_name(register):
    """The list goes on meaning the new name."""
    register.came("linus", "added")
    register.apply(LIST)

    register.rename("linus", "grace")

    assert register.person("grace") == Person("grace", "listed", listed=True)
    assert register.person("linus") is None


def test_rename_to_a_name_that_was_somebodys(register):
    """The account of a deleted user of that name does not keep the new owner's."""
    register.came("linus", "added")
    register.bind("github:1", "linus")
    register.bind("github:2", "torvalds")

    register.rename("linus", "torvalds")

    assert register.identity_of("torvalds") == "github:1"
    assert register.name_of("github:2") == ""


def test_rename_of_a_stranger(register):
    """A name that is not known changes nothing."""
    register.apply(LIST)

    register.rename("linus", "ada")

    assert register.person("ada").listed_admin


def test_accounts(register):
    """A name belongs to one account, and an account has one name."""
    assert (register.name_of("github:1"), register.identity_of("ada")) == ("", "")

    register.bind("github:1", "ada")
    assert (register.name_of("github:1"), register.identity_of("ada")) == ("ada", "github:1")

    register.bind("github:1", "lovelace")
    assert (register.identity_of("ada"), register.identity_of("lovelace")) == ("", "github:1")

    register.bind("github:2", "lovelace")
    assert (register.name_of("github:1"), register.name_of("github:2")) == ("", "lovelace")


def test_release(register):
    """A released name belongs to nobody; the person stays known."""
    register.came("ada", "admitted")
    register.bind("github:1", "ada")

    register.release("ada")

    assert register.name_of("github:1") == ""
    assert register.person("ada").origin == "admitted"


@pytest.mark.parametrize("name", ["o'hara", "a;b", '"', "åsa", "x' OR '1'='1"])
def test_any_name(register, name):
    """A name is data, whatever signs it has."""
    register.came(name, "added")
    register.came("grace", "added")

    register.forget(name)

    assert [one.name for one in register.people()] == ["grace"]
