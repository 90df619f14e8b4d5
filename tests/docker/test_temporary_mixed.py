"""Visitors beside people with an account, on the whole stack: each with what is theirs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.person import Person
from tests.support import Stack, until
from tests.visits import asked, container_of, ended, opened, tagged, visitors, waiting

pytestmark = [pytest.mark.docker, pytest.mark.thorough]

LAB, FOR_VISITORS = "hubkit-notebook:test", "hubkit-book:test"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    settings = {
        "AUTH": "native,temporary",
        "TEMPORARY_IMAGE": FOR_VISITORS,
        "TEMPORARY_MEM_LIMIT": "512M",
        "TEMPORARY_CAPACITY": "1",
    }
    folder = tmp_path_factory.mktemp("stack")
    with tagged(LAB, FOR_VISITORS), opened(folder, **settings) as made:
        yield made


def test_each_with_their_own(stack: Stack):
    """Both get what waited for them, with their image and limit; a full hub is so for visitors."""
    theirs = until(lambda: waiting(stack, FOR_VISITORS), 120, "something waits for visitors")
    ours = until(lambda: waiting(stack, LAB), 120, "something waits for people with an account")

    assert asked(stack, "POST", "/api/spawn").ok
    assert asked(stack, "POST", "/api/spawn").status_code == 503
    person = Person(stack, "admin").accept(stack.link("admin")).sign_in().start()

    [name] = visitors(stack)
    visitor = container_of(stack, name)
    person_own = stack.inspect(f"{stack.project}-jupyter-admin")
    assert (visitor["Id"] in theirs.values(), person_own["Id"] in ours.values()) == (True, True)
    images = (visitor["Config"]["Image"], person_own["Config"]["Image"])
    assert images == (FOR_VISITORS, LAB)
    limits = (visitor["HostConfig"]["Memory"], person_own["HostConfig"]["Memory"])
    assert limits == (512 * 2**20, 2**31)
    until(lambda: ended(stack, name), 60, "the visit is over")
    person.stop()
