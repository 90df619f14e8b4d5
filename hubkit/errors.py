"""What can go wrong, said so that the reader knows what to do next.

HubkitError
├── ConfigError    one or more Problems in what an administrator wrote
├── EngineError    the Docker engine did not do what was asked
└── NotYours       a container or volume of that name belongs to someone else
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HIDDEN = "(hidden)"  # stands wherever a secret's value would


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, in the order a reader needs it.

    Args:
        what: What was set or found, e.g. ``MEM_LIMIT=lots`` or ``userlist, line 3``.
            Never a secret's value.
        wrong: What is wrong with it, one clause.
        cure: What to do about it, one or two sentences.
    """

    what: str
    wrong: str
    cure: str

    def __str__(self) -> str:
        return f"  {self.what}\n    {self.wrong}\n    {self.cure}"


class HubkitError(Exception):
    """Base of every error this package raises on purpose."""


class EngineError(HubkitError):
    """The Docker engine refused or did not answer; the message names the cure."""


class NotYours(HubkitError):
    """A Docker object has our name but another owner; it is left untouched."""

    @property
    def jupyterhub_message(self) -> str:
        """What JupyterHub shows the user whose start failed."""
        return str(self)


class ConfigError(HubkitError):
    """Everything wrong with the configuration, all at once.

    Args:
        problems: At least one problem.
        consequence: What was therefore not done, e.g. ``nothing was started``.
    """

    def __init__(self, problems: Iterable[Problem], consequence: str = "nothing was started"):
        self.problems: Sequence[Problem] = tuple(problems)
        self.consequence = consequence
        super().__init__(str(self))

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"{count} problem{'s' if count != 1 else ''} ({self.consequence})"
        return "\n\n".join([head, *map(str, self.problems)])
