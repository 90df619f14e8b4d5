"""Pages that show why a server failed, made with JupyterHub's own templates."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader
from jupyterhub._data import DATA_FILES_PATH

from hubkit import stack
from hubkit.spawner.failures import Failure
from hubkit.spawner.record import Record
from hubkit.spawner.refusals import StartFailed

WHEN = datetime(2026, 5, 1, 10, tzinfo=UTC)
SPAWNER = SimpleNamespace(options_form="")
ADA = SimpleNamespace(name="ada", admin=False, active=False, spawners={}, spawner=SPAWNER)
SENTENCE = "The server ran out of memory: its limit is 1 GiB."


def failure(server="", *, died=True):
    return Failure("memory", SENTENCE, ("<b>last</b>", "words"), WHEN, "ada", server, died)


@pytest.fixture
def record(tmp_path):
    return Record(tmp_path / "failures.log")


@pytest.fixture
def page(record):
    """Return a function that makes a page as JupyterHub does, asynchronous and escaped."""
    theirs = FileSystemLoader(str(Path(DATA_FILES_PATH) / "templates"))
    ours = FileSystemLoader(str(stack.TEMPLATES))
    loader = ChoiceLoader([PrefixLoader({"templates": theirs}), ours, theirs])
    made = Environment(loader=loader, autoescape=True, enable_async=True)

    async def render(name, viewer=ADA, **variables):
        given = {
            "user": ADA,
            "base_url": "/hub/",
            "static_url": lambda *_, **__: "",
            "parsed_scopes": {},
            "last_failure": record.shown_to(viewer),
            **variables,
        }
        return await made.get_template(name).render_async(**given)

    return render


def home(*servers, running=()):
    spawners = [SimpleNamespace(name=one, server=one in running or None) for one in servers]
    default = SimpleNamespace(active=False, notices=list)
    return {"spawners": spawners, "default_server": default}


async def test_not_running(page, record):
    """The page of a server that ended by itself says so, with sentence and log."""
    record.write(failure())

    text = await page("not_running.html", server_name="")

    assert "It ended by itself" in text
    assert SENTENCE in text
    assert "2026-05-01 10:00:00 UTC" in text
    assert "&lt;b&gt;last&lt;/b&gt;\nwords" in text
    assert "<b>last" not in text


async def test_not_running_after_a_hub_restart(page, record):
    """A start that failed is told on the page later, too, when JupyterHub has forgotten it."""
    record.write(failure("gpu", died=False))

    assert "Its last start failed" in await page("not_running.html", server_name="gpu")
    assert SENTENCE not in await page("not_running.html", server_name="")


async def test_failed(page, record):
    """On the page of the start that failed, the error says all; nothing is said twice."""
    record.write(failure(died=False))
    html = StartFailed(failure(died=False)).jupyterhub_html_message

    text = await page("not_running.html", server_name="", failed=True, failed_html_message=html)

    assert text.count(SENTENCE) == 1
    assert "&lt;b&gt;last&lt;/b&gt;\nwords</pre>" in text


@pytest.mark.parametrize("name", ["not_running.html", "home.html"])
async def test_without(page, name):
    """Where nothing failed, or nobody tells, the pages are JupyterHub's."""
    for variables in ({}, {"last_failure": None}):
        text = await page(name, server_name="", **home(""), **variables)
        assert "The last lines of its log" not in text


@pytest.mark.parametrize("name", ["not_running.html", "home.html"])
async def test_others_do_not_see_it(page, record, name):
    """Somebody else's page of it says nothing."""
    record.write(failure())
    mallory = SimpleNamespace(name="mallory", admin=False)

    assert SENTENCE not in await page(name, mallory, server_name="", **home(""))


async def test_home(page, record):
    """The home page tells of each server that ended by itself and does not run again."""
    for server in ("", "gpu", "runs"):
        record.write(failure(server))
    record.write(failure("never", died=False))

    text = await page("home.html", **home("", "gpu", "runs", "never", "well", running=["runs"]))

    assert text.count(SENTENCE) == 2
    assert "Your server ended by itself" in text
    assert "Your server gpu ended by itself" in text


async def test_error(page):
    """The page of a start that failed at once has a heading of its own; others keep theirs."""
    error = StartFailed(failure(died=False))
    words = {"status_code": 500, "status_message": "Internal Server Error"}

    text = await page("error.html", exception=error, message_html=error.message_html, **words)
    assert "<h1>Your server did not start</h1>" in text
    assert SENTENCE in text

    for exception in (None, ValueError()):
        text = await page("error.html", exception=exception, **words)
        assert "<h1>500 : Internal Server Error</h1>" in text
