"""Somebody with a server on the hub of `tests.lab`, whose kernels run on a gateway."""

from __future__ import annotations

from typing import Any

import requests
import websocket

from hubkit import names
from tests.hubprocess import HubProcess
from tests.lab import PORT, address, inspect
from tests.person import PASSWORD, Kernel
from tests.support import CONNECTIONS, run, until

WHERE = "import getpass, socket; [socket.gethostname(), getpass.getuser()]"


class User:
    """Somebody with a server, which they ask directly."""

    def __init__(self, lab: HubProcess, name: str):
        self.lab, self.name = lab, name
        self.container = names.container(name, "", lab.project)
        self.server = f"/hub/api/users/{name}/server"
        lab.api("POST", f"/hub/api/users/{name}")
        made = lab.api("POST", f"/hub/api/users/{name}/tokens", json={})
        self.headers = {"Authorization": f"token {made.json()['token']}"}

    def ask_to_start(self, **options: str) -> str:
        """Ask for a server; return the progress page's words up to its end."""
        answer = self.lab.api("POST", self.server, json=options)
        assert answer.status_code < 600
        return answer.text + self.lab.api("GET", f"{self.server}/progress").text

    def start(self, **options: str) -> User:
        said = self.ask_to_start(**options)
        assert '"ready": true' in said, said + self.lab.log()[-3000:]
        self.url = f"http://{address(self.container)}:{PORT}/user/{self.name}"
        return self

    def stop(self) -> User:
        self.lab.api("DELETE", self.server)
        until(lambda: not self.servers() and not self.exists(), 60, f"{self.container} is gone")
        return self

    def exists(self) -> bool:
        """Return whether there is a container of theirs, running or not."""
        return bool(run("docker", "inspect", self.container, check=False).returncode == 0)

    def servers(self) -> dict[str, Any]:
        return dict(self.lab.api("GET", f"/hub/api/users/{self.name}").json()["servers"])

    def ask(self, method: str, path: str, **extra: Any) -> requests.Response:
        """Ask the server as the page in a browser does."""
        with requests.Session() as session:
            session.trust_env = False
            url = f"{self.url}/api/{path}"
            return session.request(method, url, headers=self.headers, timeout=60, **extra)

    def new_kernel(self) -> str:
        answer = self.ask("POST", "kernels", json={"name": "python3"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def attach(self, kernel: str) -> Attached:
        return Attached(self, kernel)

    def run(self, code: str) -> str:
        """Evaluate *code* on a kernel of its own."""
        kernel = self.new_kernel()
        attached = self.attach(kernel)
        try:
            return attached.run(code)
        finally:
            attached.socket.close()
            self.ask("DELETE", f"kernels/{kernel}")

    def inside(self, *words: str) -> str:
        """Run a command in the server's container as the user it runs as."""
        return str(run("docker", "exec", self.container, *words).stdout)

    def environment(self) -> dict[str, str]:
        listed = inspect(self.container)["Config"]["Env"]
        return dict(pair.split("=", 1) for pair in listed)

    def home_page(self) -> str:
        """Sign in with a browser's words; return the hub's home page."""
        with requests.Session() as browser:
            browser.trust_env = False
            hub = f"http://127.0.0.1:{self.lab.port}/hub"
            # The address people type is https://, so cookies are for that alone.
            cookies = browser.get(f"{hub}/login").cookies.get_dict()
            form = {"_xsrf": cookies["_xsrf"], "username": self.name, "password": PASSWORD}
            said = {"Cookie": "; ".join(map("=".join, cookies.items()))}
            answer = browser.post(f"{hub}/login", data=form, headers=said, allow_redirects=False)
            cookies |= answer.cookies.get_dict()
            said = {"Cookie": "; ".join(map("=".join, cookies.items()))}
            answer = browser.get(f"{hub}/home", headers=said, allow_redirects=False)
            assert answer.status_code == 200, answer.headers
            return answer.text


class Attached(Kernel):
    """An open websocket to a kernel, through the user's server."""

    def __init__(self, user: User, kernel: str):
        headers = [f"{name}: {value}" for name, value in user.headers.items()]
        url = f"{user.url.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels"
        self.socket = websocket.create_connection(url, header=headers, timeout=60)
        CONNECTIONS.append(self.socket)
