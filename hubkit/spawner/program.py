"""A program in Jupyter's place, which knows no sign-in: an edge of its own stands before it."""

from __future__ import annotations

import asyncio
import functools
import io
import secrets
import tarfile
import threading
from contextlib import suppress
from importlib import resources
from typing import Any

import requests
from docker.errors import DockerException
from traitlets import Unicode

from hubkit import framing, machine, stack
from hubkit.errors import EngineError
from hubkit.settings import Settings
from hubkit.spawner.refusals import Explained
from hubkit.spawner.warm import WarmServer

FOLDER = "/opt/hubkit-program"
SHELL = "/bin/sh"
INSIDE = "127.0.0.1"
USUAL_PAGE = "/lab"  # of DEFAULT_URL; a program's own first page is meant
EDGE, CADDY = "edge", "/usr/bin/caddy"  # the part of the stack that has it
PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"
START = """\
#!{shell}
# Started again behind the hub's back, its ports would be open: the hub starts another.
mkdir {folder}/once/started || exit 1
# The edge and the program end with each other: they are all there is in this container.
(
    export XDG_CONFIG_HOME=/tmp XDG_DATA_HOME=/tmp HTTP_PROXY= HTTPS_PROXY= http_proxy= https_proxy=
    {folder}/caddy run --config {folder}/Caddyfile --adapter caddyfile
    kill -TERM $$
) &
# Placed once nobody else reaches the program's port.
until [ -e {folder}/closed ]; do sleep 0.05; done
exec {shell} -c {command}
"""
LONGER = 10.0  # seconds the mounter has, where a start depends on it
ONE_READS = threading.Lock()  # others wait, instead of each holding all of it
OPEN = "Its ports cannot be closed to other servers, and the program asks for no sign-in"


class ProgramServer(WarmServer):
    """Runs a program in each server, and lets nobody to it whom the hub would not let in."""

    program = Unicode(
        config=True,
        help="""Command of a program, with {port} and perhaps {base_path}; empty: Jupyter.""",
    )
    program_frames = Unicode(
        framing.ancestors(("'self'",)),
        config=True,
        help="""Content-Security-Policy that says whose pages may show the program.""",
    )

    _word = ""  # {token} of the last start

    @property
    def looked_at(self) -> tuple[str, dict[str, str]]:
        """Path and headers of the request by which a start sees that the server answers."""
        base = self.server.base_url if self.server else "/"
        if not self.program:
            return f"{base}api", {}
        return self._first_page(base) or base, {"Authorization": f"token {self.api_token}"}

    def secrets(self) -> set[str]:
        """Return values that nobody may see in a log's last lines."""
        return super().secrets() | ({self._word} if self._word else set())

    def open_ports(self) -> tuple[int, ...]:
        """Return the ports that stay open where others are closed; never the program's."""
        ports: tuple[int, ...] = super().open_ports()
        return tuple(one for one in ports if not self.program or one != machine.PROGRAM_PORT)

    async def docker(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call the engine. Before a program an init ends it at a signal, and ends what it left.

        Raises:
            EngineSilent: The engine took longer than such a call may.
            docker.errors.APIError: It refused.
        """
        if method == "create_container" and self.program:
            kwargs["host_config"] = {"Init": True, **kwargs["host_config"]}
        return await super().docker(method, *args, **kwargs)

    async def _wish(self) -> dict[str, Any] | None:
        # A program must know its path when it begins.
        return None if self.program else await super()._wish()

    async def get_command(self) -> list[str]:
        """Return the words the container is started with.

        Raises:
            Explained: Neither the image nor the configuration names any.
        """
        if self.program:
            return [SHELL, f"{FOLDER}/start"]
        words: list[str] = await super().get_command()
        return words

    async def create_object(self) -> dict[str, Any]:
        """Create the container, and place before the program what asks the hub.

        Raises:
            NotYours: A container of that name is not this server's.
            SpawnException: The user has no certificate the gateway would take.
        """
        created: dict[str, Any] = await super().create_object()
        if self.program:
            await self.docker("put_archive", created["Id"], "/", self._files_of_program())
            caddy = await self.asking("get_archive", caddy_of, self.client, self.project)
            await self.docker("put_archive", created["Id"], FOLDER, caddy)
        return created

    async def start_object(self) -> None:
        """Start the container; nobody else's server may reach its program.

        Raises:
            Explained: The mounter cannot close its ports.
        """
        await super().start_object()
        if not self.program:
            return
        if not self.is_closed:
            with suppress(TimeoutError, DockerException, EngineError, requests.RequestException):
                async with asyncio.timeout(LONGER):
                    await self.runs(await self.docker("inspect_container", self.object_id))
        if not self.is_closed:
            raise Explained(f"{OPEN}. 'make check' says why.", reason="ports")
        await self.docker("put_archive", self.object_id, "/", archive(closed=""))

    def _first_page(self, base: str) -> str:
        """Return the path of DEFAULT_URL, "" for the program's own first page."""
        usual = self.default_url in {USUAL_PAGE, "", "/"}
        return "" if usual else base.rstrip("/") + self.default_url

    def _files_of_program(self) -> bytes:
        base = self.server.base_url if self.server else "/"
        self._word = secrets.token_urlsafe()
        told = {"base_path": base, "port": machine.PROGRAM_PORT, "ip": INSIDE, "token": self._word}
        page, asked_for = self._first_page(base), machine.words_in(self.program)
        sent = f'header_up Authorization "token {self._word}"'
        return archive(
            once=None,
            start=start(self.program.format(**told)),
            Caddyfile=caddyfile(
                port=self.port,
                inner=machine.PROGRAM_PORT,
                base=base,
                gate=f"{stack.HUB_HOST}:{stack.GATE_PORT}",
                frames=self.program_frames,
                first=f"redir {base} {page}" if page else "",
                strip="" if "base_path" in asked_for else f"uri strip_prefix {base.rstrip('/')}",
                told=sent if "token" in asked_for else "",
            ),
        )


def start(command: str) -> str:
    """Return the script that starts the edge and runs *command* as a shell would."""
    quoted = "'" + command.replace("'", "'\"'\"'") + "'"
    return START.format(shell=SHELL, folder=FOLDER, command=quoted)


def caddyfile(**words: object) -> str:
    """Return what the edge in the container is told; *words* stand for the names in it."""
    text = (resources.files("hubkit.spawner") / "program.caddy").read_text()
    for name, value in words.items():
        text = text.replace(f"<{name}>", str(value))
    return text


def archive(**files: str | None) -> bytes:
    """Return a tar archive to be put at "/", with *files* in `FOLDER`.

    None stands for a folder that everybody in the container may write to.
    """
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name, text in {"": None, **files}.items():
            entry = tarfile.TarInfo(f"{FOLDER.strip('/')}/{name}".rstrip("/"))
            content = (text or "").encode()
            entry.mode, entry.size = 0o644, len(content)
            if text is None:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name else 0o755
            tar.addfile(entry, io.BytesIO(content))
    return written.getvalue()


def caddy_of(client: Any, project: str) -> bytes:
    """Return the stack's own Caddy as a tar archive.

    Raises:
        EngineError: The edge is not there.
    """
    labels = [f"{PROJECT}={project}", f"{SERVICE}={EDGE}"]
    found = client.containers(all=True, filters={"label": labels})
    if not found:
        raise EngineError("The edge of this stack is away; 'docker compose up -d' starts it.")
    with ONE_READS:
        return _read(client, found[0]["Id"])


@functools.lru_cache(maxsize=1)
def _read(client: Any, edge: str) -> bytes:
    stream, _ = client.get_archive(edge, CADDY)
    return b"".join(stream)


def configure(c: Any, env: Settings) -> None:
    """Run SERVER_COMMAND in Jupyter's place."""
    c.ProgramServer.program = env.server_command
    # Its own pages, too, which a program may show in frames of its pages.
    c.ProgramServer.program_frames = framing.ancestors(("'self'", *env.frame_ancestors))
