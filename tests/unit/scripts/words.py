"""What Docker was asked, word by word."""

from __future__ import annotations

import itertools


def after(words, option):
    """Return what follows each *option* in *words*."""
    return [value for word, value in itertools.pairwise(words) if word == option]
