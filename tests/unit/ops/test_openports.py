"""Whether ports stay open: asked of the hub that runs, which asks the mounter."""

from __future__ import annotations

import pytest

from hubkit import stack
from hubkit.errors import Problem
from hubkit.ops import engine, openports
from hubkit.settings import Settings
from hubkit.warden.client import MounterClient


@pytest.fixture
def asked(monkeypatch):
    """Return what the hub's container is asked; it answers one problem."""
    found = []

    def answer(*words):
        found.append(words)
        return [Problem("servers' ports", "stay open.", "Close them.")]

    monkeypatch.setattr(engine, "problems_said_in", answer)
    return found


def test_asked(asked):
    [problem] = openports.reasons(Settings.from_env({"COMPOSE_PROJECT_NAME": "lab"}))

    assert problem.wrong == "stay open."
    assert asked == [("lab", ("hubkit", "check", "--ports"))]


def test_open_on_purpose(asked):
    assert openports.reasons(Settings.from_env({"SERVER_PORTS": "all"})) == []
    assert asked == []


def test_the_hub_knows(monkeypatch, tmp_path):
    """Why, and what to do; nothing where ports can be closed."""
    monkeypatch.setattr(stack, "MOUNTER", tmp_path / "none")
    [problem] = openports.known_to_hub(Settings.from_env({}))
    assert "the mounter does not answer" in problem.wrong
    assert "SERVER_PORTS=all" in problem.cure
    [problem] = openports.known_to_hub(Settings.from_env({"SERVER_COMMAND": "app {port}"}))
    assert "do not start until" in problem.cure

    async def fine(_):
        return ""

    monkeypatch.setattr(MounterClient, "closing_unsupported", fine)
    assert openports.known_to_hub(Settings.from_env({})) == []
