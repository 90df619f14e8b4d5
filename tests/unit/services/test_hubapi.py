"""The requests to the hub: whole lists, names of any kind, and plain errors."""

from __future__ import annotations

import pytest

from hubkit import stack
from hubkit.errors import HubkitError
from hubkit.services import hubapi


async def test_all_pages(hub, fake):
    """However many users there are, all are returned."""
    fake.users = {f"user{number}": {} for number in range(2 * hubapi.PAGE + 1)}

    assert [user["name"] for user in await hub.users()] == list(fake.users)
    assert len(fake.asked) == 3


async def test_active(hub, fake):
    """Only those with servers, where only those are asked for."""
    fake.users = {"ada": {"": None}, "grace": {}}

    assert [user["name"] for user in await hub.users(active=True)] == ["ada"]


@pytest.mark.parametrize("name", ["ada", "a?b", "a@b", "å", "a%2fb", "a b"])
async def test_any_name(hub, fake, name):
    """A name is one part of the path, whatever it has in it."""
    fake.users = {name: {"": None, "x?y": None}}
    fake.tokens = {name: ["a1"]}

    assert await hub.stop(name, "")
    assert await hub.stop(name, "x?y")
    assert await hub.delete_tokens(name) == 1
    assert (fake.users, fake.tokens) == ({name: {}}, {name: []})


async def test_tokens_of_a_stranger(hub):
    """Who is no hub user has none."""
    assert await hub.delete_tokens("nobody") == 0


async def test_tokens_of_oauth(hub, fake):
    """One of a client's tokens takes the others along, which is no error."""
    fake.users, fake.tokens = {"ada": {}}, {"ada": ["a1", "oauth1", "oauth2", "a2"]}

    assert await hub.delete_tokens("ada") == 4
    assert fake.tokens == {"ada": []}


async def test_not_now(hub, fake):
    """A server that cannot be stopped now is told so."""
    fake.users, fake.refuses = {"ada": {"": "spawn"}}, {("ada", ""): 1}

    assert not await hub.stop("ada", "")


async def test_refused(hub, fake):
    """An answer that is an error is one, with what was asked and no more."""
    fake.status = 403

    with pytest.raises(HubkitError, match=r"^the hub refuses GET /users: status 403$"):
        await hub.users()


async def test_no_hub(hub, monkeypatch):
    """A hub that does not answer is an error of the kit's."""
    monkeypatch.setattr(hub, "_url", "http://127.0.0.1:1/hub/api")

    with pytest.raises(HubkitError, match="the hub does not answer"):
        await hub.users()


async def test_no_token(tmp_path, monkeypatch):
    """Where the token is not, as on another machine, its path is said."""
    monkeypatch.setattr(stack, "SERVICE_TOKEN", tmp_path / "none")

    with pytest.raises(HubkitError, match="none cannot be read"):
        async with hubapi.connected():
            pass
