"""A home is written down once and stays its user's, whatever they are called later."""

from __future__ import annotations

import pytest
from jupyterhub import orm

from hubkit.spawner import homes


@pytest.fixture
def join(db):
    """Return a function that adds a user who has a home, as a first start leaves it."""

    def add(name, *, home=""):
        user = orm.User(name=name)
        db.add(user)
        db.add(orm.Spawner(name="", user=user))
        db.commit()
        if home:
            homes.record(user, home)
        db.commit()
        return user

    return add


def test_nothing_recorded(db, join):
    """Before the first start there is no home, with a default server or without one."""
    stranger = orm.User(name="grace")
    db.add(stranger)
    db.commit()

    assert homes.recorded(stranger) == ""
    assert homes.recorded(join("ada")) == ""


def test_recorded(db, join):
    """What is written down is read back, from the database and not from memory."""
    join("ada", home="jupyterhub-user-ada")
    db.expunge_all()

    ada = db.query(orm.User).filter_by(name="ada").one()

    assert homes.recorded(ada) == "jupyterhub-user-ada"


def test_record_keeps_the_rest(db, join):
    """Recording a home leaves the other things the hub keeps of the server."""
    ada = join("ada")
    ada.orm_spawners[""].state = {"object_id": "4f9a"}

    homes.record(ada, "jupyterhub-user-ada")
    db.commit()
    db.expire_all()

    assert ada.orm_spawners[""].state == {
        "object_id": "4f9a",
        "home_volume": "jupyterhub-user-ada",
    }


def test_rename_changes_nothing(db, join):
    """A user who is renamed keeps their home."""
    ada = join("ada", home="jupyterhub-user-ada")

    ada.name = "countess"
    db.commit()
    db.expire_all()

    assert homes.recorded(ada) == "jupyterhub-user-ada"


@pytest.mark.parametrize(
    ("project", "expected"), [("jupyterhub", "jupyterhub-user-ada"), ("lab", "lab-user-ada")]
)
def test_first_home(db, project, expected):
    """The usual name is free where nobody has it."""
    assert homes.first_free(db, "ada", project) == expected


def test_a_home_is_free_only_once(db, join):
    """Who takes the name of a renamed user gets a volume of their own."""
    join("countess", home="jupyterhub-user-ada")

    assert homes.first_free(db, "ada", "jupyterhub") == "jupyterhub-user-ada--2"


def test_ranks_go_on(db, join):
    """Taken ranks are passed over, free ones in between are not."""
    join("first", home="jupyterhub-user-ada")
    join("second", home="jupyterhub-user-ada--3")
    assert homes.first_free(db, "ada", "jupyterhub") == "jupyterhub-user-ada--2"

    join("third", home="jupyterhub-user-ada--2")
    assert homes.first_free(db, "ada", "jupyterhub") == "jupyterhub-user-ada--4"


def test_deleted_users_take_nothing(db, join):
    """A home's name is free again once its user was deleted."""
    db.delete(join("countess", home="jupyterhub-user-ada"))
    db.commit()

    assert homes.first_free(db, "ada", "jupyterhub") == "jupyterhub-user-ada"


def test_a_record_in_a_named_servers_state(db, join):
    """A volume that any record names is nobody else's."""
    ada = join("countess")
    state = {"home_volume": "jupyterhub-user-ada"}
    db.add(orm.Spawner(name="gpu", user=ada, state=state))
    db.commit()

    assert homes.recorded(ada) == ""
    assert homes.first_free(db, "ada", "jupyterhub") == "jupyterhub-user-ada--2"
