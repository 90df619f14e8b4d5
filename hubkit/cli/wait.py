"""Wait until the hub answers over HTTPS through the edge."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from hubkit.errors import HubkitError
from hubkit.settings import check_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `hubkit wait`."""
    parser.add_argument("--root", type=Path, default=Path("/kit"), help="the checkout")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long at most")


def run(options: argparse.Namespace) -> int:
    """Return 0 when the hub answers; fail with what it said last."""
    from hubkit.ops import answering

    env, _ = check_file(options.root / ".env")
    began = time.monotonic()
    last = "no answer"
    while time.monotonic() - began < options.seconds:
        last = answering.health(env.hub_domain, env.https_port)
        if last == "":
            return 0
        time.sleep(0.25)
    raise HubkitError(f"the hub does not answer after {options.seconds:.0f} s: {last}")
