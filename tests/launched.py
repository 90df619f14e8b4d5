"""A single-user server in a container, with a stand-in for its hub in the test's process."""

from __future__ import annotations

import contextlib
import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import docker
import requests
import websocket

from hubkit.spawner import injection
from tests.support import CONNECTIONS, ROOT, run, until

TOKEN = "of-ada"
PREFIX = "/user/ada/"
SCOPES = ["access:servers!server=ada/"]
IDENTITY = {
    "JUPYTERHUB_ACTIVITY_INTERVAL": "3000",
    "JUPYTERHUB_API_TOKEN": TOKEN,
    "JUPYTERHUB_BASE_URL": "/",
    "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ada",
    "JUPYTERHUB_DISABLE_USER_CONFIG": "1",
    "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps(SCOPES),
    "JUPYTERHUB_OAUTH_CALLBACK_URL": f"{PREFIX}oauth_callback",
    "JUPYTERHUB_OAUTH_SCOPES": json.dumps(SCOPES),
    "JUPYTERHUB_SERVER_NAME": "",
    "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
    "JUPYTERHUB_SERVICE_URL": f"http://0.0.0.0:8888{PREFIX}",
    "JUPYTERHUB_USER": "ada",
}
# Says of each connection to port 8888 whether TCP_NODELAY is set. It asks the sockets
# themselves, through descriptors of its own, not what anybody says about them.
NODELAY = """
import ctypes, json, os, socket
call = ctypes.CDLL(None, use_errno=True).syscall
found = []
for folder in {one for one in os.listdir("/proc") if one.isdigit()} - {str(os.getpid())}:
    process = call(434, int(folder), 0)  # pidfd_open
    for number in os.listdir(f"/proc/{folder}/fd"):
        if not os.readlink(f"/proc/{folder}/fd/{number}").startswith("socket:"):
            continue
        own = call(438, process, int(number), 0)  # pidfd_getfd
        assert own >= 0, os.strerror(ctypes.get_errno())
        with socket.socket(fileno=own) as one:
            internet = one.family in (socket.AF_INET, socket.AF_INET6)
            if not internet or one.getsockname()[1] != 8888:
                continue
            try:
                one.getpeername()
            except OSError:
                continue  # it listens
            found.append(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
print(json.dumps(found))
"""


class _Hub(BaseHTTPRequestHandler):
    """Says who a token belongs to."""

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") in (f"token {TOKEN}", f"Bearer {TOKEN}")
        who = {"kind": "user", "name": "ada", "admin": False, "groups": [], "scopes": SCOPES}
        body = json.dumps(who if known else {"version": "6.1.1"}).encode()
        self.send_response(200)
        self.send_header("X-JupyterHub-Version", "6.1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def hub() -> Iterator[str]:
    """Answer as a hub; yield the address its servers are given."""
    server = ThreadingHTTPServer(("0.0.0.0", 0), _Hub)  # noqa: S104 (containers ask it)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://hub:{server.server_address[1]}/hub/api"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Server:
    """One server in a container of its own."""

    def __init__(self, image: str, api: str, *options: str, launcher: bool = True):
        self.container = f"kittest-launched-{uuid.uuid4().hex[:8]}"
        self.image_env = json.loads(run("docker", "image", "inspect", image).stdout)[0]["Config"]
        self.image_env = self.image_env["Env"]
        self.identity = {**IDENTITY, "JUPYTERHUB_API_URL": api}
        self.identity["JUPYTERHUB_ACTIVITY_URL"] = f"{api}/users/ada/activity"
        self.image, self.options, self.launcher = image, options, launcher
        self.headers = {"Authorization": f"token {TOKEN}"}

    def create(self, **env: str) -> Server:
        added = injection.environment(self.image_env) if self.launcher else {}
        given = [f"--env={name}={value}" for name, value in {**env, **added}.items()]
        run(
            *("docker", "create", "--name", self.container, "--add-host=hub:host-gateway"),
            *("--publish=127.0.0.1::8888", "--cap-add=SYS_PTRACE", *given),
            *(*self.options, self.image),
        )
        if self.launcher:
            with contextlib.closing(docker.APIClient()) as engine:
                assert engine.put_archive(self.container, "/", injection.archive())
        return self

    def start(self) -> Server:
        run("docker", "start", self.container)
        return self.wait()

    def wait(self) -> Server:
        until(self.answers, 60, "the server answers")
        return self

    def answers(self) -> bool:
        state = json.loads(run("docker", "inspect", self.container).stdout)[0]
        assert state["State"]["Running"], self.log()
        host = state["NetworkSettings"]["Ports"]["8888/tcp"][0]["HostPort"]
        self.address = f"127.0.0.1:{host}{PREFIX}"
        with contextlib.suppress(requests.RequestException):
            return self.ask("GET", "api").status_code == 200
        return False

    def ask(self, method: str, path: str, **extra: Any) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            url = f"http://{self.address}{path}"
            return session.request(method, url, headers=self.headers, timeout=60, **extra)

    def log(self) -> str:
        said = run("docker", "logs", self.container)
        return str(said.stdout + said.stderr)

    def inside(self, *words: str, user: str = "0") -> str:
        return str(run("docker", "exec", "--user", user, self.container, *words).stdout)

    def connect(self, path: str) -> websocket.WebSocket:
        headers = [f"{name}: {value}" for name, value in self.headers.items()]
        opened = websocket.create_connection(
            f"ws://{self.address}{path}", header=headers, timeout=60
        )
        CONNECTIONS.append(opened)
        return opened

    def kernel(self) -> Cells:
        made = self.ask("POST", "api/kernels", json={})
        assert made.status_code == 201, made.text
        return Cells(self.connect(f"api/kernels/{made.json()['id']}/channels"))

    def terminal(self) -> websocket.WebSocket:
        made = self.ask("POST", "api/terminals")
        assert made.status_code == 200, made.text
        return self.connect(f"terminals/websocket/{made.json()['name']}")

    def typed(self, line: str, end: str) -> str:
        """Type *line* in a terminal and return what it shows, up to *end* on a line."""
        socket, shown = self.terminal(), ""
        socket.send(json.dumps(["stdin", f"{line}\r"]))
        while end not in shown.splitlines():
            kind, *texts = json.loads(socket.recv())
            shown += texts[0] if kind == "stdout" else ""
        return shown

    def nodelay(self) -> list[int]:
        """Return TCP_NODELAY of each open connection to the server."""
        return list(json.loads(self.inside("python3", "-c", NODELAY)))

    def remove(self) -> None:
        run("docker", "rm", "--force", "--volumes", self.container, check=False)


class Cells:
    """A notebook's connection to its kernel."""

    def __init__(self, socket: websocket.WebSocket):
        self.socket = socket

    def send(self, code: str) -> str:
        identity = uuid.uuid4().hex
        header = {"msg_id": identity, "msg_type": "execute_request", "version": "5.3"}
        header |= {"username": "", "session": identity, "date": "2026-01-01T00:00:00Z"}
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        self.socket.send(json.dumps({**message, "channel": "shell", "buffers": []}))
        return identity

    def answers(self, identity: str) -> list[dict[str, Any]]:
        """Return all that answers *identity*: until the reply and the idle state were there."""
        found: list[dict[str, Any]] = []
        while True:
            answer = json.loads(self.socket.recv())
            if answer["parent_header"].get("msg_id") != identity:
                continue
            found.append(answer)
            replied = any(one["msg_type"] == "execute_reply" for one in found)
            states = [one["content"].get("execution_state") for one in found]
            if replied and "idle" in states:
                return found

    def until_restarted(self) -> list[dict[str, Any]]:
        """Return all that came before the notebook heard of another kernel."""
        found: list[dict[str, Any]] = []
        while not found or found[-1]["content"].get("execution_state") != "restarting":
            found.append(json.loads(self.socket.recv()))
        return found

    def printed(self, code: str) -> str:
        """Return what *code* prints."""
        found = self.answers(self.send(code))
        return "".join(one["content"]["text"] for one in found if one["msg_type"] == "stream")

    def run(self, code: str) -> str:
        """Return what the last line of *code* is."""
        found = self.answers(self.send(code))
        failed = [one["content"] for one in found if one["msg_type"] == "error"]
        assert not failed, failed
        return "".join(
            one["content"]["data"]["text/plain"]
            for one in found
            if one["msg_type"] == "execute_result"
        )


def build(name: str, dockerfile: str) -> str:
    """Build an image from *dockerfile* and return its name."""
    bundle = "id=ca_bundle,src=/etc/ssl/certs/ca-certificates.crt"
    words = (
        "docker",
        "build",
        "--tag",
        name,
        "--secret",
        bundle,
        "--file",
        "-",
        str(ROOT / "site"),
    )
    run(*words, input=dockerfile, timeout=600)
    return name
