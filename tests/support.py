"""What the tests of a running stack share: a stack of their own, and a user's session."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
import websocket

ROOT = Path(__file__).parent.parent
PASSWORD = "correct horse 42 staple"
UP_SECONDS = 900


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Return the first true answer of *condition*; fail after *seconds*."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


def run(*words: str, cwd: Path = ROOT, check: bool = True, **extra: Any) -> Any:
    """Run a command without a terminal; a failure shows what it printed."""
    done = subprocess.run(
        words,
        cwd=cwd,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        **extra,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def copy_checkout(target: Path) -> None:
    """Copy what a clone would hold, with changes that are not committed yet."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z").stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


@dataclass
class Stack:
    """One hub of the tests, beside whatever else runs on the engine."""

    path: Path
    project: str
    settings: dict[str, str] = field(default_factory=dict)
    said: str = ""

    @classmethod
    def make(cls, path: Path, **settings: str) -> Stack:
        project = f"kittest{uuid.uuid4().hex[:6]}"
        path.mkdir(exist_ok=True)
        path.chmod(0o755)  # a clone's; pytest's folders are for their owner alone
        copy_checkout(path)
        stack = cls(path, project)
        stack.settings = {
            "COMPOSE_PROJECT_NAME": project,
            "HTTPS_PORT": str(free_port()),
            "HTTP_PORT": str(free_port()),
            "DOCKER_NOTEBOOK_IMAGE": "hubkit-notebook:test",
            **settings,
        }
        stack.write_env()
        # The first is left to the test of the first sign-in.
        (path / "userlist").write_text("first admin\nadmin admin\n")
        return stack

    def write_env(self, **changed: str) -> None:
        self.settings.update(changed)
        text = "".join(f"{name}={value}\n" for name, value in self.settings.items())
        (self.path / ".env").write_text(text)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.settings['HTTPS_PORT']}"

    @property
    def certificate(self) -> Path:
        return self.path / "secrets" / "jupyterhub.crt"

    def make_target(self, target: str, *, check: bool = True, **env: str) -> Any:
        environ = {**os.environ, **env}
        return run("make", target, cwd=self.path, check=check, env=environ, timeout=UP_SECONDS)

    def up(self) -> str:
        self.said = self.make_target("up").stdout
        return self.said

    def apply(self, **changed: str) -> None:
        """Edit .env and do what its first lines say; return when the hub answers."""
        self.write_env(**changed)
        self.compose("up", "-d")
        self.wait()

    def wait(self) -> None:
        until(self.healthy, 60, "hub healthy")

    def healthy(self) -> bool:
        session = requests.Session()
        session.trust_env = False
        try:
            answer = session.get(f"{self.url}/hub/health", verify=str(self.certificate), timeout=5)
        except requests.RequestException:
            return False
        return answer.status_code == 200

    def compose(self, *words: str, check: bool = True) -> Any:
        return run("docker", "compose", *words, cwd=self.path, check=check)

    def inspect(self, name: str) -> dict[str, Any]:
        return json.loads(run("docker", "inspect", name).stdout)[0]

    def containers(self) -> dict[str, str]:
        """Return name → id of the stack's running containers."""
        listed = run(
            "docker",
            "ps",
            "--no-trunc",
            "--filter",
            f"label=com.docker.compose.project={self.project}",
            "--format",
            "{{.Names}} {{.ID}}",
        ).stdout
        return dict(line.split() for line in listed.splitlines())

    def link(self, name: str) -> str:
        """Return a fresh one-time link for *name*."""
        said = self.compose("exec", "-T", "jupyterhub", "hubkit", "users", "invite", name)
        return re.search(r"https://\S+", said.stdout)[0]

    def destroy(self) -> None:
        """Remove everything of this stack, and nothing else."""
        for label in (f"hubkit.hub={self.project}", f"com.docker.compose.project={self.project}"):
            found = run("docker", "ps", "-aq", "--filter", f"label={label}").stdout.split()
            if found:
                run("docker", "rm", "-f", *found, check=False)
        for kind in ("volume", "network"):
            names = run("docker", kind, "ls", "--format", "{{.Name}}").stdout.split()
            mine = [name for name in names if name.startswith(f"{self.project}-")]
            if mine:
                run("docker", kind, "rm", *mine, check=False)
        images = [f"{self.project}-{part}" for part in ("hub", "proxy", "edge")]
        run("docker", "image", "rm", *images, check=False)


class Person:
    """Somebody who uses the hub without a browser, by the same requests."""

    def __init__(self, stack: Stack, name: str):
        self.stack, self.name = stack, name
        self.quoted = quote(name, safe="@")
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = str(stack.certificate)
        self.token = ""

    def _form(self, path: str, **values: str) -> requests.Response:
        self.http.get(f"{self.stack.url}{path}")
        xsrf = self.http.cookies.get("_xsrf", path="/hub/") or ""
        return self.http.post(f"{self.stack.url}{path}", data={"_xsrf": xsrf, **values})

    def accept(self, link: str) -> Person:
        """Set the password by a one-time link."""
        path = link.removeprefix(self.stack.url)
        answer = self._form(path, password=PASSWORD, confirmation=PASSWORD)
        assert answer.status_code == 200, answer.text[:300]
        return self

    def sign_up(self) -> str:
        """Ask for an account; return the page's answer."""
        return self._form(
            "/hub/signup",
            username=self.name,
            signup_password=PASSWORD,
            signup_password_confirmation=PASSWORD,
        ).text

    def sign_in(self, password: str = PASSWORD) -> Person:
        self._form("/hub/login?next=/hub/home", username=self.name, password=password)
        answer = self.http.get(f"{self.stack.url}/hub/home")
        assert answer.url.endswith("/hub/home"), f"{self.name} was not let in: {answer.url}"
        headers = {"X-XSRFToken": self.http.cookies.get("_xsrf", path="/hub/") or ""}
        made = self.http.post(
            f"{self.stack.url}/hub/api/users/{self.quoted}/tokens", headers=headers, json={}
        )
        self.token = made.json()["token"]
        return self

    def api(self, method: str, path: str, **extra: Any) -> requests.Response:
        headers = {"Authorization": f"token {self.token}", **extra.pop("headers", {})}
        url = f"{self.stack.url}{path}"
        return requests.request(
            method, url, headers=headers, verify=str(self.stack.certificate), timeout=60, **extra
        )

    def start(self, server: str = "") -> Person:
        path = f"/hub/api/users/{self.quoted}/server" + (f"s/{server}" if server else "")
        answer = self.api("POST", path)
        assert answer.status_code in (201, 202), answer.text[:300]
        until(lambda: self.server(server).get("ready"), 120, f"server of {self.name} ready")
        return self

    def server(self, server: str = "") -> dict[str, Any]:
        user = self.api("GET", f"/hub/api/users/{self.quoted}").json()
        return user.get("servers", {}).get(server, {})

    def stop(self, server: str = "") -> Person:
        path = f"/hub/api/users/{self.quoted}/server" + (f"s/{server}" if server else "")
        assert self.api("DELETE", path).status_code in (202, 204)
        until(lambda: not self.server(server), 60, f"server of {self.name} stopped")
        return self

    def base(self, server: str = "") -> str:
        return f"/user/{self.quoted}/" + (f"{server}/" if server else "")

    def write(self, path: str, text: str) -> None:
        body = {"type": "file", "format": "text", "content": text}
        answer = self.api("PUT", f"{self.base()}api/contents/{path}", json=body)
        assert answer.status_code in (200, 201), answer.text[:300]

    def read(self, path: str) -> str:
        answer = self.api("GET", f"{self.base()}api/contents/{path}?content=1")
        assert answer.status_code == 200, answer.text[:300]
        return answer.json()["content"]

    def can_read(self, path: str) -> bool:
        """Return whether the server itself answers for *path*, not a page about it."""
        try:
            answer = self.api("GET", f"{self.base()}api/contents/{path}", allow_redirects=False)
        except requests.RequestException:
            return False
        return answer.status_code == 200 and answer.json()["name"] == path

    def kernel(self) -> Kernel:
        answer = self.api("POST", f"{self.base()}api/kernels", json={})
        assert answer.status_code == 201, answer.text[:300]
        return Kernel(self, answer.json()["id"])


class Kernel:
    """An open websocket to one kernel, through edge and proxy."""

    def __init__(self, person: Person, identity: str):
        address = person.stack.url.replace("https://", "wss://")
        self.socket = websocket.create_connection(
            f"{address}{person.base()}api/kernels/{identity}/channels",
            header=[f"Authorization: token {person.token}"],
            sslopt={"ca_certs": str(person.stack.certificate)},
            timeout=60,
        )

    def run(self, code: str) -> str:
        """Execute *code* and return what its last line evaluates to."""
        identity = uuid.uuid4().hex
        header = {"msg_id": identity, "msg_type": "execute_request", "version": "5.3"}
        header |= {"username": "", "session": identity}
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        self.socket.send(json.dumps({**message, "channel": "shell", "buffers": []}))
        result = ""
        while True:
            answer = json.loads(self.socket.recv())
            if answer["parent_header"].get("msg_id") != identity:
                continue
            if answer["msg_type"] == "execute_result":
                result = answer["content"]["data"]["text/plain"]
            if answer["msg_type"] == "error":
                raise AssertionError("\n".join(answer["content"]["traceback"]))
            if answer["msg_type"] == "status" and answer["content"]["execution_state"] == "idle":
                return result
