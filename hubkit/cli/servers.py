"""Users' servers: why one did not start, or ended by itself."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `hubkit servers`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    text = "say what failed last, with the last lines of its log"
    why = actions.add_parser("why", help=text, description=f"{text[0].upper()}{text[1:]}.")
    why.add_argument("user", metavar="USER")
    why.add_argument(
        "server",
        metavar="SERVER",
        nargs="?",
        help="of the servers of this name, '' for the one without; default: of all of theirs",
    )


def run(options: argparse.Namespace) -> int:
    """Print the last failure; its absence is an error."""
    from hubkit.ops import servers

    print(servers.last_failure(options.user, options.server).report())
    return 0
