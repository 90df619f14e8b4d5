"""Many come at once, and as many wait: each gets one of their own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.remote import User
from tests.support import close_connections
from tests.warm import WarmHub, home_of, inspect, read, write

pytestmark = [pytest.mark.docker, pytest.mark.thorough]
CROWD = 40


@pytest.fixture
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmHub]:
    made = WarmHub(tmp_path_factory.mktemp("crowd"), size=CROWD)
    try:
        yield made.begin()
    finally:
        close_connections()
        made.destroy()


def test_each_gets_their_own(hub: WarmHub):
    """Nobody shares a container or a home, and everybody reads back what they wrote."""
    waiting = hub.members()
    assert len(waiting) == CROWD
    users = [User(hub, f"one{at}") for at in range(CROWD)]

    with ThreadPoolExecutor(CROWD) as threads:
        list(threads.map(User.start, users))
    hub.ask(do="resize", image=hub.notebook, size=0)

    ids = [inspect(user.container)["Id"] for user in users]
    assert sorted(ids) == sorted(waiting)
    assert len({hub.got(user) for user in users}) == CROWD
    nonces = {user.name: uuid.uuid4().hex for user in users}
    for user in users:
        write(user, "nonce.txt", nonces[user.name])
    for user in users:
        assert home_of(user) == f"{hub.project}-user-{user.name}"
        assert read(user, "nonce.txt") == nonces[user.name]
        home = hub.docker("volume", "inspect", "--format", "{{.Mountpoint}}", home_of(user)).strip()
        seen = hub.docker(
            *("run", "--rm", "-v", f"{home}:/home", "hubkit-base"), "cat", "/home/nonce.txt"
        )
        assert seen == nonces[user.name]
