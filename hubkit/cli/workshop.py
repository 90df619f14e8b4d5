"""Set in .env what a workshop needs, or print its image's build arguments."""

from __future__ import annotations

import argparse
from pathlib import Path

from hubkit.errors import ConfigError
from hubkit.ops import workshop
from hubkit.settings import check_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `hubkit workshop`."""
    parser.add_argument("--root", type=Path, default=Path("/kit"), help="the checkout")
    parser.add_argument("--in-use", action="store_true", help="people may sign in already")
    parser.add_argument("--try", action="store_true", dest="trying", help="only look for mistakes")
    parser.add_argument(
        "--arguments",
        metavar="FRESH",
        help="change nothing; print NAME=value for each build argument, with FRESH in the "
        "place of a WORKSHOP_FRESH that is not set",
    )


def run(options: argparse.Namespace) -> int:
    """Say what was set, and what an administrator's own line is left for."""
    path: Path = options.root / ".env"
    if options.arguments is not None:
        env, problems = check_file(path)
        problems += workshop.passwords(env)
        if problems:
            raise ConfigError(problems, workshop.NOTHING)
        print("\n".join(workshop.arguments(env, options.arguments)))
        return 0
    decision = workshop.write(path, in_use=options.in_use, trying=options.trying)
    if options.trying:
        return 0
    for name, value in decision.changed.items():
        print(f"hubkit: .env: {name}={value}, for the workshop")
    for name, value in decision.kept.items():
        print(f"hubkit: .env: {name}={value} is kept, as you chose it")
    return 0
