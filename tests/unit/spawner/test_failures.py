"""Why a server failed: from a container's state and log to one sentence, without secrets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from hubkit.spawner import failures
from hubkit.spawner.complaints import Attempt, Cause
from hubkit.spawner.failures import Failure, last_lines, never_ready, of_state, short_of_memory

ATTEMPT = Attempt("lab:1", "jupyterhub-singleuser", 2**30, 8888)
TOKEN = "0123456789abcdef"


def state(code, *, out=False, error=""):
    return {"Status": "exited", "ExitCode": code, "OOMKilled": out, "Error": error}


@pytest.mark.parametrize(
    ("ended", "log", "reason", "said"),
    [
        pytest.param(state(137, out=True), [], "memory", "memory: its limit is 1 GiB.", id="oom"),
        pytest.param(
            state(1, out=True),
            [],
            "memory",
            "and the server ended with exit code 1",
            id="its child's",
        ),
        pytest.param(state(137), [], "killed", "killed from outside (exit code 137)", id="killed"),
        pytest.param(state(3), ["boom"], "exit", "The server ended with exit code 3.", id="code"),
        pytest.param(
            state(0), [], "exit", "ended at once, without an error: jupyterhub-sing", id="0"
        ),
        pytest.param(state(139), [], "exit", "the signal SIGSEGV (exit code 139)", id="signal"),
        pytest.param(state(127), [], "command", "was not found in the image lab:1", id="127"),
        pytest.param(state(126), [], "command", "could not be executed in the image", id="126"),
        pytest.param(state(199), [], "exit", "exit code 199.", id="no signal has this number"),
        pytest.param(
            state(1),
            ["OSError: [Errno 28] No space left on device"],
            "disk",
            "exit code 1: no space",
            id="disk",
        ),
        pytest.param(
            state(127),
            ["/bin/sh: 1: python33: not found"],
            "command",
            "see SERVER_COMMAND",
            id="a program's name",
        ),
        pytest.param(
            state(127),
            ["/bin/sh: line 1: python33: command not found"],
            "command",
            "see SERVER_COMMAND",
            id="a program's name, said by bash",
        ),
        pytest.param(
            state(143),
            ["x: /lib/libc.so.6: version `GLIBC_2.34' not found (required by x)"],
            "image",
            "too old a glibc",
            id="an old image",
        ),
        pytest.param(
            state(1),
            ["ModuleNotFoundError: No module named 'jupyterhub'"],
            "image",
            "no package jupyterhub",
            id="no hub",
        ),
        pytest.param(
            state(1),
            ["PermissionError: [Errno 13]", "bye"],
            "permission",
            "permission was denied",
            id="permission",
        ),
        pytest.param(
            state(1),
            ["OSError: [Errno 98] Address already in use"],
            "port",
            "its port was taken",
            id="port",
        ),
        pytest.param(
            state(255),
            ["exec /usr/bin/tini: exec format error"],
            "platform",
            "kind of processor",
            id="arch",
        ),
        pytest.param(
            state(128, error="network x not found"),
            [],
            "network",
            "The network x does",
            id="engine's",
        ),
    ],
)
def test_of_state(ended, log, reason, said):
    """A container's end is a word and a sentence."""
    cause = of_state(ended, ATTEMPT, log)

    assert (cause.reason, said in cause.sentence) == (reason, True), cause.sentence


def test_without_a_limit():
    """Where there is no limit, none is named."""
    cause = of_state(state(137, out=True), Attempt())

    assert cause.sentence.startswith("The server ran out of memory. ")


def test_shut_down_from_within():
    """A running server somebody shut down by its own menu did not fail, whatever a kernel did."""
    assert of_state(state(0), ATTEMPT, died=True) is None
    assert of_state(state(0, out=True), ATTEMPT, died=True) is None
    assert of_state(state(1), ATTEMPT, died=True).reason == "exit"


def test_the_last_hint_counts():
    """Of two lines that say why, the later one is nearer to the end."""
    log = ["Permission denied: /etc/motd", "No space left on device"]

    assert of_state(state(1), ATTEMPT, log).reason == "disk"


def test_old_hints_do_not_count():
    """What was said long before the end is no cause of it."""
    log = ["Permission denied: /etc/motd", *["GET /api 200"] * failures.NEAR]

    assert of_state(state(1), ATTEMPT, log).reason == "exit"


def test_short_of_memory():
    """A kernel that was killed is told with the limit; the server goes on."""
    said = short_of_memory(Attempt(mem_limit=2**29), {"OOMKilled": True})

    assert "its limit is 512 MiB. The server goes on." in said
    assert short_of_memory(Attempt(mem_limit=2**29), {"OOMKilled": False}) == ""


@pytest.mark.parametrize(
    ("listening", "reason", "said"),
    [
        pytest.param(False, "port", "nothing listens on port 8888 of its container", id="closed"),
        pytest.param(True, "unready", "connections on port 8888 and does not answer", id="open"),
    ],
)
def test_never_ready(listening, reason, said):
    """A port never opened is another thing than one where nobody answers."""
    cause = never_ready(90.0, ATTEMPT, listening=listening)

    assert cause.reason == reason
    assert f"after 90 seconds: {'it takes ' if listening else ''}{said}. " in cause.sentence


def test_last_lines():
    """The last twenty lines are kept, the empty ones not counted."""
    log = "".join(f"line {number}\n \n" for number in range(100))

    assert last_lines(log) == tuple(f"line {number}" for number in range(80, 100))
    assert last_lines(b"") == ()


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        pytest.param("\x1b[31;1mred\x1b[0m", "red", id="colours"),
        pytest.param("\x1b]0;title\x07text", "text", id="title"),
        pytest.param("\x1b]8;;http://x\x1b\\link", "link", id="link"),
        pytest.param("\x1b(Btext\x1bc", "text", id="other sequences"),
        pytest.param("10%\r50%\r100%\r", "100%", id="progress bar"),
        pytest.param("a\tb", "a   b", id="tab"),
        pytest.param("a\x00\x07\x08b", "ab", id="control"),
        pytest.param("a\u202eb\u2028c\u200bd", "abcd", id="directions and separators"),
        pytest.param("größe ✓", "größe ✓", id="letters"),
        pytest.param("<b>&", "<b>&", id="not escaped here"),
    ],
)
def test_lines_are_plain(line, shown):
    """Nothing in a log moves a cursor, hides or reorders text."""
    assert last_lines(f"{line}\nend") == (shown, "end")


def test_bytes_of_any_kind():
    """A log is bytes of a program nobody knows."""
    assert last_lines(b"\xff\xfe ok\n") == ("�� ok",)


def test_long_lines_are_cut():
    """A line has its limit, and the cut shows."""
    [line] = last_lines("x" * 10_000)

    assert (len(line), line[-2:]) == (failures.LONGEST, "x…")


@pytest.mark.parametrize(
    "line",
    [
        f"my token is {TOKEN}.",
        f"\x1b[1m{TOKEN[:8]}\x1b[0m{TOKEN[8:]}",
        "x" * (failures.LONGEST - 4) + TOKEN,
        "http://127.0.0.1:8888/lab?token=s3cr3t-word&x=1",
        "GET /oauth_callback?code=s3cr3t-word&state=s3cr3t-word HTTP/1.1",
        "Authorization: token s3cr3t-word",
        "Authorization: s3cr3t-word",
        "{'Authorization': 'Bearer s3cr3t-word'}",
        'headers={"authorization": "s3cr3t-word"}',
        "JUPYTERHUB_API_TOKEN=s3cr3t-word",
        "DB_PASSWORD='s3cr3t-word'",
    ],
)
def test_secrets_are_hidden(line):
    """Neither what is known to be secret is shown, nor what looks so."""
    shown = "".join(last_lines(f"before\n{line}\nafter", ["", "ab", TOKEN]))

    assert "s3cr3t" not in shown
    assert TOKEN[:4] not in shown.replace("x" * 5, "")
    assert "(hidden)" in shown or shown.count("…")


def test_secrets_of_several_lines():
    """A key is found line by line, as a log has it."""
    key = "-----BEGIN KEY-----\nAAAABBBBCCCC\nDDDDEEEEFFFF\n-----END KEY-----\n"

    assert last_lines("x AAAABBBBCCCC\nok DDDDEEEEFFFF", [key]) == ("x (hidden)", "ok (hidden)")


def test_words_are_left():
    """What only speaks of tokens stays readable."""
    line = "The token expired; code 3, state ok, no password was given"

    assert last_lines(line, ["abc"]) == (line,)


def test_now():
    """A failure knows when it was noticed."""
    made = Failure.now(Cause("exit", "It ended."), "ada", "gpu", log=["one"], died=True)

    assert abs(datetime.now(UTC) - made.when) < timedelta(minutes=1)
    assert made == Failure("exit", "It ended.", ("one",), made.when, "ada", "gpu", died=True)


def test_report():
    """Everything, for a terminal."""
    when = datetime(2026, 5, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    made = Failure("exit", "It ended.", ("one", "two"), when, "ada")

    assert made.report() == (
        "The server of ada did not start (exit, 2026-05-01 10:00:00 UTC). It ended.\n"
        "  Its last lines:\n  one\n  two"
    )
    died = Failure("exit", "It ended.", (), when, "ada", "gpu", died=True)
    assert died.report() == (
        "The server 'gpu' of ada ended (exit, 2026-05-01 10:00:00 UTC). It ended.\n"
        "  It left no log."
    )
