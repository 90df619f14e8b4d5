"""A program in Jupyter's place, which knows no sign-in: an edge of its own stands before it."""

from __future__ import annotations

import functools
import io
import secrets
import tarfile
from importlib import resources
from typing import Any

from traitlets import Unicode

from hubkit import framing, stack
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
# The edge ends with the program: both are all there is in this container.
XDG_CONFIG_HOME=/tmp XDG_DATA_HOME=/tmp {folder}/caddy run \\
    --config {folder}/Caddyfile --adapter caddyfile &
exec {shell} -c {command}
"""
OPEN = "Its ports cannot be closed to other servers, and the program asks for no sign-in"


class ProgramServer(WarmServer):
    """Runs a program in each server, and lets nobody to it whom the hub would not let in."""

    program = Unicode(
        config=True,
        help="""Command of a program, with {port} and perhaps {base_path}; empty: Jupyter.""",
    )
    program_frames = Unicode(
        framing.ancestors(()),
        config=True,
        help="""Content-Security-Policy that says whose pages may show the program.""",
    )

    @property
    def inner_port(self) -> int:
        """The port the program listens on, which nobody else reaches."""
        return int(self.port) + 1

    @property
    def looked_at(self) -> tuple[str, dict[str, str]]:
        """Path and headers of the request by which a start sees that the server answers."""
        base = self.server.base_url if self.server else "/"
        if not self.program:
            return f"{base}api", {}
        return base, {"Authorization": f"token {self.api_token}"}

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
        if self.program and not self.is_closed:
            raise Explained(f"{OPEN}. 'make check' says why.", reason="ports")

    def _files_of_program(self) -> bytes:
        token, base = secrets.token_urlsafe(), self.server.base_url if self.server else "/"
        command = self.program.format(base_path=base, port=self.inner_port, ip=INSIDE, token=token)
        page = "" if self.default_url in {USUAL_PAGE, "", "/"} else self.default_url
        told = f'header_up Authorization "token {token}"'
        return archive(
            start=start(command),
            Caddyfile=caddyfile(
                port=self.port,
                inner=self.inner_port,
                base=base,
                gate=f"{stack.HUB_HOST}:{stack.GATE_PORT}",
                frames=self.program_frames,
                first=f"redir {base} {base.rstrip('/')}{page}" if page else "",
                told=told if "{token}" in self.program else "",
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


def archive(**files: str) -> bytes:
    """Return a tar archive to be put at "/", with *files* in `FOLDER`."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        folder = tarfile.TarInfo(FOLDER.strip("/"))
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
        for name, text in files.items():
            entry = tarfile.TarInfo(f"{FOLDER.strip('/')}/{name}")
            entry.mode, entry.size = 0o644, len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
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
    return _read(client, found[0]["Id"])


@functools.lru_cache(maxsize=1)
def _read(client: Any, edge: str) -> bytes:
    stream, _ = client.get_archive(edge, CADDY)
    return b"".join(stream)


def configure(c: Any, env: Settings) -> None:
    """Run SERVER_COMMAND in Jupyter's place."""
    if not env.server_command:
        return
    c.ProgramServer.program = env.server_command
    # It knows how to end at a signal, and what to do with children: a program need not.
    c.ProgramServer.extra_host_config = {"init": True}
    c.ProgramServer.program_frames = framing.ancestors(env.frame_ancestors)
