"""AUTH=native: who may sign up, with what password, and who is then let in."""

from __future__ import annotations

import threading
from datetime import datetime

import bcrypt
import pytest
from jupyterhub import orm
from nativeauthenticator.orm import UserInfo
from tornado.web import HTTPError
from traitlets.config import Config

from hubkit import stack
from hubkit.auth import native
from hubkit.settings import Settings
from hubkit.userlist import Userlist

GOOD, OTHER = "correct horse battery", "staple correct horse"
PEOPLE = Userlist(members=("ada", "grace"), admins=("ada",))


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch):
    """Hash with bcrypt's least cost: the tests are about who, not about how slowly."""
    cheap = bcrypt.gensalt
    monkeypatch.setattr(bcrypt, "gensalt", lambda: cheap(4))


@pytest.fixture
def hub(db, tmp_path, monkeypatch):
    """Return the authenticator as AUTH=native configures it."""
    monkeypatch.setattr(stack, "REGISTER", tmp_path / "people.sqlite")
    monkeypatch.setattr(stack, "AUDIT_LOG", tmp_path / "sign-ins.log")
    c = Config()
    made = native.configure(c, Settings.from_env({}))(config=c, _deprecated_db_session=db)
    made.register.apply(PEOPLE)
    made.get_handlers(None)  # as the hub does at its start
    return made


def add(hub, db, name, *, admin=False):
    """Add a user as the admin console does."""
    user = orm.User(name=name, admin=admin)
    db.add(user)
    db.commit()
    hub.add_user(user)
    return user


async def sign_in(hub, name, password):
    """Return the name the hub knows who signs in by, or None if they may not."""
    model = await hub.get_authenticated_user(None, {"username": name, "password": password})
    return model and model["name"]


async def test_listed_names_sign_up(hub):
    """Somebody on the list chooses a password and is in."""
    assert hub.create_user("grace", GOOD).is_authorized

    assert await sign_in(hub, "grace", GOOD) == "grace"
    assert await sign_in(hub, "grace", OTHER) is None


async def test_added_names_sign_up(hub, db):
    """Somebody an administrator added in the console needs no second permission."""
    add(hub, db, "lin")

    assert hub.create_user("lin", GOOD).is_authorized
    assert await sign_in(hub, "lin", GOOD) == "lin"


async def test_strangers_wait(hub):
    """A stranger may ask; until an administrator says yes they stay out."""
    assert not hub.create_user("mallory", GOOD).is_authorized
    with pytest.raises(HTTPError, match="An administrator has to let you in first"):
        await sign_in(hub, "mallory", GOOD)
    assert await sign_in(hub, "mallory", OTHER) is None

    UserInfo.change_authorization(hub.db, "mallory")
    hub.let_in("mallory")

    assert await sign_in(hub, "mallory", GOOD) == "mallory"


@pytest.mark.parametrize("name", ["ada", "ADA", "Ada"])
async def test_administrators_cannot_sign_up(hub, name):
    """Whoever knows an administrator's name first does not become one."""
    assert hub.create_user(name, GOOD) is None
    assert not hub.user_exists("ada")
    assert await sign_in(hub, "ada", GOOD) is None


@pytest.mark.parametrize("name", ["grace hopper", "a,b", "a/b"])
def test_no_names(hub, name):
    """What cannot be a name cannot sign up."""
    assert hub.create_user(name, GOOD) is None


async def test_nobody_signs_up_twice(hub):
    """A second sign-up does not change the first one's password."""
    hub.create_user("grace", GOOD)

    assert hub.create_user("Grace", OTHER) is None
    assert await sign_in(hub, "grace", GOOD) == "grace"


def used(hub, db, *, server=None, **user):
    """Make a hub user grace with a server's record."""
    db.add(orm.User(name="grace", _orm_spawners=[orm.Spawner(name="", **(server or {}))], **user))
    db.commit()


NOW = datetime(2026, 1, 2)
BEHIND = {
    "a sign-in": lambda hub, db: used(hub, db, last_activity=NOW),
    "a home": lambda hub, db: used(hub, db, server={"state": {"home_volume": "v"}}),
    "a server": lambda hub, db: used(hub, db, server={"last_activity": NOW}),
    "another provider's account": lambda hub, _: hub.register.bind("github:7", "grace"),
    "a password, deleted since": lambda hub, _: hub.register.bind("native:grace", "grace"),
}


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "taken off the list"])
@pytest.mark.parametrize("what", BEHIND)
def test_nobody_signs_up_as_somebody(hub, db, what, listed):
    """A name somebody uses, or used, is not its next visitor's: its home is behind it."""
    if not listed:
        hub.register.apply(Userlist(("ada",), ("ada",)))
    BEHIND[what](hub, db)

    assert hub.create_user("grace", GOOD) is None
    assert not hub.user_exists("grace")


def test_signing_up_as_one_added(hub, db):
    """The record JupyterHub makes for each new user is nothing anybody left behind."""
    used(hub, db)

    assert hub.create_user("grace", GOOD).is_authorized


def test_only_so_many_wait(hub, monkeypatch):
    """A full list takes no further stranger; who is listed comes in all the same."""
    monkeypatch.setattr(native, "MOST_WAITING", 2)
    assert hub.create_user("eve", GOOD)
    hub.db.add(UserInfo(username="grace", password=b"x"))  # listed, and invited: no stranger
    hub.db.commit()
    assert hub.create_user("mallory", GOOD)

    assert hub.create_user("trudy", GOOD) is None
    hub.db.delete(hub.get_user("grace"))
    assert hub.create_user("grace", GOOD).is_authorized


@pytest.mark.parametrize("change", ["set_password", "replace_password"])
def test_another_password_ends_sessions(hub, db, change):
    """Whoever signed in by the old one is out, and nobody else is."""
    grace, lin = add(hub, db, "grace"), add(hub, db, "lin")
    hub.create_user("grace", GOOD)
    before, others = grace.cookie_id, lin.cookie_id

    whose = "grace" if change == "set_password" else hub.get_user("grace")
    getattr(hub, change)(whose, native.hash_of(OTHER))

    assert grace.cookie_id != before
    assert lin.cookie_id == others


def test_a_password_nobody_uses_ends_no_session(hub, db):
    """The password of one who comes by another provider is not what they signed in by."""
    grace = add(hub, db, "grace")
    hub.create_user("grace", GOOD)
    hub.register.bind("github:7", "grace")
    before = grace.cookie_id

    hub.replace_password(hub.get_user("grace"), native.hash_of(OTHER))

    assert grace.cookie_id == before


@pytest.mark.parametrize("data", [None, {}, {"username": "grace"}])
async def test_nothing_typed(hub, data):
    """A form with a field missing is refused, not an error of the hub."""
    with pytest.raises(HTTPError) as refused:
        await native.Passwords.authenticate(hub, None, data)

    assert refused.value.status_code == 403


async def test_hashing_holds_up_nobody(hub, monkeypatch):
    """The hub goes on while a password is hashed or compared."""
    threads = set()

    def noted(call):
        def noting(*args):
            threads.add(threading.current_thread())
            return call(*args)

        return noting

    hub.create_user("grace", GOOD)
    monkeypatch.setattr(bcrypt, "hashpw", noted(bcrypt.hashpw))
    monkeypatch.setattr(bcrypt, "checkpw", noted(bcrypt.checkpw))

    assert await hub.is_right(GOOD, hub.get_user("grace"))
    assert bcrypt.checkpw(GOOD.encode(), await hub.hashed(GOOD))

    assert len(threads - {threading.current_thread()}) >= 1
    threads.clear()
    await hub.hashed(GOOD)
    assert threading.current_thread() not in threads


class Early:
    """A request so early that JupyterHub has not looked for a token yet."""


async def test_refused_before_a_token_was_looked_for(hub):
    """JupyterHub reads whether there was one as soon as somebody is refused."""
    hub.create_user("mallory", GOOD)
    handler = Early()

    assert await hub.refresh_user(orm.User(name="mallory"), handler) is False

    assert handler._token_authenticated is False


@pytest.mark.parametrize(
    ("password", "strong"),
    [
        pytest.param("a1b2c3d4e", False, id="nine characters"),
        pytest.param("a1b2c3d4e5", True, id="ten characters"),
        pytest.param("qwertyuiop", False, id="a common one"),
        pytest.param("x" * 72, True, id="72 bytes"),
        pytest.param("x" * 73, False, id="73 bytes"),
        pytest.param("ü" * 36, True, id="36 letters of two bytes"),
        pytest.param("ü" * 37, False, id="37 letters of two bytes"),
        pytest.param(GOOD + "\0", False, id="NUL, which nobody could sign in with"),
    ],
)
def test_password(hub, password, strong):
    """A password is long enough, not common, and no longer than what bcrypt looks at."""
    assert hub.is_password_strong(password) == strong
    assert (hub.create_user("grace", password) is not None) == strong


async def test_set_password(hub):
    """An invited administrator has a password and is let in."""
    hub.set_password("ada", native.hash_of(GOOD))

    assert await sign_in(hub, "ada", GOOD) == "ada"
    assert hub.password_hash("ada").startswith(b"$2b$")


async def test_set_password_ends_2fa(hub):
    """Whoever asked for a second factor in a person's name does not lock them out."""
    hub.db.add(UserInfo(username="ada", password=b"$2b$04$x", has_2fa=True))

    hub.set_password("ada", native.hash_of(GOOD))

    assert hub.get_user("ada").has_2fa is False
    assert await sign_in(hub, "ada", GOOD) == "ada"


async def test_no_2fa_at_sign_up(hub):
    """The hub offers no second factor, so a form that asks for one gets none."""
    assert not hub.create_user("grace", GOOD, has_2fa=True).has_2fa
    assert await sign_in(hub, "grace", GOOD) == "grace"


@pytest.mark.parametrize(
    ("name", "is_admin"),
    [
        pytest.param("ada", True, id="by the userlist"),
        pytest.param("ADA", True, id="by the userlist, in capitals"),
        pytest.param("lin", True, id="by the console"),
        pytest.param("Lin", True, id="by the console, in capitals"),
        pytest.param("grace", False, id="listed"),
        pytest.param("bob", False, id="added in the console"),
        pytest.param("nobody", False, id="unknown"),
    ],
)
def test_is_admin_name(hub, db, name, is_admin):
    """Who administers is in the userlist, or was appointed in the console."""
    db.add_all([orm.User(name="lin", admin=True), orm.User(name="bob")])
    db.commit()

    assert hub.is_admin_name(name) == is_admin
    assert (hub.create_user(name, GOOD) is None) == is_admin


async def test_set_password_again(hub):
    """An invitation replaces the password; there is one entry, and the old one is of no use."""
    hub.set_password("ada", native.hash_of(GOOD))
    hub.set_password("ada", native.hash_of(OTHER))

    assert await sign_in(hub, "ada", GOOD) is None
    assert await sign_in(hub, "ada", OTHER) == "ada"
    assert hub.db.query(UserInfo).count() == 1


async def test_set_password_authorises(hub):
    """Whom an administrator invites need not be authorised besides."""
    hub.create_user("mallory", GOOD)

    hub.set_password("mallory", native.hash_of(OTHER))

    assert await sign_in(hub, "mallory", OTHER) == "mallory"


def test_no_password(hub):
    """Who was never invited has an empty one stored, which opens nothing."""
    assert hub.password_hash("ada") == b""


@pytest.mark.parametrize("password", ["", "x" * 73, "ü" * 37])
async def test_impossible_passwords(hub, password):
    """A password nobody can have is a wrong password, not an error of the hub."""
    hub.set_password("ada", native.hash_of(GOOD))

    assert await sign_in(hub, "ada", password) is None


async def test_a_password_with_nul(hub):
    """NUL, at which bcrypt would stop reading, is refused."""
    hub.set_password("ada", native.hash_of("nul"))

    with pytest.raises(HTTPError, match="Wrong password"):
        await sign_in(hub, "ada", "nul\0byte")


@pytest.mark.parametrize("name", ["grace", "mallory"], ids=["let in", "still waiting"])
async def test_guessing_ends(hub, name):
    """After ten wrong passwords the right one is refused like a wrong one, for a while."""
    hub.create_user(name, GOOD)
    for _ in range(10):
        assert await sign_in(hub, name, OTHER) is None

    with pytest.raises(HTTPError, match="Too many failed sign-ins") as refused:
        await sign_in(hub, name, GOOD)

    assert refused.value.status_code == 429
    assert int(refused.value.headers["Retry-After"]) > 0


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
