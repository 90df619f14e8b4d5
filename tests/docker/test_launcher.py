"""The launcher in real images: the kit's own, and one that knows nothing of the kit."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from tests import launched
from tests.launched import Server
from tests.support import close_connections, run, until

pytestmark = pytest.mark.docker
KIT = "hubkit-notebook:test"
PLAIN = "kittest-launched-plain"
# Older, without tini, started by a script that finds the server by its name.
DOCKERFILE = r"""
FROM hubkit-base
RUN --mount=type=secret,id=ca_bundle \
    if [ -s /run/secrets/ca_bundle ]; then export PIP_CERT=/run/secrets/ca_bundle; fi \
    && python3 -m venv /opt/plain \
    && /opt/plain/bin/pip install --no-cache-dir jupyterhub==5.3.0 jupyter-server==2.14.2 \
        jupyter-server-terminals==0.5.3 ipykernel==6.29.5 \
    && useradd --create-home somebody
ENV PATH=/opt/plain/bin:$PATH HOME=/home/somebody
RUN printf '#!/bin/bash\nexec jupyterhub-singleuser "$@"\n' >/start.sh && chmod 755 /start.sh
USER somebody
WORKDIR /home/somebody
EXPOSE 8888
CMD ["/start.sh"]
"""
# Whose maker has thought of it.
AT_ONCE = "kittest-launched-at-once"
EXTENSION = r"""
from tornado.iostream import IOStream
def _jupyter_server_extension_points(): return [{"module": "at_once"}]
def _load_jupyter_server_extension(app):
    real = IOStream.set_nodelay
    IOStream.set_nodelay = lambda stream, value: real(stream, True)
    app.log.info("at once, says the image")
"""
AT_ONCE_FILE = rf"""
FROM {KIT}
USER root
RUN cd "$(python -c 'import site; print(site.getsitepackages()[0])')" \
    && echo {base64.b64encode(EXTENSION.encode()).decode()} | base64 -d >at_once.py \
    && folder=$(python -c 'import sys; print(sys.prefix)')/etc/jupyter/jupyter_server_config.d \
    && cd "$folder" \
    && echo '{{"ServerApp": {{"jpserver_extensions": {{"at_once": true}}}}}}' >at_once.json
USER jovyan
"""
# What differs from start to start, and what is the terminal's own.
OWN = {"HOSTNAME", "JPY_PARENT_PID", "JPY_SESSION_NAME", "JUPYTERHUB_API_URL"}
OWN |= {"JUPYTERHUB_ACTIVITY_URL"}
DUMP = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture(scope="module")
def plain() -> Iterator[str]:
    yield launched.build(PLAIN, DOCKERFILE)
    run("docker", "image", "rm", PLAIN, check=False)


@pytest.fixture(scope="module")
def at_once() -> Iterator[str]:
    yield launched.build(AT_ONCE, AT_ONCE_FILE)
    run("docker", "image", "rm", AT_ONCE, check=False)


@pytest.fixture(params=["kit", "plain"])
def image(request: pytest.FixtureRequest) -> str:
    return KIT if request.param == "kit" else request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    with launched.hub() as address:
        yield address


@pytest.fixture
def servers(api: str) -> Iterator[list[Server]]:
    """Servers of a test, removed at its end."""
    made: list[Server] = []
    yield made
    close_connections()
    for server in made:
        server.remove()


def up(servers: list[Server], image: str, api: str, *options: str, launcher: bool = True) -> Server:
    server = Server(image, api, *options, launcher=launcher)
    servers.append(server)
    return server.create(**server.identity).start()


def environment(server: Server) -> dict[str, str]:
    printed = server.kernel().printed(DUMP)
    return {name: value for name, value in json.loads(printed).items() if name not in OWN}


def imported(server: Server) -> set[str]:
    return {line.rpartition("|")[2].strip() for line in server.log().splitlines()}


@pytest.mark.thorough
def test_the_environment_is_as_without_the_launcher(servers: list[Server], image: str, api: str):
    """A kernel and a terminal see what they always saw, in the same order of PATH."""
    with_it, without = up(servers, image, api), up(servers, image, api, launcher=False)

    assert environment(with_it) == environment(without)
    assert "hubkit: TCP_NODELAY" in with_it.log()
    assert "hubkit" not in without.log()
    assert "hubkit" not in with_it.typed("env; echo do''ne", "done")


@pytest.mark.thorough
def test_what_is_put_off_is_there_for_kernels(servers: list[Server], api: str):
    """The server imports neither the grammars of IRIs nor the hub's database."""
    with_it = up(servers, KIT, api, "--env=PYTHONPROFILEIMPORTTIME=1")
    without = up(servers, KIT, api, "--env=PYTHONPROFILEIMPORTTIME=1", launcher=False)
    costly = ("rfc3987_syntax", "sqlalchemy", "alembic", "requests")

    assert imported(without).issuperset(costly)
    assert imported(with_it).isdisjoint(costly)
    found = with_it.kernel().run("import rfc3987_syntax as s; s.is_valid_syntax('iri', 'a:b')")
    assert found == "True"


@pytest.mark.parametrize("image", ["kit", "plain", "at_once"], indirect=True)
def test_each_websocket_sends_at_once(servers: list[Server], image: str, api: str):
    """Those of an image that does so itself, too."""
    server = up(servers, image, api)
    assert ("at once, says the image" in server.log()) == (image == AT_ONCE)
    kernel, terminal = server.kernel(), server.terminal()

    assert kernel.run("1 + 1") == "2"
    assert terminal.connected
    found = server.nodelay()
    assert len(found) >= 2
    assert set(found) == {1}


def test_without_the_launcher_they_do_not(servers: list[Server], api: str):
    """The probe above can tell."""
    server = up(servers, KIT, api, launcher=False)
    assert server.kernel().run("1 + 1") == "2"

    assert 0 in server.nodelay()


def test_a_kernel_beyond_the_memory_limit_says_so_in_its_cell(servers: list[Server], api: str):
    server = up(servers, KIT, api, "--memory=300m", "--memory-swap=300m")
    kernel = server.kernel()
    assert kernel.run("1") == "1"

    first = kernel.send("a = [b'x' * 2**24 for _ in range(64)]")
    second = kernel.send("2")

    failed = [one["content"] for one in kernel.answers(first) if one["msg_type"] == "error"]
    assert [one["ename"] for one in failed] == ["MemoryLimit"]
    assert "this server's memory limit of 300 MB was used up" in failed[0]["evalue"]
    reply = [one for one in kernel.answers(second) if one["msg_type"] == "execute_reply"]
    assert [one["content"]["status"] for one in reply] == ["aborted"]
    until(lambda: kernel.run("3") == "3", 30, "the new kernel answers")


def test_a_kernel_that_dies_of_something_else_does_not_say_so(servers: list[Server], api: str):
    server = up(servers, KIT, api)
    kernel = server.kernel()

    kernel.send("import os; os.kill(os.getpid(), 9)")

    said = kernel.until_restarted()
    assert not [one for one in said if one["msg_type"] == "error"]
