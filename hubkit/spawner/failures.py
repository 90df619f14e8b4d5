"""Why a server did not start, or ended by itself: a word, a sentence, its last log lines."""

from __future__ import annotations

import re
import signal
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from hubkit.errors import HIDDEN
from hubkit.spawner import complaints
from hubkit.spawner.complaints import Attempt, Cause, size

SHOWN, LONGEST = 20, 300  # lines of a log; characters of one
NEAR = 8  # lines before the end of a log: earlier ones need not be about the end
SHORTEST_SECRET = 6  # characters; less is found in any text
SIGNALLED = 128  # and the number of the signal: exit code of what a signal ended
KILLED = SIGNALLED + signal.SIGKILL
NOT_EXECUTABLE, NOT_FOUND = 126, 127  # exit codes of every shell

# ECMA-48: control sequences (colours, cursor), operating system commands (titles), the rest.
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
SECRETS = (
    re.compile(r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?(?:[a-z]+\s+(?=\S))?)[^\s\"',;}]+"),
    re.compile(r"(?i)(\b\w*(?:token|password|passwd|secret|api_key)=[\"']?)[^\s\"'&,;}]+"),
    re.compile(r"(?i)([?&](?:code|state)=)[^\s\"'&]+"),
)
# What a server says on its way down → the word and the clause, where it says more than the code.
HINTS = (
    (r"no space left on device|disk quota exceeded", "disk", "no space was left on the disk"),
    (
        r"jupyterhub-singleuser: not found",
        "command",
        "the image has no command jupyterhub-singleuser, it is not made for JupyterHub",
    ),
    (
        r"^/bin/sh: (?:line )?\d+: \S+: (?:command )?not found",
        "command",
        "its shell was told a command that the image does not have (see SERVER_COMMAND, if set)",
    ),
    (
        r"/caddy: not found|`GLIBC_[0-9.]+' not found",
        "image",
        "the image has too old a glibc, or none, for what stands before a program",
    ),
    (r"no module named '?jupyterhub\b", "image", "the image has no package jupyterhub"),
    (r"exec format error", "platform", "the image was made for another kind of processor"),
    (r"address already in use", "port", "its port was taken by another program in the container"),
    (r"permission ?(?:error|denied)", "permission", "permission was denied to it"),
    (r"memoryerror|cannot allocate memory", "memory", "no memory was left"),
)


@dataclass(frozen=True)
class Failure:
    """One server that did not start, or that ended without being stopped.

    Attributes:
        reason: One word, for metrics.
        sentence: The cause, and a cure where there is one; for the user's eyes.
        log: The last lines of the server's log, as `last_lines` returns them.
        when: When it was noticed, with its time zone.
        user: Whose server.
        server: Its name; "" for the default one.
        died: Whether it had been running.
    """

    reason: str
    sentence: str
    log: tuple[str, ...]
    when: datetime
    user: str
    server: str = ""
    died: bool = False

    @classmethod
    def now(
        cls,
        cause: Cause,
        user: str,
        server: str = "",
        *,
        log: Iterable[str] = (),
        died: bool = False,
    ) -> Failure:
        """Return a failure that was just noticed."""
        when = datetime.now(UTC).replace(microsecond=0)
        sentence = _plain(cause.sentence, ())  # it may have a registry's own words
        return cls(cause.reason, sentence, tuple(log), when, user, server, died)

    @property
    def at(self) -> str:
        """The time as it is shown: UTC, because the hub does not know the user's."""
        return f"{self.when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

    def report(self) -> str:
        """Return everything, for a terminal or the hub's log; several lines."""
        what = "ended" if self.died else "did not start"
        name = f"The server '{self.server}'" if self.server else "The server"
        head = f"{name} of {self.user} {what} ({self.reason}, {self.at}). {self.sentence}"
        if not self.log:
            return f"{head}\n  It left no log."
        return "\n  ".join([head, "Its last lines:", *self.log])


def of_state(
    state: Mapping[str, Any], attempt: Attempt, log: Sequence[str] = (), *, died: bool = False
) -> Cause | None:
    """Return why a container is not running; None if somebody ended the server from within it.

    Args:
        state: ``State`` in the engine's answer about the container.
        attempt: What was to run in it.
        log: Its last lines.
        died: Whether the server had been running.
    """
    if state.get("Error"):
        return complaints.of_engine(str(state["Error"]), attempt)
    code, out = int(state.get("ExitCode") or 0), bool(state.get("OOMKilled"))
    if not code:
        # JupyterLab's menu "Shut Down" ends a server so.
        wrong = f"The server's command ended at once, without an error: {attempt.command}."
        return None if died else Cause("exit", f"{wrong} {complaints.WHOEVER_MADE_IT}")
    if out:
        return _out_of_memory(code, attempt)
    if code == KILLED:
        return Cause(
            "killed",
            f"The server was killed from outside (exit code {code}): by an administrator, or "
            "because the machine ran out of memory.",
        )
    return _exited(code, attempt, log)


def _out_of_memory(code: int, attempt: Attempt) -> Cause:
    limit = _limit(attempt)
    if code == KILLED:
        wrong = f"The server ran out of memory{limit}."
    else:
        wrong = f"A program ran out of memory{limit}, and the server ended with exit code {code}."
    return Cause("memory", f"{wrong} {LESS_MEMORY}")


def short_of_memory(attempt: Attempt, state: Mapping[str, Any]) -> str:
    """Return what to say of a running server in which a program was killed, "" if none was.

    The engine reports ``OOMKilled`` of a running container, too, and keeps on doing so.

    Args:
        attempt: What runs.
        state: ``State`` in the engine's answer about the container.
    """
    if not state.get("OOMKilled"):
        return ""
    wrong = f"A program of the server, such as a kernel, ran out of memory{_limit(attempt)}."
    return f"{wrong} The server goes on. {LESS_MEMORY}"


LESS_MEMORY = (
    "Work with less data at a time, or ask an administrator for more memory (MEM_LIMIT in .env)."
)


def _limit(attempt: Attempt) -> str:
    if not attempt.mem_limit:
        return ""
    return f": its limit is {size(attempt.mem_limit)}"


def _exited(code: int, attempt: Attempt, log: Sequence[str]) -> Cause:
    for line in reversed(log[-NEAR:]):
        for pattern, reason, clause in HINTS:
            if re.search(pattern, line, re.IGNORECASE):
                return Cause(reason, f"The server ended with exit code {code}: {clause}.")
    if code in (NOT_EXECUTABLE, NOT_FOUND):
        wrong = "was not found" if code == NOT_FOUND else "could not be executed"
        sentence = f"A command {wrong} in the image {attempt.image} (exit code {code})."
        return Cause("command", f"{sentence} {complaints.WHOEVER_MADE_IT}")
    if code - SIGNALLED in set(signal.Signals):
        name = signal.Signals(code - SIGNALLED).name
        return Cause("exit", f"The server was ended by the signal {name} (exit code {code}).")
    return Cause("exit", f"The server ended with exit code {code}.")


def never_ready(seconds: float, attempt: Attempt, *, listening: bool) -> Cause:
    """Return what to say of a server that runs and is not ready in time.

    Args:
        seconds: How long it was waited for.
        attempt: What runs there.
        listening: Whether its port takes connections.
    """
    if listening:
        wrong = f"it takes connections on port {attempt.port} and does not answer"
    else:
        wrong = f"nothing listens on port {attempt.port} of its container"
    return Cause(
        "unready" if listening else "port",
        f"The server was not ready after {seconds:g} seconds: {wrong}. For an administrator: "
        "START_TIMEOUT in .env is how long it may take.",
    )


def last_lines(log: bytes | str, secrets: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the last `SHOWN` lines of a log, fit to be shown.

    Args:
        log: What the engine returns; no more than the end of it is needed.
        secrets: Values that must not be seen: tokens, keys, passwords.
    """
    text = log.decode("utf-8", "replace") if isinstance(log, bytes) else log
    hidden = sorted(_pieces(secrets), key=len, reverse=True)
    lines = (_plain(line, hidden) for line in reversed(text.split("\n")))
    shown = [_cut(line) for line in islice(filter(None, lines), SHOWN)]
    return tuple(reversed(shown))


def without_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """Return *text* with each of *secrets*, and what looks like one, replaced."""
    for secret in sorted(_pieces(secrets), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for pattern in SECRETS:
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return text


def _pieces(secrets: Iterable[str]) -> set[str]:
    """Return the secrets line by line, as a log has them."""
    lines = {line.strip() for secret in secrets for line in secret.splitlines()}
    return {line for line in lines if len(line) >= SHORTEST_SECRET}


def _plain(line: str, secrets: Sequence[str]) -> str:
    line = ANSI.sub("", line).rstrip("\r")
    line = line.rpartition("\r")[2].expandtabs(4)  # of a progress bar the last state
    # Control, format (directions, invisible ones) and separators that break a line.
    kept = (one for one in line if unicodedata.category(one) not in {"Cc", "Cf", "Zl", "Zp", "Cs"})
    return without_secrets("".join(kept).rstrip(), secrets)


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
