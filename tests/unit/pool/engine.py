"""An engine of containers that wait, and a mounter, as a pool sees them."""

from __future__ import annotations

import asyncio
import itertools
import json
import time

from docker.errors import APIError, NotFound
from requests import Response

from hubkit.warden.refusals import Reason, Refused

IMAGE = {"Id": "sha256:1", "Config": {"Env": ["PATH=/bin"], "Volumes": None}}
HOME = {"Type": "volume", "Source": "home-ada", "Target": "/home/jovyan/work", "ReadOnly": False}


def refusal(status):
    """Return the error with which docker-py reports this HTTP status."""
    response = Response()
    response.status_code = status
    kind = NotFound if status == 404 else APIError
    return kind("engine", response)


def cold(**words):
    """Return what a cold start sends, with some of its words changed."""
    host = {"NetworkMode": "users", "Memory": 2**31, "MemorySwap": 2**31, "CpuQuota": 200000}
    host |= {"CpuPeriod": 100000, "PidsLimit": 1024, "CapDrop": ["ALL"], "AutoRemove": False}
    host["Mounts"] = [HOME]
    env = {"PATH": "/opt/hubkit/bin:/bin", "JUPYTERHUB_API_TOKEN": "secret", "JPY_API_TOKEN": "s"}
    env |= {"JUPYTERHUB_USER": "ada", "MEM_LIMIT": str(2**31), "LANG": "C.UTF-8"}
    return {
        "image": "lab:1",
        "name": "jupyter-ada",
        "command": ["jupyterhub-singleuser"],
        "environment": env,
        "ports": {"8888/tcp": None},
        "volumes": [],
        "labels": {"hubkit.hub": "kit", "hubkit.user": "ada", "hubkit.server": ""},
        "host_config": host,
        "inspected": IMAGE,
        **words,
    }


class FakeEngine:
    """Containers that come to wait as soon as they are started.

    Attributes:
        containers: Id → what is known of it.
        asked: Methods, in the order in which they were called.
        refuses: Method → error it raises, once for each in the list.
        log: What every container says once it runs.
        slow: An event without which no container is created.
    """

    client = "the client"

    def __init__(self):
        self.containers, self.asked, self.refuses = {}, [], {}
        self.log, self.slow, self.most = b"hubkit: waiting\n", None, 0
        self._numbers = itertools.count(1)

    async def docker(self, method, *args, **kwargs):
        self.asked.append(method)
        await asyncio.sleep(0)
        if self.refuses.get(method):
            raise self.refuses[method].pop(0)
        return await getattr(self, f"_{method}")(*args, **kwargs)

    async def asking(self, method, call, *args):
        self.asked.append(call.__name__)
        await asyncio.sleep(0)
        if self.refuses.get(call.__name__):
            raise self.refuses[call.__name__].pop(0)

    def add(self, name, labels, **state):
        """Let there be a container, and return its id."""
        number = next(self._numbers)
        state = {"Running": True, "StartedAt": f"t{number}", "Paused": False, **state}
        state |= {"ExitCode": 0, "FinishedAt": "never", "Status": "any"}
        self.containers[f"id{number}"] = {
            "Id": f"id{number}",
            "Name": f"/{name}",
            "RestartCount": 0,
            "State": state,
            "Config": {"Labels": labels, "Image": "lab:1", "Cmd": ["serve"]},
            "HostConfig": {"CpuShares": 128},
            "NetworkSettings": {"Networks": {"users": {"IPAddress": f"172.18.0.{number}"}}},
        }
        self.most = max(self.most, len(self.containers))
        return f"id{number}"

    @property
    def names(self):
        return sorted(one["Name"][1:] for one in self.containers.values())

    def restart(self, identity):
        self.containers[identity]["State"]["StartedAt"] += " again"

    def _known(self, name):
        for identity, found in self.containers.items():
            if name in (identity, found["Name"][1:]):
                return found
        raise refusal(404)

    async def _create_container(self, **words):
        if self.slow:
            await self.slow.wait()
        return {"Id": self.add(words["name"], words["labels"], Running=False)}

    async def _put_archive(self, identity, path, data):
        self._known(identity)

    async def _start(self, identity):
        self._known(identity)["State"]["Running"] = True

    async def _logs(self, identity, tail):
        self._known(identity)
        return self.log

    async def _inspect_container(self, identity):
        return json.loads(json.dumps(self._known(identity)))

    async def _update_container(self, identity, **limits):
        self._known(identity)["HostConfig"] = {"CpuShares": limits["cpu_shares"]}
        self._known(identity)["Limits"] = limits

    async def _rename(self, identity, name):
        if name in self.names:
            raise refusal(409)
        self._known(identity)["Name"] = f"/{name}"

    async def _stop(self, identity):
        self._known(identity)["State"]["Running"] = False

    async def _remove_container(self, identity, v, force):
        del self.containers[self._known(identity)["Id"]]

    async def _containers(self, filters, all=False):  # noqa: A002 (docker-py's word)
        wanted = filters["label"] if isinstance(filters["label"], list) else [filters["label"]]
        return [
            {
                "Id": one["Id"],
                "Names": [one["Name"]],
                "Labels": one["Config"]["Labels"],
                "Created": one.get("Created", int(time.time())),
            }
            for one in self.containers.values()
            if (all or one["State"]["Running"]) and all_of(one["Config"]["Labels"], wanted)
        ]


def all_of(labels, wanted):
    pairs = [one.partition("=") for one in wanted]
    return all(key in labels and (not eq or labels[key] == value) for key, eq, value in pairs)


class FakeMounter:
    """Mounts whatever it is asked for.

    Attributes:
        why: Why it cannot.
        mounted: Id → (user, names of volumes, the line that was told).
        refuses: What it raises, one after the other.
        closed: Id → ports that stay open.
    """

    def __init__(self):
        self.why, self.mounted, self.refuses = "", {}, []
        self.closed = {}

    async def unsupported(self):
        await asyncio.sleep(0)
        return self.why

    async def untouched(self, container):
        return container not in self.mounted

    async def close(self, container, ports):
        if self.why:
            raise Refused(Reason.FAILED, self.why)
        self.closed[container] = tuple(ports)

    async def mount(self, container, user, mounts, told):
        await asyncio.sleep(0)
        if self.why:
            raise Refused(Reason.FAILED, self.why)
        if self.refuses:
            raise self.refuses.pop(0)
        assert container not in self.mounted
        self.mounted[container] = user, [one.source for one in mounts], told


class FakeSource:
    """Images and what their starts need."""

    def __init__(self, *blueprints):
        self.known = {one.image: one for one in blueprints}
        self.images = list(self.known)

    async def blueprint(self, image):
        found = self.known[image]
        if isinstance(found, Exception):
            raise found
        return found
