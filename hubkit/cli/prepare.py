"""Make the files an administrator owns where they are missing; overwrites nothing."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from hubkit.ops import certificates, gateway
from hubkit.settings import check_file

EXAMPLES = ((".env.example", ".env", 0o600), ("userlist.example", "userlist", 0o644))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `hubkit prepare`."""
    parser.add_argument("--root", type=Path, default=Path("/kit"), help="the checkout")


def run(options: argparse.Namespace) -> int:
    """Say what was made."""
    root: Path = options.root
    for example, name, mode in EXAMPLES:
        # A link that leads out of the checkout dangles here; it is not ours to replace.
        if not (root / name).is_symlink() and not (root / name).exists():
            part = root / f".{name}.part"
            shutil.copyfile(root / example, part)
            part.chmod(mode)
            part.rename(root / name)
            print(f"hubkit: made {name} from {example}")
    env, problems = check_file(root / ".env")
    if env.tls == "files" and not problems:
        _certificate(root / "secrets", env.hub_domain)
    if env.own_gateway and not problems:
        for line in gateway.prepare(root):
            print(f"hubkit: {line}")
    return 0


def _certificate(folder: Path, domain: str) -> None:
    try:
        certificates.make_self_signed(folder, domain)
    except FileExistsError:
        return
    print(f"hubkit: made a self-signed certificate for {domain} (secrets/jupyterhub.crt, .key)")
