"""Say where the hub is, who administers it and how the first of them gets in."""

from __future__ import annotations

import argparse
from pathlib import Path

from hubkit.errors import ConfigError
from hubkit.settings import ROOT, Settings

CONSEQUENCE = "the hub runs, but people cannot sign in as they should"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `hubkit welcome`."""
    parser.add_argument("--userlist", type=Path, default=Path("/srv/jupyterhub/userlist"))


def run(options: argparse.Namespace) -> int:
    """Print the address and, while no administrator has a password, a one-time link.

    Ends with what keeps people from signing in. That is no failure: a directory or
    provider may be down while a hub starts.
    """
    from hubkit.ops import people, reach
    from hubkit.userlist import Userlist

    env = Settings.from_env()
    admins = Userlist.read(options.userlist).admins
    print(f"\n  The hub:         {env.public_url}")
    if env.hub_domain == "localhost":
        print("                   for other machines: HUB_DOMAIN in .env, then 'make up' again")
    print(f"  Administrators:  {', '.join(admins)}")
    if "native" in env.auth and not people.with_password(env, admins):
        print(f"  First sign-in:   {people.invitation(env, admins[0])}")
        print(f"                   sets the password of {admins[0]}; works once, for a day")
    print()
    problems = reach.problems(env, ROOT)
    if problems:
        print(f"hubkit: {ConfigError(problems, CONSEQUENCE)}\n")
    return 0
