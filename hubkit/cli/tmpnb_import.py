"""Print for .env what an old tmpnb was told, and name what has no place here."""

from __future__ import annotations

import argparse
import sys

from hubkit.errors import ConfigError
from hubkit.ops.tmpnb import importing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `hubkit tmpnb-import`."""
    parser.add_argument(
        "line",
        nargs=argparse.REMAINDER,
        metavar="COMMAND LINE",
        help="how it was started: orchestrate.py and its options, or all of docker run …, "
        "as words or in one pair of quotes",
    )


def run(options: argparse.Namespace) -> int:
    """Print the lines, or everything that is wrong; then return 2."""
    found = importing.read(options.line)
    if found.problems:
        print(f"hubkit: {ConfigError(found.problems, 'nothing is printed')}", file=sys.stderr)
        return 2
    print(found.text(), end="")
    return 0
