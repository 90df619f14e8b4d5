"""AUTH=native: who may stay, who is let in again, and who is who after a rename."""

from __future__ import annotations

import pytest
from jupyterhub import orm
from tornado.web import HTTPError

from hubkit.auth import native
from hubkit.userlist import Userlist
from tests.unit.auth.people import GOOD, OTHER, PEOPLE, add, sign_in


class Early:
    """A request so early that JupyterHub has not looked for a token yet."""


async def test_refused_before_a_token_was_looked_for(hub):
    """JupyterHub reads whether there was one as soon as somebody is refused."""
    hub.create_user("mallory", GOOD)
    handler = Early()

    assert await hub.refresh_user(orm.User(name="mallory"), handler) is False

    assert handler._token_authenticated is False


@pytest.mark.parametrize(
    ("name", "authorised", "stays"),
    [
        pytest.param("grace", True, True, id="listed"),
        pytest.param("grace", None, True, id="listed, without a password"),
        pytest.param("mallory", True, True, id="let in by an administrator"),
        pytest.param("grace", False, False, id="listed, but taken back"),
        pytest.param("nobody", None, False, id="unknown"),
    ],
)
async def test_refresh_user(hub, name, authorised, stays):
    """Who is in stays while list and administrator let them."""
    if authorised is not None:
        hub.set_password(name, native.hash_of(GOOD))
        hub.get_user(name).is_authorized = authorised

    assert bool(await hub.refresh_user(orm.User(name=name))) == stays


async def test_taken_off_the_list(hub):
    """The password stays, and is of no use."""
    hub.set_password("grace", native.hash_of(GOOD))
    assert await sign_in(hub, "grace", GOOD) == "grace"

    hub.register.apply(Userlist(("ada",), ("ada",)))

    assert not await hub.refresh_user(orm.User(name="grace"))
    with pytest.raises(HTTPError, match="Your account is not on this hub's list; ask an admin"):
        await sign_in(hub, "grace", GOOD)
    hub.register.apply(PEOPLE)
    assert await sign_in(hub, "grace", GOOD) == "grace"


async def test_a_link_meant_for_it_lets_in_again(hub):
    """A link from after somebody was taken off the list makes them one of those beside it."""
    hub.register.apply(Userlist(("ada",), ("ada",)))

    hub.set_password("grace", native.hash_of(GOOD), back=True)

    assert await sign_in(hub, "grace", GOOD) == "grace"
    assert hub.register.person("grace").origin == "added"


@pytest.mark.parametrize("back", [True, False], ids=["a link from after it", "from before"])
async def test_after_authorisation_was_taken_back(hub, back):
    """Only a link made since then lets in again."""
    hub.set_password("grace", native.hash_of(OTHER))
    hub.take_back(hub.get_user("grace"))
    assert hub.policy.refusal(hub.register.person("grace"))  # ends servers and tokens

    hub.set_password("grace", native.hash_of(GOOD), back=back)

    assert hub.get_user("grace").is_authorized == back
    assert bool(hub.policy.refusal(hub.register.person("grace"))) != back
    if back:
        assert await sign_in(hub, "grace", GOOD) == "grace"
    else:
        with pytest.raises(HTTPError, match="An administrator has to let you in first"):
            await sign_in(hub, "grace", GOOD)


async def test_authorised_again(hub):
    """Whom an administrator lets in again is in again, with servers and tokens."""
    hub.set_password("grace", native.hash_of(GOOD))
    hub.take_back(hub.get_user("grace"))
    assert not await hub.refresh_user(orm.User(name="grace"))

    hub.authorise(hub.get_user("grace"))

    assert hub.policy.refusal(hub.register.person("grace")) == ""
    assert await sign_in(hub, "grace", GOOD) == "grace"
    assert await hub.refresh_user(orm.User(name="grace"))


def test_taken_back_from_one_of_another_provider(hub):
    """Whose name it is comes another way, and keeps what they have."""
    hub.set_password("grace", native.hash_of(GOOD))
    hub.register.bind("github:7", "grace")

    hub.take_back(hub.get_user("grace"))

    assert not hub.get_user("grace").is_authorized
    assert not hub.register.person("grace").denied


async def test_an_old_link_does_not_let_in_again(hub):
    """A link from before somebody was taken off the list sets a password of no use."""
    hub.register.apply(Userlist(("ada",), ("ada",)))

    hub.set_password("grace", native.hash_of(GOOD))

    with pytest.raises(HTTPError, match="not on this hub's list"):
        await sign_in(hub, "grace", GOOD)


async def test_rights_follow_the_list(hub):
    """Taken off, the word admin takes the rights; those of the console stay."""
    ada, grace = orm.User(name="ada", admin=True), orm.User(name="grace", admin=True)
    assert await hub.refresh_user(ada) is True

    hub.register.apply(Userlist(("ada", "grace", "boss"), ("boss",)))

    change = {"name": "ada", "admin": False, "groups": None}
    assert await hub.refresh_user(ada) == change
    assert await hub.refresh_user(grace) is True
    hub.register.apply(PEOPLE)
    ada.admin = False
    assert await hub.refresh_user(ada) == {**change, "admin": True}


async def test_renamed(hub, db):
    """The password goes with the person; who takes the old name is somebody else."""
    add(hub, db, "lin")
    hub.set_password("lin", native.hash_of(GOOD))
    await sign_in(hub, "lin", GOOD)

    hub.renamed("lin", "linda")

    assert await sign_in(hub, "linda", GOOD) == "linda"
    assert await sign_in(hub, "lin", GOOD) is None
    hub.set_password("lin", native.hash_of(OTHER))
    assert await sign_in(hub, "lin", OTHER) == "lin"
    assert await sign_in(hub, "linda", OTHER) is None


async def test_renamed_to_what_a_stranger_asked_for(hub, db):
    """A stranger's password does not come with the name."""
    add(hub, db, "lin")
    hub.set_password("lin", native.hash_of(GOOD))
    hub.create_user("linda", OTHER)

    hub.renamed("lin", "linda")

    assert await sign_in(hub, "linda", GOOD) == "linda"
    assert await sign_in(hub, "linda", OTHER) is None


def test_pages(hub):
    """The kit's pages stand in for NativeAuthenticator's, and each path is served once."""
    pages = hub.get_handlers(None)
    paths = [path for path, _ in pages]

    assert len(paths) == len(set(paths))
    assert {handler.__name__ for _, handler in pages} >= {"SignUp", "Authorize", "Welcome"}
    assert {"/login", "/authorize", "/change-password"} < set(paths)


def test_invitations_use_the_cookie_secret(hub, monkeypatch, tmp_path):
    """Links are signed with what only this hub knows."""
    (tmp_path / "secret").write_text("a1b2\n")
    monkeypatch.setattr("hubkit.stack.COOKIE_SECRET", tmp_path / "secret")

    assert hub.invitations.name(native.Invitations(b"a1b2").code("ada", b"")) == "ada"
