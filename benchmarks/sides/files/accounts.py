"""Give the names on standard input an account each, all with the password that comes first.

Runs inside the hub's container: the same as if each had chosen it on the page.
"""

import sys

import bcrypt
from jupyterhub import orm
from nativeauthenticator.orm import UserInfo

password, *names = sys.stdin.read().splitlines()
hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt())
session = orm.new_session_factory("sqlite:////data/jupyterhub.sqlite")()
for name in names:
    session.add(UserInfo(username=name, password=hashed, is_authorized=True))
session.commit()
