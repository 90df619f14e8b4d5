"""DockerSpawner with calls that never wait for another user's, and a poll that knows its limits."""

from __future__ import annotations

import threading
from typing import Any

import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from dockerspawner import DockerSpawner

from hubkit.errors import EngineError
from hubkit.spawner.calls import Calls, limit_of
from hubkit.spawner.progress import Progress
from hubkit.spawner.pulling import Pulls
from hubkit.spawner.refusals import Explained

SERVER_TROUBLE = 500  # from here on an HTTP status says nothing about the container
NOT_IMPLEMENTED = 501  # but this one, which is for ever
PULLING = (5, 60)  # percent of a start, from and to
ONE_CLIENT = threading.Lock()


def is_silence(error: Exception) -> bool:
    """Return whether *error* leaves open what the engine did, or what there is."""
    if isinstance(error, APIError):
        status = error.status_code
        return bool(status is None or (status >= SERVER_TROUBLE and status != NOT_IMPLEMENTED))
    # docker-py raises its errors' base class itself where it cannot ask for the version.
    return isinstance(error, EngineError | requests.RequestException) or (
        type(error) is DockerException
    )


class ParallelEngine(DockerSpawner):
    """Asks the engine in threads: in order for one container, beside each other for all.

    DockerSpawner has one thread for everybody, so that one pull or one container that does
    not stop holds up all starts, stops and looks.
    """

    calls = Calls()
    pulls = Pulls()

    _progress: Progress | None = None
    _image: dict[str, Any] | None = None  # the engine's answer about the image of this start

    @property
    def client(self) -> Any:
        """The connection to the engine, one for all servers."""
        with ONE_CLIENT:
            return super().client

    @property
    def start_progress(self) -> Progress:
        """What the start of this server says about itself."""
        if self._progress is None:
            self._progress = Progress()
        return self._progress

    async def progress(self) -> Any:
        """Yield JupyterHub's progress events."""
        async for event in self.start_progress.events():
            yield event

    async def docker(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call *method* of `docker.APIClient`.

        Raises:
            EngineSilent: The engine took longer than such a call may.
            docker.errors.APIError: It refused.
        """
        return await self.asking(method, self._docker, method, *args, **kwargs)

    async def asking(self, method: str, call: Any, *args: Any, **kwargs: Any) -> Any:
        """Run *call* in a thread, with the time limit of the engine's *method*."""
        return await self.calls.run(self.object_name, call, *args, limit=limit_of(method), **kwargs)

    async def pull_image(self, image: str) -> None:
        """Make sure that *image* is there, by the rules of `pull_policy`.

        Raises:
            PullFailed: No registry gave it.
            docker.errors.ImageNotFound: It is not there and must not be pulled.
        """
        if self.pull_policy == "always":
            await self._pull(image)
        try:
            self._image = await self.docker("inspect_image", image)
        except ImageNotFound:
            if self.pull_policy in {"never", "skip"}:
                raise
            await self._pull(image)
            self._image = await self.docker("inspect_image", image)

    async def _pull(self, image: str) -> None:
        low, high = PULLING

        def tell(percent: float, sentence: str) -> None:
            share = int(low + (high - low) * percent / 100)
            self.start_progress.say("pull", share, sentence)

        self.log.info("Pulling %r for %s", image, self._log_name)
        await self.pulls.pull(self.client, image, tell)

    async def get_command(self) -> list[str]:
        """Return the words the container is started with.

        Raises:
            Explained: Neither the image nor the configuration names any.
        """
        image = self._image or await self.docker("inspect_image", self.image)
        words = self.cmd or image["Config"].get("Cmd") or []
        if not words:
            raise Explained(f"The image {self.image} names no command to start.", reason="image")
        return [*words, *self.get_args()]

    async def find(self) -> dict[str, Any] | None:
        """Return the container of this server: by its id, else by its name, whosever it is.

        The id comes first because containers can be renamed behind the hub's back.
        """
        for name in filter(None, (self.object_id, self.object_name)):
            try:
                found: dict[str, Any] = await self.docker("inspect_container", name)
            except NotFound:
                continue
            return found
        return None
