"""The command `hubkit VERB`: one file per verb.

A verb's module has a docstring (its help), `add_arguments(parser)` and `run(options)`,
which returns the exit code.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from hubkit import __version__
from hubkit.errors import HubkitError

VERBS = (
    "certs",
    "check",
    "hub",
    "init",
    "pool",
    "prepare",
    "servers",
    "settings",
    "tmpnb-import",
    "users",
    "wait",
    "welcome",
    "workshop",
)


def main(words: Sequence[str] | None = None) -> int:
    """Run one verb; say what is wrong on standard error and return 1 if it fails."""
    parser = argparse.ArgumentParser(prog="hubkit", description="Run a JupyterHub on Docker.")
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    modules = {name: import_module(f"hubkit.cli.{name.replace('-', '_')}") for name in VERBS}
    for name, module in modules.items():
        help_text = (module.__doc__ or "").splitlines()[0]
        module.add_arguments(verbs.add_parser(name, help=help_text, description=module.__doc__))
    options = parser.parse_args(words)
    try:
        code: int = modules[options.verb].run(options)
    except HubkitError as error:
        print(f"hubkit: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code
