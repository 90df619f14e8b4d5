"""What modules read from the environment when they are imported is noted."""

from __future__ import annotations

import os

import pytest

from hubkit.launcher import environment


def test_a_variable_that_was_read_must_not_change(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(environment._Noting, "asked", set())
    monkeypatch.setenv("READ", "1")
    monkeypatch.setenv("UNREAD", "1")
    kept = {name: os.environ[name] for name in os.environ}
    with environment.Reads() as reads:
        assert os.environ.get("READ") == os.getenv("READ") == "1"
        assert "ABSENT" not in os.environ

    assert reads.stale(kept) == []
    assert reads.stale({**kept, "UNREAD": "2", "NEW": "1"}) == []
    assert reads.stale({**kept, "READ": "2", "ABSENT": "1"}) == ["ABSENT", "READ"]
    assert "READ" in reads.stale({name: kept[name] for name in kept if name != "READ"})


def test_the_environment_is_an_ordinary_one_afterwards():
    before = type(os.environ)
    with environment.Reads():
        assert type(os.environ) is not before

    assert type(os.environ) is before
