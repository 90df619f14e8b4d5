"""A start that failed, or a server that died: why, with its last words, and nothing left."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from docker.errors import APIError
from tornado.web import HTTPError
from traitlets import Instance

from hubkit.errors import NotYours
from hubkit.spawner import failures, removing
from hubkit.spawner.complaints import Attempt, Cause
from hubkit.spawner.engine import is_silence
from hubkit.spawner.failures import SHOWN, Failure
from hubkit.spawner.owned import OwnedContainer
from hubkit.spawner.pulling import PullFailed
from hubkit.spawner.readiness import Died, NotReady
from hubkit.spawner.record import Record
from hubkit.spawner.refusals import Explained, StartFailed, cause_of, refused

NEVER_STARTED = "created"  # a container's status
STILL_THERE = "What the start of %s left is still there: %s"
LOG_LINES = 2 * SHOWN  # some are empty


class ExplainedServer(OwnedContainer):
    """Says why it failed: to its user, in the hub's log and on record."""

    record = Instance(
        Record, allow_none=True, config=True, help="""Where failures are written down."""
    )

    _command = ""  # of the container, as one line
    _undoing: asyncio.Task[BaseException] | None = None  # removes what a failed start left

    def secrets(self) -> set[str]:
        """Return values that nobody may see in a log's last lines."""
        return {self.api_token} if self.api_token else set()

    async def get_command(self) -> list[str]:
        """Return the words the container is started with."""
        words = await super().get_command()
        self._command = shlex.join(words)
        return words

    async def undone(self, error: BaseException) -> BaseException:
        """Remove what a failed or cancelled start left; return what is to be raised.

        It goes on if its caller is cancelled, and a poll waits for it.
        """
        task = self._undoing = asyncio.ensure_future(self._undo(error))
        task.add_done_callback(self._undo_over)
        if not isinstance(error, Exception):
            return error  # JupyterHub gives a cancelled start a second to end
        return await asyncio.shield(task)

    def _undo_over(self, _: asyncio.Task[BaseException]) -> None:
        self._undoing = None

    async def _undo(self, error: BaseException) -> BaseException:
        cause = self._cause(error)
        log: tuple[str, ...] = ()
        try:
            found = await self.get_object()
            if found:
                log = await self._last_lines(found["Id"])
                if not isinstance(error, NotYours):
                    cause = self._cause_in(found, log) or cause
                if self.remove:
                    await removing.remove(self, found["Id"])
                    self.object_id = ""
        except Exception as trouble:
            # The next start or poll finds it by its name and labels.
            unexpected = not is_silence(trouble)
            self.log.warning(STILL_THERE, self._log_name, trouble, exc_info=unexpected)
        if not isinstance(error, Exception):
            return error  # cancelled
        if isinstance(error, HTTPError) and not isinstance(error, Explained):
            error = refused(error)
        failure = Failure.now(cause, self.user.name, self.name, log=log)
        self.write_down(failure)
        return error if isinstance(error, Explained) else StartFailed(failure)

    def _cause(self, error: BaseException) -> Cause:
        attempt = self._attempt()
        if isinstance(error, NotReady):
            return failures.never_ready(error.limit, attempt, listening=error.opened)
        if isinstance(error, PullFailed):
            return Cause("image", str(error))
        if isinstance(error, Died):
            return Cause("exit", "The server ended before it answered.")
        cause = cause_of(error, attempt, self.secrets())
        if cause.reason == "hub" and isinstance(error, Exception):
            self.log.error("Unexpected, starting %s:", self._log_name, exc_info=error)
        return cause

    def _cause_in(self, found: Mapping[str, Any], log: Sequence[str]) -> Cause | None:
        state = found["State"]
        if state["Running"] or (state["Status"] == NEVER_STARTED and not state.get("Error")):
            return None
        return failures.of_state(state, Attempt.of(found, self.port), log)

    async def died(self, found: Mapping[str, Any]) -> None:
        """Write down why a server that had been running ended, unless somebody ended it."""
        if found["State"]["Status"] == NEVER_STARTED:
            return
        log = await self._last_lines(found["Id"])
        made_for = Attempt.of(found, self.port)  # settings may have changed since
        cause = failures.of_state(found["State"], made_for, log, died=True)
        if cause:
            self.write_down(Failure.now(cause, self.user.name, self.name, log=log, died=True))

    def write_down(self, failure: Failure) -> None:
        """Put *failure* into the hub's log and on record."""
        self.log.error("%s", failure.report())
        if self.record:
            self.record.write(failure)

    def _attempt(self) -> Attempt:
        return Attempt(self.image, self._command, self.mem_limit or 0, self.port)

    async def _last_lines(self, identity: str) -> tuple[str, ...]:
        try:
            said = await self.docker("logs", identity, tail=LOG_LINES)
        except APIError as error:
            if error.status_code in {404, 501}:  # gone; a log that cannot be read
                return ()
            raise
        return failures.last_lines(said, self.secrets())
