"""A program in Jupyter's place: what is placed before it, and that nobody gets past that."""

from __future__ import annotations

import io
import shlex
import subprocess
import tarfile

import pytest
from jupyterhub import orm
from traitlets.config import Config

from hubkit import machine
from hubkit.errors import EngineError
from hubkit.services import gate
from hubkit.settings import Settings
from hubkit.spawner import program
from hubkit.spawner.refusals import Explained, StartFailed
from hubkit.warden.client import MounterClient

COMMAND = "app --port={port} --at={base_path} --on={ip} 'a {token}'"
EDGES = "/containers/json"
STARTABLE = {"image": "lab:1", "network_name": "users", "notebook_dir": "/home/jovyan/work"}
HOME, BY_ID = "jupyterhub-user-ada", "/containers/4f9a/json"
MINE = {"hubkit.hub": "jupyterhub", "hubkit.user": "ada", "hubkit.server": ""}


class Mounter(MounterClient):
    """Closes ports, or does not."""

    def __init__(self):
        self.error = None

    async def close(self, container, ports):
        if self.error:
            raise self.error


@pytest.fixture
def ada(spawner, startable):
    """Return a spawner of a program, on an engine that has an edge with a Caddy."""
    program._read.cache_clear()
    _, container = startable.answers["GET", BY_ID]
    state = {**container["State"], "StartedAt": "1"}
    config = {"User": "", "Labels": MINE, "Image": "lab:1", "Cmd": ["serve"], "Tty": True}
    container |= {"Mounts": [{"Name": HOME}], "Config": config, "State": state}
    missing = (404, {"message": "No such thing"})
    startable.answers |= {
        ("GET", f"/volumes/{HOME}"): [missing, (200, {"Name": HOME, "Labels": MINE})],
        ("GET", BY_ID): (200, container),
        ("GET", "/containers/jupyter-ada/json"): [missing, (200, container)],
        ("GET", EDGES): (200, [{"Id": "ed9e"}]),
        ("GET", "/containers/ed9e/archive"): (200, b"caddy's tar"),
        ("GET", "/containers/4f9a/logs"): (200, b""),
        ("DELETE", "/containers/4f9a"): (204, b""),
    }
    startable.headers["X-Docker-Container-Path-Stat"] = "e30="
    made = spawner(**STARTABLE, tuning=False, program=COMMAND)
    made.orm_spawner.server = orm.Server(
        base_url="/user/ada/", proto="http", ip="", port=1, cookie_name=""
    )
    made.closer = Mounter()
    return made


def placed(engine):
    """Return the files put into the container, by name, and what came after them."""
    first, *rest = [sent for method, _, sent in engine.asked if method == "PUT"]
    with tarfile.open(fileobj=io.BytesIO(first)) as tar:
        files = {one.name: tar.extractfile(one) for one in tar if one.isfile()}
        return {name: file.read().decode() for name, file in files.items()}, rest


async def test_start(ada, startable):
    """The edge and its files are placed; the container runs the script that starts both."""
    await ada.start()

    made = startable.body("POST", "/containers/create")
    assert made["Cmd"] == ["/bin/sh", f"{program.FOLDER}/start"]
    files, rest = placed(startable)
    base = program.FOLDER.strip("/")
    assert set(files) == {f"{base}/start", f"{base}/Caddyfile"}
    assert rest[0] == b"caddy's tar"
    with tarfile.open(fileobj=io.BytesIO(rest[1])) as tar:
        assert f"{base}/closed" in tar.getnames()
    order = [(method, path) for method, path, _ in startable.asked if method in {"PUT", "POST"}]
    assert order[-2:] == [("POST", "/containers/4f9a/start"), ("PUT", "/containers/4f9a/archive")]
    assert made["HostConfig"]["Init"] is True
    word = files[f"{base}/Caddyfile"].partition('Authorization "token ')[2].partition('"')[0]
    assert len(word) > 30
    last = shlex.split(files[f"{base}/start"].splitlines()[-1])
    assert last[:2] == ["/bin/sh", "-c"]
    trap, _, command = last[2].partition("; ")
    assert trap == "trap 'exit 143' TERM"
    assert command == f"app --port=8889 --at=/user/ada/ --on=127.0.0.1 'a {word}'"
    assert word not in str(made)
    assert word in ada.secrets()


async def test_it_is_looked_at_with_a_right_to_it(ada):
    """Without, the answer would be the edge's, which is there before the program."""
    path, headers = ada.looked_at

    assert path == "/user/ada/"
    assert headers == {"Authorization": f"token {ada.api_token}"}
    ada.program = ""
    assert ada.looked_at == ("/user/ada/api", {})


@pytest.mark.parametrize("wrong", ["closer", "further_ports", "refused"])
async def test_ports_that_stay_open(ada, wrong):
    """Where others' servers would reach the program, it is not started."""
    if wrong == "refused":
        ada.closer.error = EngineError("away")
    else:
        setattr(ada, wrong, None)

    with pytest.raises((Explained, StartFailed), match="ports cannot be closed"):
        await ada.start()


async def test_what_has_ended_says_why_itself(ada, startable):
    """It has no ports any more; they are not what went wrong."""
    status, container = startable.answers["GET", BY_ID]
    ended = {"Running": False, "Status": "exited", "ExitCode": 127, "Error": "", "StartedAt": "1"}
    ended["FinishedAt"] = "2"
    startable.answers["GET", BY_ID] = (status, {**container, "State": ended})
    startable.answers["GET", "/containers/4f9a/logs"] = (200, b"start: 9: /x/caddy: not found")

    await ada.start()  # the tests' look for an answer finds one

    assert ada._begun == ""


async def test_a_hub_that_was_killed_in_between(ada, startable):
    """The next one closes the ports, and lets the program begin."""
    await ada.start()
    again = len([one for one in startable.asked if one[0] == "PUT"])
    ada._settled, ada._begun = None, ""

    for _ in range(2):
        await ada.poll()

    put = [path for method, path, _ in startable.asked if method == "PUT"]
    assert put[again:] == ["/containers/4f9a/archive"]


async def test_its_word_is_known_after_a_restart(ada):
    """So that it is hidden in a log's last lines then, too."""
    await ada.start()
    state = ada.get_state()
    ada._word = ""

    ada.load_state(state)

    assert state["program"] in ada.secrets()


async def test_no_edge(ada, startable):
    """The start fails with the cure."""
    startable.answers["GET", EDGES] = (200, [])

    with pytest.raises(StartFailed, match="docker compose up -d"):
        await ada.start()


async def test_nobody_gets_one_that_waits(ada):
    assert await ada._wish() is None


def test_what_the_edge_says_of_the_server():
    """By the names the service reads, out of the environment JupyterHub gives to a server."""
    text = program.caddyfile(gate="x")

    for header in (gate.TOKEN, gate.CLIENT, gate.CALLBACK, gate.PREFIX, gate.SCOPES):
        assert f"header_up {header} {{env.JUPYTERHUB_" in text


async def test_the_programs_port_is_never_open(ada):
    """Whatever is to be open besides."""
    ada.further_ports = [8786, machine.PROGRAM_PORT]

    assert ada.open_ports() == (8888, 8786)


@pytest.mark.parametrize(
    ("command", "stripped"), [("app {port} {base_path}", False), ("app {port} {{base_path}}", True)]
)
async def test_a_program_that_knows_no_path(ada, startable, command, stripped):
    """It is asked for what stands behind its server's path."""
    ada.program = command

    await ada.start()

    files, _ = placed(startable)
    text = files[f"{program.FOLDER.strip('/')}/Caddyfile"]
    assert ("uri strip_prefix /user/ada\n" in text) == stripped
    assert ("header_down Location ^/([^/]|$) /user/ada/$1\n" in text) == stripped
    assert "Authorization" not in text


@pytest.mark.parametrize("page", ["/lab", "/", "/app/x"])
async def test_first_page(ada, startable, page):
    """DEFAULT_URL, unless it is Jupyter's."""
    ada.default_url = page

    await ada.start()

    files, _ = placed(startable)
    text = files[f"{program.FOLDER.strip('/')}/Caddyfile"]
    first = [line.strip() for line in text.splitlines() if "redir /user/ada/ " in line]
    assert first == (["redir /user/ada/ /user/ada/app/x"] if page == "/app/x" else [])
    assert "<" not in text.partition("(who)")[2]
    assert ada.looked_at[0] == "/user/ada/" + ("app/x" if page == "/app/x" else "")


def test_quoting():
    """The command is the shell's own, whatever it has in it."""
    script = program.start("""printf '%s\\n' "it's" 'a "b"' $((1 + 1))""")
    kept = script.splitlines()[-1]

    done = subprocess.run(["/bin/sh", "-c", kept], capture_output=True, text=True, check=True)

    assert done.stdout == """it's\na "b"\n2\n"""


def test_configure():
    """Without SERVER_COMMAND nothing is set."""
    c = Config()
    program.configure(c, Settings.from_env({}))
    assert not c.ProgramServer.program
    told = {"SERVER_COMMAND": "app {port}", "FRAME_ANCESTORS": "https://a.org"}
    program.configure(c, Settings.from_env(told))

    assert c.ProgramServer.program == "app {port}"
    assert c.ProgramServer.program_frames == "frame-ancestors 'self' https://a.org"
