"""The warm pool: servers that wait for whoever comes next."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `hubkit pool`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text in {
        "list": "show how many wait of each image",
        "drain": "replace all that wait of one image, one by one, without a gap",
        "resize": "let another number wait, until the hub is restarted",
    }.items():
        action = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if name != "list":
            action.add_argument("image", metavar="IMAGE", help="as in the first column of 'list'")
        if name == "resize":
            action.add_argument("size", metavar="N", type=_size, help="how many, from 0 to 1000")


def run(options: argparse.Namespace) -> int:
    """Print what there is, or what will be done."""
    from hubkit.ops import pool

    if options.action == "list":
        print(pool.listing())
    elif options.action == "drain":
        print(pool.drain(options.image))
    else:
        print(pool.resize(options.image, options.size))
    return 0


def _size(written: str) -> int:
    number = int(written)
    if not 0 <= number <= 1000:
        raise argparse.ArgumentTypeError("must be from 0 to 1000")
    return number
