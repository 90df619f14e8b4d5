"""A server that was started ahead: taken from the pool, given its user, found again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import requests
from docker.errors import DockerException
from traitlets import Instance

from hubkit.certs.errors import CertificateUnusable
from hubkit.errors import EngineError, HubkitError
from hubkit.pool import blueprint, handout, members
from hubkit.spawner import homes, labels, removing
from hubkit.spawner.gateway import FOLDER
from hubkit.spawner.readiness import wait_until_ready
from hubkit.spawner.temporary import TemporaryServer
from hubkit.warden.refusals import Reason, Refused

READY = 20.0  # seconds; what is imported already takes a fraction of one
HANDING = 70, "hand-out", "Taking a server that is ready"  # percent, step, sentence
STATE = "handed"
TROUBLE = DockerException, EngineError, requests.RequestException  # with the engine
RESTARTED = "restarted"  # a container's status; the engine has no such word


class WarmServer(TemporaryServer):
    """Takes a container that waits, where there is one that fits."""

    pool = Instance(
        "hubkit.pool.pool.Pool",
        allow_none=True,
        config=True,
        help="""Containers that wait; None: every start is cold.""",
    )

    _handed: handout.Handed | None = None  # kept after a stop, to know what was left behind

    async def start_warm(self) -> tuple[str, int] | None:
        """Return where the server answers, or None if it has to be started cold.

        To be called after `prepare_mounts`. Where it fails nothing is left of it.
        """
        begin = time.monotonic()
        cold = await self._wish()
        member = self.pool.take(blueprint.of(cold).key) if cold else None
        if cold is None or member is None:
            return None
        try:
            with self.pool.starting():
                address = await self._move_in(member, cold)
        except BaseException as error:
            removed = await asyncio.shield(self._move_out(member, error))
            if not removed or not isinstance(error, Exception):
                raise  # two containers must never have the same home
            return None
        self.pool.gone(member.id)
        if self.pool.figures:
            self.pool.figures.handed_out(member.image, time.monotonic() - begin)
        self.log.info("%s got %s, which waited", self._log_name, member.name)
        return address

    async def _wish(self) -> dict[str, Any] | None:
        """Return what a cold start would send to the engine; None if it has to be cold."""
        if self.pool is None or not self.remove or self.pull_policy == "always":
            return None
        if self.pool.unsupported or not self._is_mountable():
            return None
        if choice := self.user_options.get("image"):
            self.image = await self.check_allowed(choice)
        self._kernels_at, self._names, self._files = None, None, {}
        gateway = self.own_gateway()
        try:
            if gateway.url:
                await asyncio.to_thread(self._prepare, gateway)
            if await self.get_object():
                return None  # something was left behind; a cold start deals with it
            wish: dict[str, Any] = await self.blueprint_kwargs()
        except (CertificateUnusable, *TROUBLE):
            return None  # a cold start says so, or pulls the image that is missing
        return wish

    def _is_mountable(self) -> bool:
        """Return whether the mounter will take the home; it asks more than a cold start does."""
        found = self.home_found
        if not found:
            return True  # it will be made
        marks = labels.read(found)
        mine = (marks.get(labels.HUB), marks.get(labels.USER)) == (self.project, self.user.name)
        plain = found["Driver"] == "local" and not found.get("Options")
        return mine and plain and found["Name"] not in self.pool.hopeless

    async def _move_in(self, member: members.Member, cold: Mapping[str, Any]) -> tuple[str, int]:
        percent, step, sentence = HANDING
        self.start_progress.say(step, percent, sentence)
        guest = handout.Guest(
            user=self.user.name,
            name=self.object_name,
            image=self.image,
            mounts=self.mount_binds,
            new_folders=self.filled_folders() if self.server_user else self._new_folders,
            env=cold["environment"],
            limits=blueprint.limits(cold),
            labels=labels.of_filler(self.project),
            folder=FOLDER,
            files=self._files,
            runs_as=self.server_user,
        )
        await handout.hand_out(self, self.pool.mounter, member, guest, self._write_down)
        if member.closed:
            self.are_closed(member.id, member.started)
        if self.post_start_cmd:
            await self.post_start_exec()
        ip, port = await self.get_ip_and_port()
        path = f"{self.server.base_url if self.server else '/'}api"
        limit = min(READY, self.http_timeout)
        await wait_until_ready(ip, port, path, limit=limit, alive=self._ended)
        self._files = {}
        return ip, port

    async def _write_down(self, handed: handout.Handed) -> None:
        if not self.homeless and not homes.recorded(self.user.orm_user):
            homes.record(self.user.orm_user, self.mounts[0]["source"])
        self.object_id, self._handed = handed.id, handed
        self._save()

    async def _move_out(self, member: members.Member, error: BaseException) -> bool:
        """Remove what did not become a server, and forget it; return whether it is gone."""
        why = str(error) if isinstance(error, HubkitError) else repr(error)
        self.log.warning("%s starts cold, %s was no good: %s", self._log_name, member.name, why)
        removed = False
        try:
            await removing.remove(self, member.id)
            removed = True
        except TROUBLE as trouble:
            self.log.warning("%s is removed later: %s", member.name, trouble)
            self.pool.discard(member.id)
        else:
            self.pool.gone(member.id)
        if isinstance(error, Refused) and error.reason == Reason.FAILED:
            self.pool.support(error.message)
        if isinstance(error, Refused) and error.reason in {Reason.NOT_ALLOWED, Reason.TARGET}:
            self.pool.hopeless.update(one["Source"] for one in self.mount_binds[:1])
        if removed and self._handed and self._handed.id == member.id:
            self.object_id, self._handed = "", None
            self._save()
        return removed

    def _save(self) -> None:
        self.orm_spawner.state = self.get_state()
        self.user.db.commit()

    async def get_object(self) -> dict[str, Any] | None:
        """Return this server's container; one from the pool that was restarted has ended.

        Such a one has no home and waits to be told who it is.
        """
        found = await super().get_object()
        if found is None or self._handed is None or found["Id"] != self._handed.id:
            return found
        state = found["State"]
        if not state["Running"] or state["StartedAt"] == self._handed.started:
            return found
        return {**found, "State": {**state, "Running": False, "Status": RESTARTED}}

    def is_ours(self, found: dict[str, Any]) -> bool:
        """Return whether *found*, an answer of the engine, is this server's container."""
        if labels.POOL not in labels.read(found):
            return super().is_ours(found)
        mine = self._handed.id if self._handed else ""
        return labels.is_handed_out(found, self.project, mine)

    def get_state(self) -> dict[str, Any]:
        """Return what the hub's database keeps of this server, its hand-out included."""
        state: dict[str, Any] = super().get_state()
        if self._handed:
            state[STATE] = {"id": self._handed.id, "started": self._handed.started}
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what the hub's database keeps of this server."""
        super().load_state(state)
        kept = state.get(STATE)
        self._handed = handout.Handed(kept["id"], kept["started"]) if kept else None
