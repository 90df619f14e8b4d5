"""People of the hub: `hubkit users invite NAME` prints a link to set a password."""

from __future__ import annotations

import argparse

from hubkit.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `hubkit users`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    invite = actions.add_parser("invite", help="print a one-time link to set NAME's password")
    invite.add_argument("name")


def run(options: argparse.Namespace) -> int:
    """Carry out the action."""
    from hubkit.ops import people

    print(people.invitation(Settings.from_env(), options.name))
    return 0
