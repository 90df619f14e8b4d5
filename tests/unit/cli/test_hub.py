"""`hubkit hub`: wait for the engine, then become JupyterHub."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from hubkit import stack


@pytest.fixture
def become(monkeypatch):
    """Return what the process would become, in place of becoming it."""
    words = []
    monkeypatch.setattr(os, "execv", lambda path, given: words.extend([str(path), *given]))
    return words


@pytest.fixture
def sleeps(monkeypatch, engine):
    """Let time pass at once, and the engine be the warden's; return how long was slept."""
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        assert len(slept) < 100, "waits for ever"

    monkeypatch.setattr("time.sleep", sleep)
    monkeypatch.setattr(stack, "WARDEN", engine.url)
    return slept


@pytest.mark.parametrize("image", ["there", "gone"])
def test_hub(run, engine, become, sleeps, image):
    """Once the engine answers, the process becomes JupyterHub's; a missing image is said."""
    engine.answers["GET", "/images/hubkit-notebook:latest/json"] = (
        (200, {"Id": "1"}) if image == "there" else (404, {"message": "No such image: x"})
    )

    _, out, _ = run("hub", "--config", "/c.py")

    program = str(Path(sys.executable).with_name("jupyterhub"))
    assert become == [program, program, "--config", "/c.py"]
    assert os.access(program, os.X_OK)
    assert ("Run 'make notebook_image' before" in out) == (image == "gone")
    assert sleeps == []


def test_hub_waits(run, engine, become, sleeps, monkeypatch):
    """While the engine is silent the hub does not start, and says now and then why."""
    version = engine.answers.pop(("GET", "/version"))

    def sleep(seconds):
        assert become == []
        sleeps.append(seconds)
        if len(sleeps) == 14:
            engine.answers["GET", "/version"] = version

    monkeypatch.setattr("time.sleep", sleep)
    _, out, _ = run("hub")

    assert out.count("hubkit: waiting for the Docker engine: ") == 2
    assert sleeps == [1.0] * 14
    assert become


def test_hub_refuses(run, become, monkeypatch):
    """With wrong settings the hub does not start."""
    monkeypatch.setenv("MEM_LIMIT", "lots")

    code, _, err = run("hub")

    assert (code, become) == (1, [])
    assert "MEM_LIMIT=lots" in err
