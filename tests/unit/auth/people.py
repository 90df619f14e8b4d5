"""Who the hub of a test knows, with which passwords, and how they come in."""

from __future__ import annotations

from jupyterhub import orm

from hubkit.userlist import Userlist

GOOD, OTHER = "correct horse battery", "staple correct horse"
PEOPLE = Userlist(members=("ada", "grace"), admins=("ada",))


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
