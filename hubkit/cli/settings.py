"""Print every setting with its default and meaning."""

from __future__ import annotations

import argparse

from hubkit import documents


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `hubkit settings`."""
    parser.add_argument("--env", action="store_true", help="as .env.example instead of a table")


def run(options: argparse.Namespace) -> int:
    """Print the documents made from the settings."""
    print(documents.env_example() if options.env else documents.settings_table(), end="")
    return 0
