"""What every way to sign in promises, whichever AUTH names."""

from __future__ import annotations

import pytest
from jupyterhub.auth import Authenticator
from traitlets.config import Config

from hubkit import auth
from hubkit.errors import ConfigError
from hubkit.settings import Settings
from hubkit.userlist import Userlist

PEOPLE = Userlist(members=("ada", "grace"), admins=("ada",))


@pytest.fixture(params=sorted(auth.PROVIDERS))
def configured(request):
    """Return the configuration each provider makes."""
    c = Config()
    auth.configure(c, Settings.from_env({"AUTH": request.param}), PEOPLE)
    return c


@pytest.fixture
def authenticator(configured, db):
    """Return the authenticator, built as the hub builds it."""
    made = configured.JupyterHub.authenticator_class
    return made(config=configured, _deprecated_db_session=db)


def test_authenticator_class(configured):
    """A provider names an authenticator."""
    assert issubclass(configured.JupyterHub.authenticator_class, Authenticator)


def test_the_list_decides(authenticator):
    """Allowed are those on the list, administrators those marked, and nobody besides."""
    assert authenticator.allowed_users == {"ada", "grace"}
    assert authenticator.admin_users == {"ada"}
    assert (authenticator.allow_all, authenticator.any_allow_config) == (False, True)
    assert authenticator.allow_existing_users is False


async def test_strangers_stay_out(authenticator):
    """A name that is on no list is not allowed."""
    assert not authenticator.check_allowed("mallory", None)


def test_no_misspelled_trait(configured, db, caplog):
    """Every trait a provider sets exists: an unknown one would be silently without effect."""
    for section in set(configured) - {"JupyterHub", "Authenticator"}:
        owners = configured.JupyterHub.authenticator_class.mro()
        [owner] = [owner for owner in owners if owner.__name__ == section]
        assert set(configured[section]) <= set(owner.class_trait_names(config=True))


@pytest.mark.parametrize("wrong", ["", "Native", "github2", "native "])
def test_unknown(wrong):
    """An unknown AUTH is refused with the names there are; nothing is configured."""
    c = Config()
    env = Settings.from_env({"AUTH": wrong}) if wrong else Settings.from_env({})
    object.__setattr__(env, "auth", wrong)

    with pytest.raises(ConfigError) as refused:
        auth.configure(c, env, PEOPLE)

    [problem] = refused.value.problems
    assert problem.what == f"AUTH={wrong}"
    assert problem.wrong == f"must be {' or '.join(auth.PROVIDERS)}."
    assert not c


@pytest.mark.parametrize("name", sorted(auth.PROVIDERS))
def test_known(name):
    """A name of the table is no problem."""
    assert auth.problems(Settings.from_env({"AUTH": name})) == []


@pytest.mark.parametrize("name", sorted(auth.PROVIDERS))
def test_explained(name):
    """The setting AUTH says of each provider what it is."""
    [setting] = [one for one in Settings.__dataclass_fields__.values() if one.name == "auth"]

    assert f"{name} (" in setting.metadata["text"]
