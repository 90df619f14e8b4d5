"""Read how tmpnb was started: one command, or a script with several."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from hubkit.errors import Problem

PROGRAM = re.compile(r"(.*/)?orchestrate\.py")
# The image runs orchestrate.py by itself, with its defaults.
IMAGE = re.compile(r"([\w.:-]+/)*([\w.-]+-)?tmpnb(:[\w.-]+)?")
PROXY = re.compile(r"(.*/)?configurable-http-proxy(:[\w.-]+)?")
NAMED = {"--name", "--hostname", "-h", "--network", "--net", "--label", "-l"}
ASSIGNED = re.compile(r"(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)", re.DOTALL)
SOCKET = re.compile(r"(?P<host>/[^:]*):/[^:]*docker\.sock(:.*)?")
BREAKS = set(";&|\n")


@dataclass
class Line:
    """What orchestrate.py was told.

    Attributes:
        options: Their names, with dashes, and their values as written.
        environment: What the container, or the shell, gave it.
        socket: The host's socket of the engine; empty where the line does not say.
        proxy: Whether the text starts configurable-http-proxy as well.
    """

    options: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    socket: str = ""
    proxy: bool = False


def split(text: str) -> list[list[str]]:
    """Return the commands of *text* as words, as a shell would.

    Raises:
        ValueError: A quote is not closed.
    """
    lexer = shlex.shlex(text.replace("\\\n", " "), posix=True, punctuation_chars="".join(BREAKS))
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    found: list[list[str]] = [[]]
    for word in lexer:
        if word and set(word) <= BREAKS:
            found.append([])
        else:
            found[-1].append(word)
    return [words for words in found if words and not words[0].startswith("#")]


def read(commands: Sequence[Sequence[str]]) -> tuple[Line, list[Problem]]:
    """Return what the one of *commands* that starts tmpnb says, and what is wrong with it."""
    line = Line(proxy=any(PROXY.fullmatch(word) for words in commands for word in words))
    started = [words for words in commands if _start(words) is not None]
    if len(started) != 1:
        wrong = "starts tmpnb more than once." if started else "starts no tmpnb."
        cure = "Give the one command with orchestrate.py in it, or its options alone."
        return line, [Problem("the command line", wrong, cure)]
    [words] = started
    at = _start(words) or 0
    _before(words[:at], line)
    return line, _options(words[at:], line)


def _start(words: Sequence[str]) -> int | None:
    """Return where the options of orchestrate.py begin; None where it is not started."""
    for at, word in enumerate(words):
        if PROGRAM.fullmatch(word):
            return at + 1
    for at, word in enumerate(words):
        if at and IMAGE.fullmatch(word) and words[at - 1] not in NAMED:
            return at + 1
    return 0 if words and words[0].startswith("-") else None


def _before(words: Sequence[str], line: Line) -> None:
    """Take the environment and the socket from what stands before the program."""
    for at, word in enumerate(words):
        option, _, joined = word.partition("=")
        following = words[at + 1] if at + 1 < len(words) else ""
        if assigned := ASSIGNED.fullmatch(word):
            line.environment[assigned["name"]] = assigned["value"]
        elif option in {"-v", "--volume"} and (bound := SOCKET.fullmatch(joined or following)):
            line.socket = bound["host"]
        elif option == "--env" and (assigned := ASSIGNED.fullmatch(joined)):
            line.environment[assigned["name"]] = assigned["value"]
        elif option in {"-e", "--env"} and re.fullmatch(r"[A-Z][A-Z0-9_]*", joined or following):
            line.environment[joined or following] = ""  # the shell's own value


def _options(words: Sequence[str], line: Line) -> list[Problem]:
    problems = []
    for word in words:
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("-"):
            cure = "Options are written --NAME=VALUE, in one word; a value with spaces in quotes."
            problems.append(Problem(word, "is no option.", cure))
        elif name:
            line.options[name.replace("_", "-")] = value if equals else ""
    return problems
