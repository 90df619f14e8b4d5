"""docker-py, which the hub calls the engine with, works through the warden."""

from __future__ import annotations

import asyncio
import json

import docker
import pytest
from aiohttp import web
from docker.errors import DockerException

TOKEN = "0123456789abcdef"
VERSION = {"Version": "26.1", "ApiVersion": "1.45", "MinAPIVersion": "1.24"}


@pytest.fixture
def docker_py(warden, tmp_path, monkeypatch):
    """Return a function that calls docker-py, set up by a file as the hub's is."""

    def call(use, token=TOKEN):
        header = {"HttpHeaders": {"Authorization": f"Bearer {token}"}}
        (tmp_path / "config.json").write_text(json.dumps(header))
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        client = docker.APIClient(base_url=f"tcp://{warden}", version="auto", timeout=5)
        try:
            return use(client)
        finally:
            client.close()

    return lambda *words: asyncio.to_thread(call, *words)


async def test_docker_py(engine, docker_py):
    """docker-py works through the warden with the token from its configuration file."""
    assert await docker_py(lambda client: (client.ping(), client.version())) == (True, VERSION)
    assert [path for _, path, *_ in engine.asked] == ["/version", "/v1.45/_ping", "/v1.45/version"]


async def test_docker_py_streams(engine, docker_py):
    """docker-py uploads an archive and reads one back through the warden."""
    whole = bytes(range(256)) * 1000

    async def answer(request):
        stat = {"X-Docker-Container-Path-Stat": "e30="}
        return web.Response(body=whole if request.method == "GET" else b"", headers=stat)

    engine.answers["/containers/c/archive"] = answer

    assert await docker_py(lambda client: client.put_archive("c", "/home", whole))
    assert await docker_py(lambda client: b"".join(client.get_archive("c", "/home")[0])) == whole
    assert engine.asked[1][1:2] + engine.asked[1][3:] == (
        "/v1.45/containers/c/archive?path=%2Fhome",
        whole,
    )


async def test_docker_py_refused(engine, docker_py):
    """With another token docker-py is told who is served."""
    with pytest.raises(DockerException, match="the warden serves the hub only"):
        await docker_py(lambda client: client.ping(), "wrong")

    assert engine.asked == []


async def test_docker_py_without_engine(docker_py):
    """While the engine is away docker-py says what the warden says."""
    with pytest.raises(DockerException, match="is it running on"):
        await docker_py(lambda client: client.ping())
