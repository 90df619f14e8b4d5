"""Who has a password, and links for those who have none."""

from __future__ import annotations

from urllib.parse import urlsplit

import bcrypt
import pytest
from jupyterhub import orm
from nativeauthenticator.orm import UserInfo
from sqlalchemy import create_engine, inspect
from sqlalchemy.orm import Session

from hubkit import stack
from hubkit.auth.invitations import InvitationRefused, Invitations
from hubkit.auth.register import Register
from hubkit.errors import ConfigError, HubkitError
from hubkit.ops import people
from hubkit.settings import Settings
from hubkit.userlist import Userlist

SECRET = b"0123456789abcdef"


@pytest.fixture
def env(tmp_path, monkeypatch):
    """Return the settings of a hub with a database and a secret of its own."""
    (tmp_path / "cookie_secret").write_bytes(SECRET + b"\n")
    monkeypatch.setattr(stack, "COOKIE_SECRET", tmp_path / "cookie_secret")
    monkeypatch.setattr(stack, "REGISTER", tmp_path / "people.sqlite")
    url = f"sqlite:///{tmp_path}/jupyterhub.sqlite"
    database = create_engine(url)
    orm.Base.metadata.create_all(database)
    database.dispose()
    return Settings.from_env({"DATABASE_URL": url, "HUB_DOMAIN": "a.org", "HTTPS_PORT": "8443"})


@pytest.fixture
def passwords(env):
    """Return a function that writes people with passwords into the hub's database."""

    def write(*, authorised=True, **hashes):
        database = create_engine(env.database_url)
        with Session(database) as session:
            session.add_all(
                UserInfo(username=n, password=h, is_authorized=authorised)
                for n, h in hashes.items()
            )
            session.commit()
        database.dispose()

    return write


@pytest.fixture
def invitations():
    return Invitations(SECRET)


@pytest.fixture
def stored(env):
    """Return a function that reads what is stored of somebody."""

    def read(name):
        database = create_engine(env.database_url)
        with Session(database) as session:
            found = UserInfo.find(session, name)
        database.dispose()
        return found

    return read


def code(link):
    return link.partition("?code=")[2]


def test_before_the_first_start(env):
    """In an empty database nobody has a password."""
    assert people.with_password(env, ["ada"]) == []


def test_with_password(env, passwords):
    """Those who have a password are named in the order asked for."""
    passwords(ada=b"1", grace=b"2", lin=b"3")

    assert people.with_password(env, ["lin", "bob", "ada"]) == ["lin", "ada"]


def test_with_a_password_of_no_use(env, passwords):
    """Who was only invited, or waits for an administrator, cannot sign in: they do not count."""
    passwords(authorised=False, ada=b"1")
    people.invitation(env, "lin")

    assert people.with_password(env, ["ada", "lin"]) == []


def test_invitation(env, invitations, stored):
    """A link leads to the hub's public address and replaces the password stored for it."""
    link = people.invitation(env, "ada")

    assert urlsplit(link)[:2] == ("https", "a.org:8443")
    assert urlsplit(link)[2:4] == ("/hub/welcome", f"code={code(link)}")
    assert invitations.name(code(link)) == "ada"
    invitations.accept(code(link), stored("ada").password)


def test_invitation_for_another_password(env, invitations, passwords, stored):
    """A link replaces the password its person has now, and no later one."""
    passwords(ada=b"$2b$now")
    link = people.invitation(env, "ada")

    invitations.accept(code(link), b"$2b$now")
    assert (stored("ada").password, stored("ada").is_authorized) == (b"$2b$now", True)
    with pytest.raises(InvitationRefused):
        invitations.accept(code(link), b"$2b$later")


def test_first_invitation(env, stored):
    """Who has no password yet is given one that nobody knows and that lets nobody in."""
    people.invitation(env, "ada")
    people.invitation(env, "lin")

    ada, lin = stored("ada"), stored("lin")
    assert (ada.is_authorized, bool(ada.has_2fa)) == (False, False)
    assert ada.password != lin.password
    assert not bcrypt.checkpw(b"", ada.password)


def test_second_invitation(env, invitations, stored):
    """Another link for somebody who used none does not take back the first."""
    first, second = (people.invitation(env, "ada") for _ in range(2))

    for link in (first, second):
        invitations.accept(code(link), stored("ada").password)


def test_names_are_in_lower_case(env, invitations):
    """A name is invited as the hub knows it."""
    assert invitations.name(code(people.invitation(env, "Ada"))) == "ada"


@pytest.mark.parametrize("name", ["", "ada lovelace", "a/b", "a\\b", "a,b", "a\nb"])
def test_no_name(env, name):
    """What is no user name is refused."""
    with pytest.raises(ConfigError, match="is not a user name"):
        people.invitation(env, name)


def test_passwords_kept_elsewhere(env):
    """A hub that keeps no passwords cannot invite anybody to set one."""
    object.__setattr__(env, "auth", ("ldap",))

    with pytest.raises(HubkitError, match="AUTH=ldap"):
        people.invitation(env, "ada")


@pytest.mark.parametrize("ask", [people.with_password, people.invitation])
def test_before_the_hub_has_a_database(env, tmp_path, ask):
    """Nothing is made in a database that is not there yet: the hub could not start on it."""
    (tmp_path / "jupyterhub.sqlite").unlink()

    with pytest.raises(HubkitError, match="try again in a moment"):
        ask(env, "ada")

    database = create_engine(env.database_url)
    assert inspect(database).get_table_names() == []
    database.dispose()


def test_an_invitation_of_one_taken_off_the_list(env, invitations):
    """It lets in again whoever uses it; until then nothing has changed."""
    register = Register(stack.REGISTER)
    register.apply(Userlist(("ada", "boss"), ("boss",)))
    register.apply(Userlist(("boss",), ("boss",)))

    ada, boss, new = (code(people.invitation(env, name)) for name in ("ada", "boss", "new"))

    assert register.person("ada").origin == "listed"
    assert [invitations.puts_back(one) for one in (ada, boss, new)] == [True, False, False]


def test_an_invitation_of_one_whose_access_was_taken_back(env, invitations):
    """It gives access back; an older one does not."""
    register = Register(stack.REGISTER)
    register.came("ada", "added")
    before = code(people.invitation(env, "ada"))
    register.deny("ada")

    after = code(people.invitation(env, "ada"))

    assert [invitations.puts_back(one) for one in (before, after)] == [False, True]
    assert register.person("ada").denied
