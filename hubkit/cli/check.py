"""Report everything wrong with the configuration and the engine; starts nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from hubkit.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `hubkit check`."""
    parser.add_argument("--root", type=Path, default=Path("/kit"), help="the checkout")
    parser.add_argument(
        "--skip-images", action="store_true", help="the notebook image may still be missing"
    )


def run(options: argparse.Namespace) -> int:
    """Print all problems, each with its cure."""
    from hubkit.ops import checks

    problems = checks.run(options.root, skip_images=options.skip_images)
    if problems:
        raise ConfigError(problems)
    print("hubkit: everything checked is in order")
    return 0
