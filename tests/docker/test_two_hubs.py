"""Two hubs on one engine do not touch each other."""

from __future__ import annotations

import pytest

from tests.person import Person
from tests.support import Stack, run

pytestmark = [pytest.mark.docker, pytest.mark.thorough]


def test_two_hubs_share_an_engine_and_nothing_else(
    stack: Stack, person: Person, tmp_path_factory: pytest.TempPathFactory
):
    """The same user name on both: two containers, two homes; one goes, the other stays."""
    person.start().write("mine.txt", "first hub")
    second = Stack.make(tmp_path_factory.mktemp("second"))
    try:
        second.up()
        same_name = Person(second, person.name).accept(second.link(person.name)).sign_in()
        same_name.start().write("mine.txt", "second hub")
        first_containers = stack.containers()

        second.make_target("down", SERVERS="stop")

        assert stack.containers() == first_containers
        assert person.read("mine.txt") == "first hub"
        homes = run("docker", "volume", "ls", "--format", "{{.Name}}").stdout.split()
        assert {f"{one.project}-user-{person.name}" for one in (stack, second)} <= set(homes)
    finally:
        second.destroy()
