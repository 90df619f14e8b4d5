"""A guard before an authenticator that believes what it is told, and ways to knock at it."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from jupyterhub.auth import Authenticator
from tornado.web import HTTPError

from hubkit.auth.guard import Guard
from hubkit.auth.policy import Policy

ANYBODY = Policy(frozenset({"everyone"}))


class Said(Authenticator):
    """Believes what it is told: the account's id is the password."""

    answer = True

    async def authenticate(self, handler, data=None, **extra):
        if data["password"] == "wrong":
            return None
        return {"name": data["username"], "auth_state": {"id": data["password"]}}

    async def refresh_user(self, user, handler=None, **kwargs):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Door(Guard, Said):
    way = "test"
    form = True
    asks_again = True

    def identity(self, model):
        return f"{self.way}:{model['auth_state']['id']}"


async def enter(door, name, account="1", address="192.0.2.1"):
    handler = SimpleNamespace(request=SimpleNamespace(remote_ip=address))
    return await door.get_authenticated_user(handler, {"username": name, "password": account})


async def refusal(door, name, account="1"):
    with pytest.raises(HTTPError) as caught:
        await enter(door, name, account)
    return caught.value.get_message()


async def stays(door, name, **user):
    return await door.refresh_user(SimpleNamespace(name=name, admin=False, **user))


def written(tmp_path):
    return [json.loads(line) for line in (tmp_path / "sign-ins.log").read_text().splitlines()]
