"""Somebody who uses the hub of a test's stack, without a browser."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import quote

import requests
import websocket

from tests.support import CONNECTIONS, Stack, until

PASSWORD = "correct horse 42 staple"


class Person:
    """Somebody who uses the hub without a browser, by the same requests."""

    def __init__(self, stack: Stack, name: str):
        self.stack, self.name = stack, name
        self.quoted = quote(name, safe="@")
        self.http = requests.Session()
        CONNECTIONS.append(self.http)
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

    def try_password(self, password: str) -> requests.Response:
        """Return what the sign-in page answers."""
        return self._form("/hub/login", username=self.name, password=password)

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
        CONNECTIONS.append(self.socket)

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
