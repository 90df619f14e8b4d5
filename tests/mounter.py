"""A mounter in a container of its own, and containers of a pool for it to mount into."""

from __future__ import annotations

import asyncio
import functools
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hubkit.values import Mount
from hubkit.warden.client import MounterClient
from hubkit.warden.mounter import CAPABILITIES
from hubkit.warden.refusals import Reason, Refused
from tests.ownengine import OwnEngine
from tests.support import run, until

HUB_IMAGE, IMAGE = "hubkit-hub:mounter-test", "hubkit-member:test"
HOME = "/home/jovyan/work"
TOLD = "whose it is"
VOLUMES = run("docker", "info", "--format", "{{.DockerRootDir}}/volumes").stdout.strip()
MEMBER = """
FROM hubkit-base
RUN useradd --uid 1000 --no-create-home jovyan \\
 && install -d -o jovyan -m 0700 /home/jovyan && install -d -o jovyan -m 0750 /home/jovyan/work \\
 && cd /home/jovyan/work && echo hello > notes && chmod 0604 notes && ln -s notes link \\
 && mkdir -m 2770 sub && chown -h jovyan:users notes link sub \\
 && mkdir -p /srv/data /srv/own /srv/empty && ln -s /srv/empty /srv/link && touch /srv/file
USER jovyan
CMD ["sleep", "infinity"]
"""


def start_mounter(
    project: str,
    run_folder: Path,
    settings: dict[str, str],
    *,
    lacking: str = "",
    pid: str = "host",
    engine: OwnEngine | None = None,
) -> str:
    """Start a mounter as docker-compose.yml does; return the container's name.

    Args:
        project: The hub's.
        run_folder: Where its socket will be.
        settings: Further ones of .env.
        lacking: A capability it is not given.
        pid: Whose processes it sees.
        engine: Where; None for the engine that runs here.
    """
    volumes, socket = VOLUMES, "/var/run/docker.sock"
    if engine:
        volumes, socket = str(engine.path / "data" / "volumes"), str(engine.socket)
        settings = {**settings, "DOCKER_VOLUMES": volumes}
    name = f"{project}-mounter"
    words = ["run", "-d", "--name", name, "--user", "0:0", "--read-only"]
    words += ["--network", "none", "--cap-drop", "ALL", f"--pid={pid}"]
    words += [f"--cap-add={one}" for one in CAPABILITIES if one != lacking]
    for option in ("no-new-privileges:true", "apparmor:unconfined", "label:disable"):
        words += ["--security-opt", option]
    words += ["--mount", f"type=bind,src={volumes},dst={volumes},ro,bind-propagation=rslave"]
    words += ["--volume", f"{socket}:/run/docker.sock"]
    words += ["--volume", f"{run_folder}:/run/hubkit/mounter"]
    for setting in {"COMPOSE_PROJECT_NAME": project, **settings}.items():
        words += ["--env", "=".join(setting)]
    words += [HUB_IMAGE, "python", "-m", "hubkit.warden.mounter"]
    run("docker", *words, env=engine.environment if engine else None)
    return name


@functools.cache
def build_hub_image() -> None:
    """Build the image the mounter runs from."""
    bundle = "id=ca_bundle,src=/etc/ssl/certs/ca-certificates.crt"
    file = "Dockerfile.jupyterhub"
    run("docker", "build", "--tag", HUB_IMAGE, "--file", file, "--secret", bundle, ".", timeout=600)


@dataclass
class Pool:
    """A mounter and what it may mount where; all names begin with the project's."""

    run_folder: Path
    project: str = field(default_factory=lambda: f"kitmount{uuid.uuid4().hex[:6]}")

    def __post_init__(self) -> None:
        self.client = MounterClient(self.run_folder / "socket")
        self._everywhere = ""

    @property
    def extra(self) -> str:
        places = {
            "data": "/srv/data:ro",
            "own-{username}": "/srv/own",
            "shared": f"{HOME}/shared",
            **{name: f"/srv/{name}" for name in ("empty", "link", "none", "file")},
            "behind": "/srv/link/behind",
        }
        return ",".join(f"{self.project}-{name}:{place}" for name, place in places.items())

    def start(self, *, lacking: str = "", pid: str = "host") -> str:
        """Start the mounter, maybe with one capability less, or without seeing processes."""
        settings = {"DOCKER_NOTEBOOK_DIR": HOME, "EXTRA_VOLUMES": self.extra}
        name = start_mounter(self.project, self.run_folder, settings, lacking=lacking, pid=pid)
        until(lambda: "not answer" not in self.unsupported(), 20, "the mounter answers")
        return name

    def unsupported(self) -> str:
        return asyncio.run(self.client.unsupported())

    def member(self, *words: str, command: Sequence[str] = (), **labels: str) -> str:
        """Start a waiting container and return its id."""
        given = {"hubkit.hub": self.project, "hubkit.pool": "image", **labels}
        return self.container(*words, command=command, **given)

    def container(self, *words: str, command: Sequence[str] = (), **labels: str) -> str:
        marks = [f"--label={name}={value}" for name, value in labels.items()]
        marks += [f"--label=kittest={self.project}", "--cap-drop=ALL"]
        return run("docker", "run", "-d", "-i", *marks, *words, IMAGE, *command).stdout.strip()

    def volume(self, name: str, *words: str, **labels: str) -> str:
        """Make a volume and return its whole name."""
        marks = [f"--label={key}={value}" for key, value in labels.items()]
        whole = f"{self.project}-{name}"
        run("docker", "volume", "create", *marks, *words, whole)
        return whole

    def home(self, user: str, *, filled: bool = True) -> Mount:
        """Make the home of a user and return how it is mounted."""
        own = {"hubkit.hub": self.project, "hubkit.user": user}
        name = self.volume(f"user-{user}-{uuid.uuid4().hex[:6]}", **own)
        if filled:
            self.fill(name)
        return Mount(name, HOME)

    def fill(self, name: str) -> None:
        self.within(name, f"chown 1000 . && echo {name} > whose")

    def within(self, name: str, words: str) -> None:
        """Run a shell's words in a volume, as root, in a container that sees all of them."""
        if not self._everywhere:
            words_of_run = ("-d", "-u0", f"-v{VOLUMES}:/volumes", f"--label=kittest={self.project}")
            self._everywhere = run("docker", "run", *words_of_run, IMAGE).stdout.strip()
        sh(self._everywhere, f"cd /volumes/{name}/_data && {words}")

    def extra_mount(self, name: str, target: str, *, read_only: bool = False) -> Mount:
        """Make a further volume of this site and return how it is mounted."""
        whole = self.volume(name)
        self.fill(whole)
        return Mount(whole, target, read_only)

    def mount(self, container: str, *mounts: Mount, user: str = "ada", told: str = "") -> None:
        asyncio.run(self.client.mount(container, user, mounts, told))

    def destroy(self) -> None:
        """Remove everything of this pool, and nothing else."""
        run("docker", "rm", "-f", f"{self.project}-mounter", check=False)
        label = f"label=kittest={self.project}"
        for found in run("docker", "ps", "-aq", "--filter", label).stdout.split():
            run("docker", "rm", "-f", found)
        listed = run("docker", "volume", "ls", "-q", "--filter", f"name=^{self.project}-").stdout
        for name in listed.split():
            run("docker", "volume", "rm", name)


def sh(container: str, words: str, *, check: bool = True) -> Any:
    return run("docker", "exec", container, "sh", "-c", words, check=check)


def heard(container: str) -> str:
    """Return what was told on the standard input, of a container that does not read it."""
    words = "dd if=/proc/1/fd/0 iflag=nonblock status=none"
    return str(sh(container, words, check=False).stdout)


def mounts_of(container: str) -> dict[str, list[str]]:
    """Return target → what the kernel says of the mount, without its numbers."""
    lines = sh(container, "cat /proc/self/mountinfo").stdout.splitlines()
    return {line.split()[4]: [line.split()[3], *line.split()[5:]] for line in lines}


def inspect(name: str) -> dict[str, Any]:
    return json.loads(run("docker", "inspect", name).stdout)[0]


def refused(pool: Pool, container: str, *mounts: Mount, user: str = "ada") -> Reason:
    """Return why it was refused, after making sure that nothing was mounted or told."""
    state = inspect(container)["State"]
    before = mounts_of(container) if state["Running"] and not state["Paused"] else None
    with pytest.raises(Refused) as caught:
        pool.mount(container, *mounts, user=user, told=TOLD)
    if before is not None:
        assert mounts_of(container) == before
        assert TOLD not in heard(container)
    return caught.value.reason


def untouched(pool: Pool, container: str) -> bool | Reason:
    """Return what the mounter says of a container, or why it says nothing."""
    try:
        return asyncio.run(pool.client.untouched(container))
    except Refused as caught:
        return caught.reason
