"""Show who may use the hub, apply the list, block and release."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from hubkit import stack
from hubkit.auth.register import Register
from hubkit.errors import ConfigError, HubkitError
from hubkit.ops import roster
from hubkit.ops.roster import Row
from hubkit.services.roster import Ended
from hubkit.settings import Settings
from hubkit.userlist import Userlist

ENV = Settings.from_env({"CONTACT": "Ada"})
UNLISTED = "Your account is not on this hub's list; ask Ada."


class Hub:
    """A hub that ends whatever it is asked to end.

    Attributes:
        users: What it says of its users.
        ended: Whose access was ended, in order.
        down: Whether it does not answer.
    """

    def __init__(self):
        self.known, self.ended, self.down = [], [], False

    async def users(self):
        return self.known

    async def end(self, _, names):
        self.ended += sorted(names)
        return [Ended(name, ("",), 2) for name in sorted(names)]


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """Return the hub whose container this is."""
    made = Hub()

    @asynccontextmanager
    async def connected():
        if made.down:
            raise HubkitError("the hub does not answer: refused")
        yield made

    monkeypatch.setattr(stack, "REGISTER", tmp_path / "people.sqlite")
    monkeypatch.setattr(roster, "connected", connected)
    monkeypatch.setattr(roster, "end_access", made.end)
    return made


@pytest.fixture
def register(hub):
    made = Register(stack.REGISTER)
    made.apply(Userlist(("ada", "grace"), ("ada",)))
    return made


@pytest.fixture
def userlist(tmp_path):
    """Return a function that writes the file and returns its path."""

    def write(text):
        (tmp_path / "userlist").write_text(text)
        return tmp_path / "userlist"

    return write


def test_overview(hub, register):
    """Everybody the hub or the register knows, with what counts now."""
    register.apply(Userlist(("ada", "lin"), ("ada", "lin")))
    register.set_admin_by("grace", "list")
    register.came("linus", "added")
    register.block("linus", blocked=True)
    register.bind("github:1", "linus")
    hub.known = [
        {"name": "ada", "admin": True, "servers": {"": {}, "b": {}}},
        {"name": "grace", "admin": True, "servers": {}},
        {"name": "linus", "admin": True},
        {"name": "odd", "admin": False},
    ]

    blocked = "Your account is blocked on this hub; ask Ada."
    assert roster.overview(ENV) == [
        Row("ada", "listed", True, False, "", ("", "b"), ""),
        Row("grace", "listed", False, False, UNLISTED, (), ""),
        Row("lin", "listed", True, False, "", (), ""),
        Row("linus", "added", True, True, blocked, (), "github:1"),
        Row("odd", "", False, False, UNLISTED, (), ""),
    ]


def test_table():
    """Columns are aligned, and lines end with their last word."""
    rows = [
        Row("ada", "listed", True, False, "", ("", "b"), "github:1"),
        Row("a-longer-name", "added", False, True, "blocked", (), ""),
        Row("c", "", False, False, "no", (), ""),
    ]

    assert roster.table(rows) == [
        "NAME           CAME    ADMIN  ACCESS   SERVERS    ACCOUNT",
        "ada            listed  admin  yes      running,b  github:1",
        "a-longer-name  added          blocked",
        "c                             no",
    ]


def test_sync(hub, register, userlist):
    """The file is applied; whoever is off it loses access; all of it is said."""
    done = roster.sync(ENV, userlist("lin admin\nada\n"))

    assert [one.name for one in register.people() if one.listed] == ["ada", "lin"]
    assert hub.ended == ["grace"]
    assert done.failed == ""
    assert done.lines == (
        "added: lin",
        "removed: grace",
        "administrators now: lin",
        "administrators no longer: ada",
        "stopped the server of grace",
        "deleted 2 tokens of grace",
    )


def test_sync_again(hub, register, userlist):
    """The same file again changes nothing; access that was not ended then is now."""
    path = userlist("ada admin\ngrace\n")

    assert roster.sync(ENV, path).lines == ("the userlist is as it was",)
    assert hub.ended == []

    register.block("grace", blocked=True)
    roster.sync(ENV, path)
    assert hub.ended == ["grace"]


def test_sync_of_a_wrong_file(hub, register, userlist):
    """All that is wrong is said, and nothing is changed."""
    before = register.people()

    with pytest.raises(ConfigError, match=r"^2 problems \(nothing was changed\)"):
        roster.sync(ENV, userlist("a/b\nada boss\n"))

    assert (register.people(), hub.ended) == (before, [])


def test_sync_while_the_hub_is_silent(hub, register, userlist):
    """The list counts all the same, and what is left is said."""
    hub.down = True

    done = roster.sync(ENV, userlist("ada admin\n"))

    assert not register.person("grace").listed
    assert done.lines == ("removed: grace",)
    assert done.failed.startswith("servers and tokens are left: the hub does not answer: refused")


def test_block(hub, register):
    """Blocked is who was named, in whatever spelling, and at once."""
    done = roster.block("Grace", blocked=True)

    assert register.person("grace").blocked
    assert hub.ended == ["grace"]
    assert done.lines[0] == "grace is blocked"

    assert roster.block("grace", blocked=False).lines == ("grace is not blocked any more",)
    assert not register.person("grace").blocked
    assert roster.block("grace", blocked=False).lines == ("grace was not blocked",)
    assert hub.ended == ["grace"]


@pytest.mark.parametrize("name", ["linus", "a b", ""])
def test_block_of_nobody(hub, register, name):
    """A name the hub does not know is a mistake, not a precaution."""
    with pytest.raises(ConfigError, match="is nobody the hub knows"):
        roster.block(name, blocked=True)

    assert len(register.people()) == 2


def test_release(hub, register):
    """The name belongs to nobody, and what that means is said."""
    register.bind("github:1", "ada")

    done = roster.release("Ada")

    assert register.identity_of("ada") == ""
    assert done.lines[:2] == (
        "ada no longer belongs to github:1",
        "the next who signs in as ada gets that name and its home, files included",
    )
    assert register.person("ada").ended, "whoever had the name is out"
    with pytest.raises(ConfigError, match="belongs to no account"):
        roster.release("ada")
