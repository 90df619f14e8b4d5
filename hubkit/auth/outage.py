"""A provider that could not be asked, told apart from one that said no."""

from __future__ import annotations


class Unsaid(Exception):
    """The provider says neither yes nor no about somebody; the text is for people."""


class Outage(Unsaid):
    """The provider did not answer, or not to the question: it says nothing of anybody."""
