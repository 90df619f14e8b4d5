"""Failed starts as JupyterHub reads them, wherever it does."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import requests
from docker.errors import APIError, ImageNotFound
from jupyterhub.spawner import SpawnException
from jupyterhub.utils import format_exception
from tornado.web import HTTPError

from hubkit.errors import EngineError, NotYours
from hubkit.spawner.complaints import Attempt, Cause
from hubkit.spawner.failures import Failure
from hubkit.spawner.refusals import Explained, StartFailed, cause_of

WHEN = datetime(2026, 5, 1, 10, tzinfo=UTC)
ATTEMPT = Attempt("lab:1", "jupyterhub-singleuser", 2**30)


def failed(sentence="100 % of <b>it</b>.", log=("<script>x</script> 5 %",)):
    return StartFailed(Failure("memory", sentence, log, WHEN, "ada"))


def test_start_failed():
    """Each attribute JupyterHub looks at has the sentence; only HTML has more, escaped."""
    error = failed()

    assert isinstance(error, SpawnException | HTTPError)
    assert (error.status_code, error.reason) == (500, "memory")
    assert error.message == error.jupyterhub_message == str(error) == "100 % of <b>it</b>."
    assert error.message_html == error.jupyterhub_html_message
    assert "<strong>100 % of &lt;b&gt;it&lt;/b&gt;.</strong>" in error.message_html
    assert "(2026-05-01 10:00:00 UTC)" in error.message_html
    assert ">&lt;script&gt;x&lt;/script&gt; 5 %</pre>" in error.message_html


def test_without_log():
    """Where there is no log, none is promised."""
    assert failed("It.", ()).message_html == "<strong>It.</strong>"


@pytest.mark.parametrize("only", [True, False], ids=["page of the start", "progress"])
def test_as_jupyterhub_formats_it(only):
    """The page of a slow start, and its events, show the words."""
    error = failed()

    assert format_exception(error, only_jupyterhub=only) == (error.message, error.message_html)


def test_explained():
    """A refusal's words are plain text; what is no text in them is escaped."""
    error = Explained("You <may> not.", reason="certificate")

    assert (error.status_code, error.reason) == (403, "certificate")
    assert format_exception(error, only_jupyterhub=True) == (
        "You <may> not.",
        "You &lt;may&gt; not.",
    )


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        pytest.param(Explained("No.", reason="x"), Cause("x", "No."), id="explained already"),
        pytest.param(NotYours("volume x is"), Cause("name", "volume x is"), id="not theirs"),
        pytest.param(
            APIError("500", explanation="unknown or invalid runtime name: x"),
            Cause("runtime", "The engine has no runtime named x."),
            id="refused",
        ),
        pytest.param(
            EngineError("unknown or invalid runtime name: x"),
            Cause("runtime", "The engine has no runtime named x."),
            id="refused, told by us",
        ),
        pytest.param(
            ImageNotFound("404", explanation="No such image: lab:1"),
            Cause(
                "image",
                "The image lab:1 was not found. For an administrator: check "
                "DOCKER_NOTEBOOK_IMAGE in .env.",
            ),
            id="image",
        ),
        pytest.param(
            APIError("odd answer of the warden, token=abcdef"),
            Cause("engine", "The Docker engine refused: odd answer of the warden, token=(hidden)."),
            id="without explanation",
        ),
        pytest.param(
            APIError("500", explanation="no entry s3cr3t"),
            Cause("engine", "The Docker engine refused: no entry (hidden)."),
            id="a secret",
        ),
    ],
)
def test_cause_of(error, cause):
    """What was raised during a start is a word and a sentence."""
    assert cause_of(error, ATTEMPT, ["s3cr3t"]) == cause


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(requests.ReadTimeout(), "engine", id="time is up"),
        pytest.param(requests.ConnectionError("token=abc"), "engine", id="no connection"),
        pytest.param(EngineError("the Docker engine did not answer a call"), "engine", id="silent"),
        pytest.param(KeyError("secret"), "hub", id="a mistake of ours"),
    ],
)
def test_nothing_is_told_of_others(error, reason):
    """Of other errors only their kind is told, for their text may hold anything."""
    cause = cause_of(error, ATTEMPT)

    assert cause.reason == reason
    assert str(error) not in cause.sentence or not str(error)
