"""Pulls with a real engine, from a registry that is as slow as the test wants it."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import AsyncIterator

import docker
import pytest
from aiohttp import web

from hubkit.spawner.pulling import PullFailed, Pulls

pytestmark = pytest.mark.docker

TYPE = "application/vnd.docker.distribution.manifest.v2+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
NAME = "hubkit-test-pulling"


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Registry:
    """Serves one image of one layer on loopback, which the engine speaks plain HTTP with."""

    def __init__(self) -> None:
        with io.BytesIO() as buffer:
            with tarfile.open(fileobj=buffer, mode="w") as tar:
                entry = tarfile.TarInfo("noise")
                entry.size = 3_000_000
                tar.addfile(entry, io.BytesIO(os.urandom(entry.size)))
            plain = buffer.getvalue()
        self.layer = gzip.compress(plain)
        config = {"architecture": "amd64", "os": "linux", "config": {}}
        config["rootfs"] = {"type": "layers", "diff_ids": [digest(plain)]}
        self.config = json.dumps(config).encode()
        kind = "application/vnd.docker.container.image.v1+json"
        described = {"mediaType": kind, "size": len(self.config), "digest": digest(self.config)}
        layer = {"mediaType": LAYER, "size": len(self.layer), "digest": digest(self.layer)}
        manifest = {"schemaVersion": 2, "mediaType": TYPE, "config": described, "layers": [layer]}
        self.manifest = json.dumps(manifest).encode()
        self.go, self.half = asyncio.Event(), asyncio.Event()
        self.blobs = 0

    async def start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/v2/", self._root)
        app.router.add_get(f"/v2/{NAME}/manifests/{{reference}}", self._image)
        app.router.add_get(f"/v2/{NAME}/blobs/{{digest}}", self._blob)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.image = f"127.0.0.1:{runner.addresses[0][1]}/{NAME}"
        return runner

    async def _root(self, _: web.Request) -> web.Response:
        return web.Response()

    async def _image(self, request: web.Request) -> web.Response:
        if request.match_info["reference"] not in ("1", digest(self.manifest)):
            error = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}
            return web.json_response(error, status=404)
        headers = {"Content-Type": TYPE, "Docker-Content-Digest": digest(self.manifest)}
        return web.Response(body=self.manifest, headers=headers)

    async def _blob(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["digest"] == digest(self.config):
            return web.Response(body=self.config)
        self.blobs += 1
        answer = web.StreamResponse(headers={"Content-Length": str(len(self.layer))})
        await answer.prepare(request)
        await answer.write(self.layer[:1_500_000])
        self.half.set()
        await self.go.wait()
        await answer.write(self.layer[1_500_000:])
        return answer


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    made = Registry()
    runner = await made.start()
    yield made
    made.go.set()
    await runner.cleanup()


@pytest.fixture
async def client(registry: Registry) -> AsyncIterator[docker.APIClient]:
    made = docker.APIClient()
    yield made
    for image in made.images(f"{registry.image}"):
        made.remove_image(image["Id"], force=True)
    made.close()


async def test_by_tag(registry: Registry, client: docker.APIClient) -> None:
    """Two who wait for an image are told of the same pull, and then have the image."""
    pulls, told, half = Pulls(), [], asyncio.Event()

    def tell(percent: int, sentence: str) -> None:
        told.append((percent, sentence))
        if " MB" in sentence:
            half.set()

    image = f"{registry.image}:1"
    both = asyncio.gather(*(pulls.pull(client, image, tell) for _ in range(2)))
    await asyncio.wait_for(half.wait(), 30)
    registry.go.set()
    await both

    assert (100, f"pulling {image}: 3 of 3 MB, 1 of 1 layers") in told
    assert [percent for percent, _ in told] == sorted(percent for percent, _ in told)
    assert registry.blobs == 1
    assert client.inspect_image(image)


async def test_by_digest(registry: Registry, client: docker.APIClient) -> None:
    """An image may be given by what it contains, with a tag for the reader."""
    registry.go.set()
    pinned = f"{registry.image}@{digest(registry.manifest)}"

    await Pulls().pull(client, pinned.replace("@", ":1@"), lambda *_: None)

    assert client.inspect_image(pinned)


async def test_not_found(registry: Registry, client: docker.APIClient) -> None:
    """A tag the registry does not have is named in one sentence."""
    with pytest.raises(PullFailed) as failed:
        await Pulls().pull(client, f"{registry.image}:2", lambda *_: None)

    expected = f"image {registry.image}:2 cannot be pulled: it was not found in its registry"
    assert str(failed.value) == expected


async def test_no_registry(client: docker.APIClient) -> None:
    """A registry that is not there is told from an image that is not there."""
    with pytest.raises(PullFailed, match=r"its registry cannot be reached .*refused"):
        await Pulls().pull(client, "127.0.0.1:1/lab:1", lambda *_: None)


async def test_begun_again(registry: Registry, client: docker.APIClient) -> None:
    """A pull for which nobody waited any more can be begun again."""
    pulls = Pulls()
    pull = asyncio.ensure_future(pulls.pull(client, f"{registry.image}:1", lambda *_: None))
    await asyncio.wait_for(registry.half.wait(), 30)
    pull.cancel()
    await asyncio.wait({pull})

    registry.go.set()
    await pulls.pull(client, f"{registry.image}:1", lambda *_: None)

    assert client.inspect_image(f"{registry.image}:1")


async def test_stalled(registry: Registry, client: docker.APIClient) -> None:
    """A pull whose bytes stop coming fails; once they come, the next one does not."""
    pulls = Pulls(stall=1)
    with pytest.raises(PullFailed, match="nothing has come from its registry for 1 s"):
        await pulls.pull(client, f"{registry.image}:1", lambda *_: None)

    registry.go.set()
    await pulls.pull(client, f"{registry.image}:1", lambda *_: None)

    assert client.inspect_image(f"{registry.image}:1")
