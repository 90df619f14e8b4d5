"""A hub with a warm pool: its mounter in a container, the containers that wait, its users."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hubkit import names
from hubkit.errors import HubkitError
from hubkit.pool import control
from hubkit.pool.blueprint import WAITING_SHARES
from tests.hubprocess import NOTEBOOK, HubProcess
from tests.mounter import HUB_IMAGE, build_hub_image, mounts_of, start_mounter
from tests.remote import User
from tests.support import run, until

HOME = "/home/jovyan/work"
FILL_SECONDS = 30  # for one container, on a machine that does more than this
# What takes a while in a hub that people use is done at once.
BRISK = """
from hubkit.pool import keeper, pool

keeper.LOOK = keeper.SOON = 0.5
pool.SETTLE = 0.0
c.KitSpawner.poll_interval = 1
"""


@dataclass
class WarmHub(HubProcess):
    """A hub whose servers are started ahead.

    Attributes:
        size: How many wait.
    """

    size: int = 1
    mounter: str = field(default="", init=False)

    @property
    def notebook(self) -> str:
        """The image of its servers, by a name that nobody else builds: that changes the key."""
        return f"hubkit-notebook:{self.project}"

    def begin(self, **settings: str) -> WarmHub:
        """Start the mounter and the hub; return when all that should wait do.

        Args:
            settings: Further ones of .env, for both.
        """
        build_hub_image()
        run("docker", "tag", NOTEBOOK, self.notebook)
        self.site("brisk.py", BRISK)
        self.settings |= {"POOL_SIZE": str(self.size), "MEM_LIMIT": "400M", "CPU_LIMIT": "1.5"}
        self.lay_out()
        own = {"DOCKER_NOTEBOOK_DIR": HOME, **settings}
        self.settings |= own
        self.mounter = start_mounter(self.project, self.path / "run" / "mounter", own)
        self.start()
        self.full()
        return self

    def ask(self, **words: Any) -> dict[str, Any]:
        """Ask the hub's pool, as `hubkit pool` does."""
        return control.ask(self.path / "data" / "pool.socket", **words)

    def view(self) -> dict[str, Any]:
        """Return what `hubkit pool list` says of the servers' image; nothing while it cannot."""
        try:
            answer = self.ask(do="list")
        except HubkitError:  # a hub answers people a little earlier
            return {}
        return {**answer["images"][0], "why": answer["why"]} if answer["images"] else {}

    def waits(self, count: int) -> bool:
        """Return whether just so many wait, and should."""
        found = self.view()
        return bool(found and found["ready"] == found["size"] == count)

    def full(self) -> list[str]:
        """Return the ids of those that wait, once there are enough."""
        seconds = FILL_SECONDS * max(3, self.size)
        until(lambda: self.waits(self.size), seconds, f"{self.size} wait\n{self.log()[-2000:]}")
        return self.members()

    def resize(self, size: int) -> None:
        """Let another number wait; return when they do."""
        self.ask(do="resize", image=self.notebook, size=size)
        until(lambda: self.waits(size), FILL_SECONDS * max(3, size), f"{size} wait")

    @contextlib.contextmanager
    def cold(self) -> Iterator[None]:
        """Let nothing wait within."""
        self.resize(0)
        try:
            yield
        finally:
            self.resize(self.size)

    def containers(self) -> dict[str, str]:
        """Return name → id of all that this hub made, running or not."""
        listed = self.docker(
            *("ps", "-a", "--no-trunc", "--format", "{{.Names}} {{.ID}}"),
            *("--filter", f"label=hubkit.hub={self.project}"),
        )
        return dict(line.split() for line in listed.splitlines())

    def members(self) -> list[str]:
        """Return the ids of all that have a name of the pool."""
        found = self.containers().items()
        return [one for name, one in found if names.is_pool_member(name, self.project)]

    def got(self, user: User) -> str:
        """Return the name of the container that waited for *user*'s last start; "" if cold."""
        found = re.findall(rf"\b{user.name} got (\S+), which waited", self.log())
        return found[-1] if found else ""

    def require_tidy(self, *users: User) -> None:
        """Fail unless servers of *users*, containers that wait, and nothing else are left."""
        what = f"only servers of {[user.name for user in users]}, and what waits"
        until(lambda: self._is_tidy({user.container for user in users}), 60, what)

    def _is_tidy(self, servers: set[str]) -> bool:
        found = self.containers()
        waiting = {one for one in found if names.is_pool_member(one, self.project)}
        return set(found) - waiting == servers and all(map(is_virgin, waiting))

    def empty(self) -> None:
        """Stop all servers, whatever a test has left."""
        if not self.process or self.process.poll() is not None:
            self.start()
        for user in self.api("GET", "/hub/api/users?state=active").json():
            User(self, user["name"]).stop()

    def destroy(self) -> None:
        """Remove all that was made, and nothing else."""
        super().destroy()
        # What the mounter has written belongs to root.
        own = f"{self.path / 'run' / 'mounter'}:/own"
        run("docker", "run", "--rm", "-u0", "-v", own, HUB_IMAGE, "rm", "-f", "/own/socket")
        run("docker", "rm", "-f", self.mounter, check=False)
        run("docker", "image", "rm", self.notebook, check=False)
        own = ("--filter", f"name=^{self.project}-")  # EXTRA_VOLUMES have no label
        for name in run("docker", "volume", "ls", "-q", *own).stdout.split():
            run("docker", "volume", "rm", name, check=False)


def inspect(name: str) -> dict[str, Any]:
    return dict(json.loads(run("docker", "inspect", name).stdout)[0])


def is_virgin(container: str) -> bool:
    """Return whether a container waits, and never had anything of anybody's."""
    shown = run("docker", "inspect", container, check=False)
    if shown.returncode:
        return False  # it is being removed
    [found] = json.loads(shown.stdout)
    if not found["State"]["Running"] or found["HostConfig"]["CpuShares"] != WAITING_SHARES:
        return False
    said = run("docker", "logs", container, check=False).stderr.splitlines()
    waits = said[-1:] == ["hubkit: waiting"] and len(said) == 1
    seen = run("docker", "exec", container, "cat", "/proc/1/mountinfo", check=False)
    return waits and seen.returncode == 0 and f" {HOME} " not in seen.stdout


def home_of(user: User) -> str:
    """Return the volume that is mounted as the home within *user*'s server, "" if none is."""
    root = mounts_of(user.container).get(HOME, [""])[0]
    return root.removesuffix("/_data").rpartition("/")[2]


def volumes(user: User) -> list[str]:
    """Return the volumes that are labelled as *user*'s home."""
    mine = ("--filter", f"label=hubkit.hub={user.lab.project}")
    mine += ("--filter", f"label=hubkit.user={user.name}")
    return str(run("docker", "volume", "ls", "-q", *mine).stdout).split()


def write(user: User, name: str, text: str) -> None:
    """Let *user*'s server write a file into the home."""
    content = {"type": "file", "format": "text", "content": text}
    assert user.ask("PUT", f"contents/{name}", json=content).status_code in (200, 201)


def read(user: User, name: str) -> str:
    """Return a file of the home, as *user*'s server reads it."""
    answer = user.ask("GET", f"contents/{name}")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["content"])
