"""AUTH=native: who may sign up, with what password, and who is then let in."""

from __future__ import annotations

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
    ],
)
def test_password(hub, password, strong):
    """A password is long enough, not common, and no longer than what bcrypt looks at."""
    assert hub.is_password_strong(password) == strong
    assert (hub.create_user("grace", password) is not None) == strong


async def test_set_password(hub):
    """An invited administrator has a password and is let in."""
    hub.set_password("ada", GOOD)

    assert await sign_in(hub, "ada", GOOD) == "ada"
    assert hub.password_hash("ada").startswith(b"$2b$")


async def test_set_password_ends_2fa(hub):
    """Whoever asked for a second factor in a person's name does not lock them out."""
    hub.db.add(UserInfo(username="ada", password=b"$2b$04$x", has_2fa=True))

    hub.set_password("ada", GOOD)

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
    hub.set_password("ada", GOOD)
    hub.set_password("ada", OTHER)

    assert await sign_in(hub, "ada", GOOD) is None
    assert await sign_in(hub, "ada", OTHER) == "ada"
    assert hub.db.query(UserInfo).count() == 1


async def test_set_password_authorises(hub):
    """Whom an administrator invites need not be authorised besides."""
    hub.create_user("mallory", GOOD)

    hub.set_password("mallory", OTHER)

    assert await sign_in(hub, "mallory", OTHER) == "mallory"


def test_no_password(hub):
    """Who was never invited has an empty one stored, which opens nothing."""
    assert hub.password_hash("ada") == b""


@pytest.mark.parametrize("password", ["", "x" * 73, "ü" * 37])
async def test_impossible_passwords(hub, password):
    """A password nobody can have is a wrong password, not an error of the hub."""
    hub.set_password("ada", GOOD)

    assert await sign_in(hub, "ada", password) is None


async def test_a_password_with_nul(hub):
    """NUL, at which bcrypt would stop reading, is refused."""
    hub.set_password("ada", "nul")

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
        hub.set_password(name, GOOD)
        hub.get_user(name).is_authorized = authorised

    assert bool(await hub.refresh_user(orm.User(name=name))) == stays


async def test_taken_off_the_list(hub):
    """The password stays, and is of no use."""
    hub.set_password("grace", GOOD)
    assert await sign_in(hub, "grace", GOOD) == "grace"

    hub.register.apply(Userlist(("ada",), ("ada",)))

    assert not await hub.refresh_user(orm.User(name="grace"))
    with pytest.raises(HTTPError, match="Your account is not on this hub's list; ask an admin"):
        await sign_in(hub, "grace", GOOD)
    hub.register.apply(PEOPLE)
    assert await sign_in(hub, "grace", GOOD) == "grace"


async def test_an_old_link_does_not_let_in_again(hub):
    """A link from before somebody was taken off the list sets a password of no use."""
    hub.register.apply(Userlist(("ada",), ("ada",)))

    hub.set_password("grace", GOOD)

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
    hub.set_password("lin", GOOD)
    await sign_in(hub, "lin", GOOD)

    hub.renamed("lin", "linda")

    assert await sign_in(hub, "linda", GOOD) == "linda"
    assert await sign_in(hub, "lin", GOOD) is None
    hub.set_password("lin", OTHER)
    assert await sign_in(hub, "lin", OTHER) == "lin"
    assert await sign_in(hub, "linda", OTHER) is None


async def test_renamed_to_what_a_stranger_asked_for(hub, db):
    """A stranger's password does not come with the name."""
    add(hub, db, "lin")
    hub.set_password("lin", GOOD)
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
