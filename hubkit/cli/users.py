"""People of the hub: `hubkit users invite NAME` prints a link to set a password."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hubkit.settings import Settings
from hubkit.userlist import Userlist


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `hubkit users`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    invite = actions.add_parser("invite", help="print a one-time link to set NAME's password")
    invite.add_argument("name")
    invite.add_argument("--userlist", type=Path, default=Path("/srv/jupyterhub/userlist"))


def run(options: argparse.Namespace) -> int:
    """Carry out the action."""
    from hubkit.ops import people

    listed = Userlist.read(options.userlist).members
    link = people.invitation(Settings.from_env(), options.name)
    name = options.name.lower()
    if name not in listed:
        print(f"hubkit: {name} is not in the userlist; the link lets them in", file=sys.stderr)
    print(f"hubkit: a link for {name}; works once, for a day", file=sys.stderr)
    print(link)
    return 0
