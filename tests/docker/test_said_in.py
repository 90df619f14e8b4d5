"""What a command prints in a container of the stack reaches `make check`, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hubkit.ops import engine
from tests.support import run

pytestmark = pytest.mark.docker

NAME = "kitsaidin"


@pytest.fixture(autouse=True)
def container() -> Iterator[None]:
    label = f"{engine.PROJECT}={NAME}"
    run("docker", "run", "-d", "--name", NAME, "--label", label, "hubkit-base", "sleep", "600")
    yield
    run("docker", "rm", "-f", NAME)


@pytest.fixture(scope="module", autouse=True)
def connection() -> Iterator[None]:
    yield
    engine.client().close()
    engine.client.cache_clear()


@pytest.mark.parametrize(
    ("script", "project", "said"),
    [
        pytest.param("echo heard; echo no >&2", NAME, "heard\n", id="its standard output"),
        pytest.param("echo half; exit 1", NAME, "", id="none of a failure"),
        pytest.param("echo heard", "another", "", id="none of another project's"),
    ],
)
def test_said(script: str, project: str, said: str) -> None:
    """A command that ends well is heard."""
    assert engine.said_in(NAME, ["sh", "-c", script], project) == said


def test_no_such_command() -> None:
    """A container without the command, e.g. an older hub, says nothing."""
    assert engine.said_in(NAME, ["hubkit", "check"], NAME) == ""


def test_stopped() -> None:
    """Nor does one that does not run, or is not there."""
    run("docker", "kill", NAME)

    assert engine.said_in(NAME, ["true"], NAME) == ""
    assert engine.said_in(f"{NAME}-2", ["true"], NAME) == ""
