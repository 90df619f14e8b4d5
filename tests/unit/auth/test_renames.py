"""A rename in the console is noticed, once, by the hub whose user it is."""

from __future__ import annotations

import pytest
from jupyterhub import orm

from hubkit.auth.renames import follow


class Follower:
    """Remembers the renames it is told.

    Args:
        db: The session of its hub; None for any.
    """

    def __init__(self, db=None):
        self._deprecated_db_session, self.heard = db, []
        follow(self.hear)

    def hear(self, old, new):
        self.heard.append((old, new))


@pytest.fixture
def user(db):
    made = orm.User(name="ada")
    db.add(made)
    db.commit()
    return made


def test_rename(db, user):
    """Whoever follows is told old and new."""
    anybody, ours = Follower(), Follower(db)

    user.name = "lovelace"

    assert anybody.heard == ours.heard == [("ada", "lovelace")]


def test_of_another_hub(user):
    """A rename in another database is none of ours."""
    other = orm.new_session_factory("sqlite:///:memory:")()
    follower = Follower(other)

    user.name = "lovelace"

    assert follower.heard == []
    other.close()
    other.get_bind().dispose()


def test_no_rename(db, user):
    """Neither a new user nor the same name again is a rename."""
    follower = Follower(db)

    user.name = "ada"
    user.admin = True
    db.add(orm.User(name="grace"))
    db.commit()

    assert follower.heard == []
