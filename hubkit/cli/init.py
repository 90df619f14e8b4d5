"""Lay out secrets for the parts of the stack (in the container `init`)."""

from __future__ import annotations

import argparse
from pathlib import Path

from hubkit.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `hubkit init`."""
    parser.add_argument("--root", type=Path, default=Path("/kit"), help="the checkout")


def run(options: argparse.Namespace) -> int:
    """Refuse to let anything start on wrong files; else lay out what each part needs."""
    from hubkit.ops import checks
    from hubkit.ops.layout import Layout

    kit, problems = checks.files(options.root)
    if problems:
        raise ConfigError(problems)
    env = kit.env
    Layout(secrets=options.root / "secrets").make(
        with_certificate=env.tls == "files",
        gateway_token=env.kg_auth_token if env.own_gateway else None,
    )
    return 0
