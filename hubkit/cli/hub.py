"""Run the hub (in its container): wait for the Docker engine, then become JupyterHub."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from hubkit.errors import HubkitError
from hubkit.settings import Settings

CONFIG = Path("/srv/jupyterhub/jupyterhub_config.py")
BETWEEN_TRIES = 1.0  # seconds
SAY_EVERY = 10  # tries


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `hubkit hub`."""
    parser.add_argument("--config", type=Path, default=CONFIG)


def run(options: argparse.Namespace) -> int:
    """Replace this process by JupyterHub's once the engine answers.

    A hub that starts while the engine is silent would take every running server for
    stopped, and stop it.
    """
    Settings.from_env()
    _wait_for_engine()
    words = [sys.executable, "-m", "jupyterhub", "--config", str(options.config)]
    os.execv(words[0], words)  # noqa: S606 (this process becomes the hub)


def _wait_for_engine() -> None:
    import docker
    from docker.errors import DockerException

    from hubkit import stack

    tries = 0
    while True:
        try:
            docker.APIClient(base_url=stack.WARDEN, version="auto", timeout=10).ping()
        except DockerException as error:
            if tries % SAY_EVERY == 0:
                print(f"hubkit: waiting for the Docker engine: {error}", flush=True)
        except PermissionError as error:
            raise HubkitError(f"cannot read {error.filename}: run 'docker compose up -d'") from None
        else:
            return
        tries += 1
        time.sleep(BETWEEN_TRIES)
