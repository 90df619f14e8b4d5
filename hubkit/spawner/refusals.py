"""Failed starts as JupyterHub shows them: on the page of the start and in its API."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from http import HTTPStatus

from docker.errors import APIError
from jupyterhub.spawner import SpawnException
from requests import RequestException
from tornado.web import HTTPError

from hubkit.errors import EngineError, NotYours
from hubkit.spawner import complaints
from hubkit.spawner.complaints import Attempt, Cause
from hubkit.spawner.failures import Failure, without_secrets


class Explained(SpawnException):
    """A start that is refused, or failed, with words the user is to read.

    JupyterHub 6.1 shows the words of a plain ``SpawnException`` only if it comes within a
    second. Later, its pages look for the two attributes ``jupyterhub_…`` alone.

    Args:
        message: What the user reads, as plain text.
        reason: One word for metrics; not "timeout" and not "error", which JupyterHub
            replaces by words of its own.
        html: The same with more to it; "" for the message.
        status_code: Of the page.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        html: str = "",
        status_code: int = HTTPStatus.FORBIDDEN,
    ):
        self.jupyterhub_message = message
        self.jupyterhub_html_message = html or escape(message)
        super().__init__(
            message,
            reason=reason,
            message_html=self.jupyterhub_html_message,
            status_code=status_code,
        )

    def __str__(self) -> str:
        return self.jupyterhub_message


class StartFailed(Explained):
    """A start that was tried and failed; its page shows the last lines of the log."""

    def __init__(self, failure: Failure):
        self.failure = failure
        super().__init__(
            failure.sentence,
            reason=failure.reason,
            html=_html(failure),
            status_code=HTTPStatus.INTERNAL_SERVER_ERROR,
        )


def _html(failure: Failure) -> str:
    sentence = f"<strong>{escape(failure.sentence)}</strong>"
    if not failure.log:
        return sentence
    lines = escape("\n".join(failure.log))
    return (
        f"{sentence}<br>The last lines of its log ({failure.at}):"
        f'<pre class="text-start border rounded p-2">{lines}</pre>'
    )


def refused(error: HTTPError) -> Explained:
    """Return DockerSpawner's or a hook's refusal, e.g. of an image, as one the user can read."""
    # tornado doubles each % where there is nothing to fill in.
    said = error.log_message % error.args if error.log_message else None
    reason = "refused" if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR else "hub"
    message = str(getattr(error, "jupyterhub_message", said or error))
    return Explained(message, reason=reason, status_code=error.status_code)


def cause_of(error: BaseException, attempt: Attempt, secrets: Iterable[str] = ()) -> Cause:
    """Return what an error during a start means for its user.

    Args:
        error: What was raised.
        attempt: What was to run.
        secrets: Values that must not be seen.
    """
    if isinstance(error, Explained):
        return Cause(error.reason, error.jupyterhub_message)
    if isinstance(error, HTTPError):
        return cause_of(refused(error), attempt, secrets)
    if isinstance(error, NotYours):
        return Cause("name", str(error))
    if isinstance(error, APIError | EngineError):
        said = error.explanation if isinstance(error, APIError) else str(error)
        return complaints.of_engine(without_secrets(str(said or error), secrets), attempt)
    if isinstance(error, RequestException):
        return complaints.unanswered()
    return Cause("hub", "The hub made a mistake. Ask an administrator; its log says which.")
