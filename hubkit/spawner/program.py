"""A program in Jupyter's place, which knows no sign-in: an edge of its own stands before it."""

from __future__ import annotations

import asyncio
import functools
import secrets
import shlex
import threading
from contextlib import suppress
from importlib import resources
from typing import Any

import jupyterhub
import requests
from docker.errors import DockerException
from traitlets import Unicode

from hubkit import framing, machine, stack
from hubkit.errors import EngineError
from hubkit.settings import Settings
from hubkit.spawner.archives import Entry, packed
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
# A stop signals all that runs here, and waits for the program.
trap 'exit 143' TERM
# The edge and the program end with each other: they are all there is in this container.
(
    export HOME=/tmp XDG_CONFIG_HOME=/tmp XDG_DATA_HOME=/tmp # nothing into the user's home
    export HTTP_PROXY= HTTPS_PROXY= http_proxy= https_proxy=
    {folder}/caddy run --config {folder}/Caddyfile --adapter caddyfile
    kill -TERM 0
) &
# Placed once nobody else reaches the program's port.
until [ -e {folder}/closed ]; do sleep 0.05; done
{shell} -c {command}
"""
STATE = "program"
TROUBLE = TimeoutError, DockerException, EngineError, requests.RequestException
# To a program that does not know its path; where it leads to, the path is put before.
BACK = """header_up X-Forwarded-Prefix {bare}
				header_down Location ^/([^/]|$) {base}$1"""
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
    _begun = ""  # id of the container whose program was told to begin

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

    def get_env(self) -> dict[str, Any]:
        """Return the server's environment; the init before a program signals all that runs."""
        found: dict[str, Any] = super().get_env()
        return found | ({"TINI_KILL_PROCESS_GROUP": "1"} if self.program else {})

    def get_state(self) -> dict[str, Any]:
        """Return what the hub's database keeps of this server, its program's word included."""
        state: dict[str, Any] = super().get_state()
        return state | ({STATE: self._word} if self._word else {})

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what the hub's database keeps of this server."""
        super().load_state(state)
        self._word = state.get(STATE, "")

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
        found = {"State": {"Running": True}}
        with suppress(*TROUBLE):
            async with asyncio.timeout(LONGER):
                found = await self.docker("inspect_container", self.object_id)
                await self.runs(found)
        # What has ended by itself says why when it is waited for.
        if self._begun != self.object_id and found["State"]["Running"]:
            raise Explained(f"{OPEN}. 'make check' says why.", reason="ports")

    async def runs(self, found: dict[str, Any]) -> None:
        """Take note of a running container; let its program begin once its ports are closed.

        Also after a hub that was killed in between.
        """
        await super().runs(found)
        if not (self.program and self.is_closed) or self._begun == found["Id"]:
            return
        with suppress(*TROUBLE):  # the next look tries again
            await self.docker("put_archive", found["Id"], "/", archive(closed=""))
            self._begun = found["Id"]

    def _first_page(self, base: str) -> str:
        """Return the path of DEFAULT_URL, "" for the program's own first page."""
        usual = self.default_url in {USUAL_PAGE, "", "/"}
        return "" if usual else base.rstrip("/") + self.default_url

    def _files_of_program(self) -> bytes:
        base = self.server.base_url if self.server else "/"
        self._word = secrets.token_urlsafe()
        told = {"base_path": base, "port": machine.PROGRAM_PORT, "ip": INSIDE, "token": self._word}
        page, asked_for = self._first_page(base), machine.words_in(self.program)
        knows_path = "base_path" in asked_for
        sent = f'header_up Authorization "token {self._word}"'
        return archive(
            once=None,
            start=start(self.program.format(**told)),
            Caddyfile=caddyfile(
                version=jupyterhub.__version__,
                bare=base.rstrip("/"),
                port=self.port,
                inner=machine.PROGRAM_PORT,
                base=base,
                gate=f"{stack.HUB_HOST}:{stack.GATE_PORT}",
                frames=self.program_frames,
                first=f"redir {base} {page}" if page else "",
                strip="" if knows_path else f"uri strip_prefix {base.rstrip('/')}",
                told=sent if "token" in asked_for else "",
                back="" if knows_path else BACK.format(base=base, bare=base.rstrip("/")),
            ),
        )


def start(command: str) -> str:
    """Return the script that starts the edge and runs *command* as a shell would."""
    trapped = shlex.quote(f"trap 'exit 143' TERM; {command}")
    return START.format(shell=SHELL, folder=FOLDER, command=trapped)


def caddyfile(**words: object) -> str:
    """Return what the edge in the container is told; *words* stand for the names in it."""
    text = (resources.files("hubkit.spawner") / "program.caddy").read_text()
    for name, value in words.items():
        text = text.replace(f"<{name}>", str(value))
    return "".join(line for line in text.splitlines(keepends=True) if line.strip() or line == "\n")


def archive(**files: str | None) -> bytes:
    """Return a tar archive to be put at "/", with *files* in `FOLDER`.

    None stands for a folder that everybody in the container may write to.
    """
    base = FOLDER.strip("/")
    inside = (
        Entry(f"{base}/{name}", 0o1777)
        if text is None
        else Entry(f"{base}/{name}", 0o644, text.encode())
        for name, text in files.items()
    )
    return packed([Entry(base, 0o755), *inside])


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
