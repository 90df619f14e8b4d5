"""AUTH=temporary: what is asked of it before anybody comes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from jupyterhub import orm
from traitlets.config import Config

from hubkit import auth
from hubkit.auth import ledger
from hubkit.auth.answers import Refused
from hubkit.errors import ConfigError
from hubkit.settings import check
from hubkit.userlist import Userlist

pytestmark = pytest.mark.usefixtures("places")
VISITOR = "tmp-abcdefghijkl"


@pytest.fixture
def door(build, tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, "FILE", tmp_path / "visitors.sqlite")
    return build("temporary")


async def test_admitted(door):
    """Whoever comes is a visitor, no administrator, and in no register."""
    handler = SimpleNamespace(request=SimpleNamespace(remote_ip="192.0.2.1"))

    model = await door.get_authenticated_user(handler, None)

    assert not model["admin"]
    assert door.owns(model["name"])
    assert [one.address for one in door.ledger.visits()] == ["192.0.2.1"]
    assert door.register.person(model["name"]) is None


async def test_image(door):
    """The image that was asked for is on record."""
    handler = SimpleNamespace(request=SimpleNamespace(remote_ip="192.0.2.1"))

    door.images = ["r"]

    await door.get_authenticated_user(handler, {"image": "r"})

    assert [one.image for one in door.ledger.visits()] == ["r"]


@pytest.mark.parametrize(
    ("traits", "form", "status"),
    [
        pytest.param({"api_only": True}, {}, 403, id="programs only"),
        pytest.param({}, {"image": "x" * 999}, 400, id="an image there is not"),
    ],
)
async def test_by_the_hubs_own_form(door, traits, form, status):
    """What the hub's own sign-in page is sent opens nothing that the door does not."""
    handler = SimpleNamespace(request=SimpleNamespace(remote_ip="192.0.2.1"))
    door.set_trait("api_only", traits.get("api_only", False))

    with pytest.raises(Refused) as caught:
        await door.authenticate(handler, form)

    assert caught.value.status_code == status
    assert len(str(caught.value)) < 999
    assert door.ledger.visits() == []
    assert door.ledger.counts() == {}


async def test_nobody_else(door):
    """People on the userlist do not come in by this door."""
    assert not await door.check_allowed("ada")
    assert await door.check_allowed(VISITOR)
    assert await door.refresh_user(SimpleNamespace(name=VISITOR, admin=False)) is True


def test_kept_nowhere(door, db):
    """A visitor becomes no administrator, and leaves the ledger when deleted."""
    user = orm.User(name=VISITOR, admin=True)
    db.add(user)
    door.ledger.admit(VISITOR, "192.0.2.1")

    door.add_user(user)
    assert (user.admin, door.register.person(VISITOR)) == (False, None)

    door.delete_user(user)
    assert door.ledger.visits() == []


@pytest.mark.parametrize("words", [("native",), ("native", "temporary"), ("ldap",)])
def test_names_are_reserved(build, words):
    """No other way gives anybody a visitor's name."""
    assert not build(*words, **({"ALLOW": ""} if "native" in words else {})).validate_username(
        VISITOR
    )


def test_userlist_with_a_visitors_name():
    """A userlist with such a name is refused with what to do."""
    found, _ = check({"AUTH": "native"})

    with pytest.raises(ConfigError) as refused:
        auth.configure(Config(), found, Userlist(members=("ada", VISITOR)))

    [problem] = refused.value.problems
    assert VISITOR in problem.what
    assert problem.cure


@pytest.mark.parametrize(
    ("written", "problems"),
    [
        pytest.param({"AUTH": "temporary"}, 0, id="alone"),
        pytest.param({"AUTH": "native,temporary"}, 0, id="beside accounts of the hub"),
        pytest.param({"AUTH": "temporary,native"}, 2, id="first"),
        pytest.param({"AUTH": "temporary", "ALLOW": "everyone"}, 1, id="ALLOW means nothing"),
        pytest.param({"AUTH": "temporary", "ADMIN_GROUPS": "x"}, 1, id="no groups"),
    ],
)
def test_together(written, problems):
    """Visitors stand beside others, and last."""
    found, wrong = check(written)

    assert wrong == []
    assert len(auth.problems(found)) == problems


def test_list_of_the_first(build):
    """ALLOW=userlist does for one provider with visitors beside it."""
    found, _ = check(
        {
            "AUTH": "ldap,temporary",
            "ALLOW": "userlist",
            "LDAP_SERVER_HOST": "ldap.example.org",
            "LDAP_BIND_DN": "uid={username},o=x",
        }
    )

    assert auth.problems(found) == []


async def test_several(build, tmp_path, monkeypatch):
    """Beside others, each is asked about its own people."""
    monkeypatch.setattr(ledger, "FILE", tmp_path / "visitors.sqlite")
    made = build("native", "temporary", ALLOW="")

    assert await made.refresh_user(SimpleNamespace(name=VISITOR, admin=False)) is True
    paths = [path for path, _ in made.get_handlers(None)]
    assert "temporary" in paths
    assert "login" in paths
