"""What an engine says of a container and a volume, and children that do no work."""

from __future__ import annotations

import asyncio
import json

import pytest

from hubkit.values import Mount
from hubkit.warden.refusals import Refused

ID, OTHER = "4f" * 32, "5e" * 32
HOME = Mount("lab-user-ada", "/home/jovyan/work")
ROOT = "/var/lib/docker"
RUNNING = {"Running": True, "Paused": False, "Pid": 77}
MEMBER = {
    "Config": {"Labels": {"hubkit.hub": "lab", "hubkit.pool": "image"}},
    "State": RUNNING,
    "HostConfig": {"NetworkMode": "lab-network"},
}
VOLUME = {
    "Labels": {"hubkit.hub": "lab", "hubkit.user": "ada"},
    "Driver": "local",
    "Options": None,
    "Mountpoint": f"{ROOT}/volumes/lab-user-ada/_data",
}


class Children:
    """Remembers the jobs, and does none."""

    def __init__(self):
        self.jobs, self.error, self.go = [], None, asyncio.Event()
        self.go.set()

    async def do(self, job):
        self.jobs.append(json.loads(job))
        await self.go.wait()
        if self.error:
            raise self.error

    def close(self):
        """There is nothing to end."""


async def refusal(hub, *mounts, container=ID):
    with pytest.raises(Refused) as caught:
        await hub.mount(container, "ada", mounts or (HOME,), "told")
    return caught.value
