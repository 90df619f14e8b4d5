"""Report everything wrong with the configuration and the engine; starts nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from hubkit.errors import ConfigError

POOL = "Servers that wait for whoever comes next (docs/pool.md):"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `hubkit check`."""
    parser.add_argument("--root", type=Path, default=Path("/kit"), help="the checkout")
    parser.add_argument(
        "--skip-images", action="store_true", help="the notebook image may still be missing"
    )
    parser.add_argument(
        "--offline", action="store_true", help="do not try the sign-in provider or directory"
    )
    # How `make up` goes on after it has checked all else.
    parser.add_argument("--rest", action="store_true", help=argparse.SUPPRESS)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--sign-in", action="store_true", help="in the hub: try only those")
    only.add_argument(
        "--user", metavar="NAME", help="in the hub: why NAME can or cannot sign in, step by step"
    )
    # How `make check` asks the hub that runs; people ask with `hubkit pool list`.
    only.add_argument("--pool", action="store_true", help=argparse.SUPPRESS)
    only.add_argument("--ports", action="store_true", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Print all problems, each with its cure."""
    if options.user is not None:
        return _explain(options.user)
    if options.sign_in:
        return _sign_in()
    if options.pool or options.ports:
        return _tell(pool=options.pool)
    from hubkit.ops import checks

    if options.rest:
        problems = checks.rest(options.root)
    else:
        problems = checks.run(
            options.root, skip_images=options.skip_images, offline=options.offline
        )
    if problems:
        raise ConfigError(problems)
    # With images still to come nobody asks about the rest.
    remarks = [] if options.skip_images else checks.remarks(options.root)
    head = "hubkit: everything checked is in order"
    longer = f"{head}, but something is less than it could be:"
    said = [longer, *map(str, remarks)] if remarks else [head]
    # Before `make up` starts the hub it is an earlier one that answers.
    waiting = "" if options.skip_images or options.rest else _waiting(options.root)
    print("\n\n".join([*said, *([f"{POOL}\n{waiting}"] if waiting else [])]))
    return 0


def _waiting(root: Path) -> str:
    from hubkit.ops import cold
    from hubkit.settings import check_file

    return cold.listing(check_file(root / ".env")[0])


def _sign_in() -> int:
    from hubkit.ops import reach
    from hubkit.settings import ROOT, Settings

    problems = reach.problems(Settings.from_env(), ROOT)
    if problems:
        raise ConfigError(problems, "people cannot sign in as they should")
    return 0


def _tell(*, pool: bool) -> int:
    import json
    from dataclasses import asdict

    from hubkit.ops import cold, openports
    from hubkit.settings import Settings

    found = cold.known_to_hub() if pool else openports.known_to_hub(Settings.from_env())
    print(json.dumps([asdict(one) for one in found]))
    return 0


def _explain(name: str) -> int:
    from hubkit.ops import explain
    from hubkit.settings import Settings

    good = False
    for good, text in explain.steps(Settings.from_env(), name):
        print(f"  {'ok' if good else '--'}  {text}")
    return 0 if good else 1
