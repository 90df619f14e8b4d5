"""GitHub and an OpenID Connect provider of a test's own: the handle on `parts/github`."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from requests import RequestException, Response, Session

from tests.parts.github.certificates import make_certificates
from tests.support import free_port, run, until

PARTS = Path(__file__).parent / "parts" / "github"
NAME = "github.test"
FORM = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
ACTION = re.compile(r'<form method="post" action="([^"]*)">')


@dataclass
class GitHub:
    """A running server; `url` is where the hub and the browser reach it."""

    path: Path
    port: int
    tls: bool = True
    container: str = ""
    client_id: str = field(default_factory=lambda: f"Iv1.{secrets.token_hex(8)}")
    client_secret: str = field(default_factory=lambda: secrets.token_hex(20))
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    process: subprocess.Popen[bytes] | None = None
    published: str = "127.0.0.1"  # where a container's port is

    @classmethod
    def start(
        cls,
        path: Path,
        *,
        tls: bool = True,
        callback: str = "http://localhost/hub/oauth_callback",
        image: str = "",
        network: str = "",
        api_root: bool = False,
        port: int = 0,
        published: str = "127.0.0.1",
    ) -> GitHub:
        """Start it: on 127.0.0.1, or with *image* in a container, github.test in *network*."""
        path.mkdir(parents=True, exist_ok=True)
        made = cls(path.resolve(), port or free_port(), tls, published=published)
        if tls:
            make_certificates(made.path)
        environ = {
            "CLIENT_ID": made.client_id,
            "CLIENT_SECRET": made.client_secret,
            "CALLBACK": callback,
            "CONTROL_KEY": made.key,
            "GITHUB_API_ROOT": "1" if api_root else "0",
            "PYTHONSAFEPATH": "",  # the hub's image sets it; the server imports from its folder
        }
        try:
            if image:
                made._run_container(image, network, environ)
            else:
                made._run_process(environ)
            until(made._answers, 30, "GitHub of the tests answers")
        except BaseException:
            made.stop()
            raise
        return made

    def _words(self, folder: str) -> list[str]:
        words = ["--port", str(self.port)]
        if self.tls:
            words += ["--cert", f"{folder}/server.pem", "--key", f"{folder}/server.key"]
        return words

    def _run_process(self, environ: dict[str, str]) -> None:
        words = [sys.executable, str(PARTS / "server.py"), "--host", "127.0.0.1"]
        with (self.path / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*words, *self._words(str(self.path))],
                env={**os.environ, **environ, "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _run_container(self, image: str, network: str, environ: dict[str, str]) -> None:
        """Publish from the engine's own network: the one to join may have no way out."""
        self.container = f"kittest{uuid.uuid4().hex[:6]}-github"
        words = ["docker", "run", "--detach", "--name", self.container, "--user", "0:0"]
        words += ["--read-only", "--publish", f"{self.published}:{self.port}:{self.port}"]
        words += ["--volume", f"{PARTS}:/parts:ro", "--volume", f"{self.path}:/tls:ro"]
        for name in environ:
            words += ["--env", name]
        words += ["--entrypoint", "python3", image, "-B", "/parts/server.py"]
        run(*words, *self._words("/tls"), env={**os.environ, **environ})
        if network:
            self.join_network(network)

    def join_network(self, network: str) -> None:
        """Be github.test for the containers in *network*."""
        run("docker", "network", "connect", "--alias", NAME, network, self.container)

    def stop(self) -> None:
        """End the server; nobody answers at its address any more."""
        if self.container:
            run("docker", "rm", "--force", "--volumes", self.container, check=False)
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=30)

    @property
    def host(self) -> str:
        return f"{NAME if self.container else '127.0.0.1'}:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}"

    @property
    def issuer(self) -> str:
        """Return where the OpenID Connect provider is."""
        return f"{self.url}/oidc"

    @property
    def ca(self) -> Path:
        return self.path / "ca.pem"

    def log(self) -> str:
        """Return what the server printed."""
        if self.container:
            said = run("docker", "logs", self.container, check=False)
            return str(said.stdout + said.stderr)
        return (self.path / "server.log").read_text()

    def request(self, session: Session, method: str, url: str, **extra: Any) -> Response:
        """Send a request to the server from this host, where nobody knows github.test."""
        address = urljoin(self.url, url).replace(f"//{self.host}", f"//127.0.0.1:{self.port}", 1)
        headers = {"Host": self.host, **extra.pop("headers", {})}
        verify = str(self.ca) if self.tls else True
        extra = {"timeout": 30, "allow_redirects": False, **extra}
        return session.request(method, address, headers=headers, verify=verify, **extra)

    def _control(self, method: str, **values: Any) -> dict[str, Any]:
        with Session() as session:
            session.trust_env = False
            body = {"json": values} if values else {}
            headers = {"X-Control-Key": self.key}
            answer = self.request(session, method, "/_control", headers=headers, **body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def _answers(self) -> bool:
        if self.process and self.process.poll() is not None:
            raise AssertionError(f"the server ended:\n{self.log()}")
        try:
            return bool(self._control("GET"))
        except RequestException:
            return False

    def user(self, login: str, **values: Any) -> GitHub:
        """Create a user or change the given values of one.

        Values: id, name, email, email_public, email_verified, orgs, public_orgs,
        teams (pairs of org and team; brings the membership of the org), groups.
        """
        self._control("POST", action="user", login=login, **values)
        return self

    def rename(self, login: str, to: str) -> None:
        """Give the user another login; the id stays, and the old login is free."""
        self._control("POST", action="rename", login=login, to=to)

    def remove(self, login: str) -> None:
        self._control("POST", action="remove", login=login)

    def join(self, login: str, org: str, team: str = "", *, public: bool = False) -> None:
        self._control("POST", action="join", login=login, org=org, team=team, public=public)

    def leave(self, login: str, org: str, team: str = "") -> None:
        """Leave a team, or the organization with all its teams."""
        self._control("POST", action="leave", login=login, org=org, team=team)

    def revoke(self, login: str) -> None:
        """Make everything worthless that was granted for the user."""
        self._control("POST", action="revoke", login=login)

    def expire(self, login: str) -> None:
        """Make the user's access tokens worthless, not the refresh tokens."""
        self._control("POST", action="revoke", login=login, refresh=False)

    def mode(self, mode: str, path: str = "") -> None:
        """Answer from now on: ok, error500, hang, unauthorized, limited; where *path* occurs."""
        self._control("POST", action="mode", mode=mode, path=path)

    def set(self, **values: Any) -> None:
        """Change settings.

        Values: callback, client_secret, code_lifetime; for OpenID Connect lifetime,
        refresh_lifetime, rotate, refreshing.
        """
        self._control("POST", action="set", **values)

    def forget(self) -> None:
        """Forget the requests so far."""
        self._control("POST", action="forget")

    def counts(self) -> dict[str, int]:
        """Return path → number of requests."""
        return dict(self._control("GET")["counts"])

    def requests(self) -> list[dict[str, Any]]:
        """Return time, method, path, headers, names in query and form, status of each request."""
        return list(self._control("GET")["requests"])

    def log_in(
        self, session: Session, authorize_url: str, login: str, *, cancel: bool = False
    ) -> str:
        """Fill in the form behind *authorize_url*; return where the visitor is sent back to."""
        answer = self.request(session, "GET", authorize_url)
        if answer.status_code == 200:
            fields = {unescape(k): unescape(v) for k, v in FORM.findall(answer.text)}
            fields |= {"login": login, "authorize": "0" if cancel else "1"}
            action = ACTION.findall(answer.text)[0]
            answer = self.request(session, "POST", action, data=fields)
        said = f"{answer.status_code} {answer.text[:500]}"
        assert answer.status_code == 302, f"{login} was not sent back: {said}"
        callback = answer.headers["Location"]
        assert urlsplit(callback).scheme, callback
        return callback
