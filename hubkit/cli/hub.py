"""Run the hub (in its container): wait for the Docker engine, then become JupyterHub."""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from hubkit.settings import Settings

CONFIG = Path("/srv/jupyterhub/jupyterhub_config.py")
BETWEEN_TRIES = 1.0  # seconds
SAY_FIRST, SAY_EVERY = 3, 10  # tries; the warden starts beside the hub, often just after it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `hubkit hub`."""
    parser.add_argument("--config", type=Path, default=CONFIG)


def run(options: argparse.Namespace) -> int:
    """Replace this process by JupyterHub's once the engine answers.

    It looks at every server right away.
    """
    env = Settings.from_env()
    _wait_for_engine(env.docker_notebook_image)
    program = Path(sys.executable).with_name("jupyterhub")
    os.execv(program, [str(program), "--config", str(options.config)])  # noqa: S606


def _look_for_image(client: Any, image: str) -> None:
    from docker.errors import ImageNotFound

    try:
        client.inspect_image(image)
    except ImageNotFound:
        print(
            f"hubkit: DOCKER_NOTEBOOK_IMAGE={image} is not on this machine; the first start would "
            "have to pull it. Run 'make notebook_image' before.",
            flush=True,
        )


def _wait_for_engine(image: str) -> None:
    import docker
    from docker.errors import DockerException

    from hubkit import stack

    tries = 0
    while True:
        try:
            with closing(docker.APIClient(stack.WARDEN, version="auto", timeout=10)) as client:
                _look_for_image(client, image)
        except DockerException as error:
            if tries % SAY_EVERY == SAY_FIRST:
                print(f"hubkit: waiting for the Docker engine: {error}", flush=True)
        else:
            return
        tries += 1
        time.sleep(BETWEEN_TRIES)
