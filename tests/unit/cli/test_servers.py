"""`hubkit servers why`: what is printed, and the exit code."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hubkit.errors import HubkitError
from hubkit.ops import servers
from hubkit.spawner.failures import Failure

FAILURE = Failure("exit", "It ended.", ("boom",), datetime(2026, 5, 1, tzinfo=UTC), "ada", "gpu")


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        pytest.param(["ada"], ("ada", None), id="of a user"),
        pytest.param(["ada", "gpu"], ("ada", "gpu"), id="of a server"),
        pytest.param(["ada", ""], ("ada", ""), id="of the default server"),
    ],
)
def test_why(run, monkeypatch, words, asked):
    """Time, sentence and log are printed."""
    calls = []
    monkeypatch.setattr(servers, "last_failure", lambda *given: calls.append(given) or FAILURE)

    assert run("servers", "why", *words) == (0, f"{FAILURE.report()}\n", "")
    assert calls == [asked]


def test_none(run, monkeypatch):
    """Nothing on record is said on standard error, with exit code 1."""

    def none(*_):
        raise HubkitError("no failure is on record.")

    monkeypatch.setattr(servers, "last_failure", none)

    assert run("servers", "why", "ada") == (1, "", "hubkit: no failure is on record.\n")
