"""A real hub that people enter by a provider, and a browser without a face.

The hub is JupyterHub's own process with the kit's sign-in; it has no proxy and starts no
servers, so that these tests need no Docker engine.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.github import GitHub
from tests.support import ROOT, free_port, until

CALLBACK = "https://localhost/hub/oauth_callback"
RECHECK = 1.0  # seconds; the settings take no less than 10
TIMEOUT = 4.0  # seconds a provider has; a second longer than a page waits for it
CONFIG = """
from pathlib import Path

from jupyterhub.spawner import SimpleLocalProcessSpawner

from hubkit import auth, settings, stack
from hubkit.auth import client, recheck
from hubkit.userlist import Userlist
from tests.noproxy import NoProxy

root = Path({root!r})
settings.ROOT = root
stack.REGISTER = root / "people.sqlite"
stack.AUDIT_LOG = root / "sign-ins.log"
client.REQUEST_SECONDS = {timeout!r}
recheck.PAUSE = {recheck!r}

c = get_config()
env = settings.Settings.from_env(root=root)
auth.configure(c, env, Userlist.read(root / "userlist"))
c.Guard.recheck_seconds = {recheck!r}
c.Authenticator.auth_refresh_age = {recheck!r}
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.spawner_class = SimpleLocalProcessSpawner
c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.hub_port = {port}
c.JupyterHub.db_url = f"sqlite:///{{root}}/hub.sqlite"
c.JupyterHub.cookie_secret_file = str(root / "cookie_secret")
c.CryptKeeper.keys = [bytes.fromhex({key!r})]
"""


@dataclass
class Hub:
    """One hub process of the tests."""

    path: Path
    github: GitHub
    environ: dict[str, str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    people: list[Browser] = field(default_factory=list)

    def start(self) -> Hub:
        """Start it; return when it answers."""
        (self.path / "secrets").mkdir(parents=True)
        (self.path / "secrets" / "ca.pem").write_bytes(self.github.ca.read_bytes())
        (self.path / "userlist").write_text("boss admin\nlisted\n")
        (self.path / "cookie_secret").write_text(secrets.token_hex(32))
        (self.path / "cookie_secret").chmod(0o600)
        values = {"root": str(self.path), "timeout": TIMEOUT, "recheck": int(RECHECK)}
        text = CONFIG.format(**values, port=self.port, key=secrets.token_hex(32))
        (self.path / "config.py").write_text(text)
        with (self.path / "hub.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "-f", "config.py"],
                cwd=self.path,
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **self.environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until(self.answers, 30, "the hub answers")
        return self

    def answers(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.log()
        try:
            return self.visitor().get("/hub/health").status_code == 200
        except requests.RequestException:
            return False

    def log(self) -> str:
        return (self.path / "hub.log").read_text()

    def written(self) -> list[dict[str, str]]:
        """Return the lines of the log of sign-ins."""
        file = self.path / "sign-ins.log"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def visitor(self) -> Browser:
        made = Browser(self)
        self.people.append(made)
        return made

    def sign_in(self, login: str) -> Browser:
        """Return somebody the hub let in."""
        made = self.visitor()
        answer = made.sign_in(login)
        assert answer.status_code == 302, answer.text
        return made

    def stop(self) -> None:
        for one in self.people:
            one.http.close()
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=30)


class Browser:
    """Somebody at the hub's pages; follows no redirect by itself."""

    def __init__(self, hub: Hub):
        self.hub, self.token, self.took = hub, "", 0.0
        self.http = requests.Session()
        self.http.trust_env = False

    def get(self, path: str, **extra: Any) -> requests.Response:
        url = f"http://127.0.0.1:{self.hub.port}{path}"
        began = monotonic()
        answer = self.http.get(url, allow_redirects=False, timeout=30, **extra)
        self.took = monotonic() - began
        return answer

    def begin(self, query: str = "") -> str:
        """Ask the hub to sign in; return the provider's page it sends people to."""
        answer = self.get(f"/hub/oauth_login{query}")
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def agree(self, page: str, login: str, **extra: Any) -> str:
        """Say at the provider who it is; return the path it sends people back to."""
        with requests.Session() as session:
            session.trust_env = False
            back = urlsplit(self.hub.github.log_in(session, page, login, **extra))
        assert f"{back.scheme}://{back.netloc}{back.path}" == CALLBACK
        return f"{back.path}?{back.query}"

    def sign_in(self, login: str, query: str = "") -> requests.Response:
        """Return what the hub answers to whom the provider sends back."""
        return self.get(self.agree(self.begin(query), login))

    def is_in(self) -> bool:
        """Return whether the hub's pages know this browser."""
        return self.get("/hub/home").status_code == 200

    def make_token(self, name: str) -> Browser:
        url = f"http://127.0.0.1:{self.hub.port}/hub/api/users/{name}/tokens"
        self.is_in()
        headers = {"X-XSRFToken": self.http.cookies.get("_xsrf", path="/hub/") or ""}
        answer = self.http.post(url, headers=headers, json={}, timeout=30)
        assert answer.status_code == 201, answer.text
        self.token = answer.json()["token"]
        return self

    def api(self, path: str = "user") -> requests.Response:
        """Ask the hub's API with the token alone."""
        began = monotonic()
        url = f"http://127.0.0.1:{self.hub.port}/hub/api/{path}"
        headers = {"Authorization": f"token {self.token}"}
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(url, headers=headers, timeout=30)
        self.took = monotonic() - began
        return answer


def github_settings(github: GitHub) -> dict[str, str]:
    """Return the settings of a hub for the members of one organisation, and a few more."""
    return {
        "AUTH": "github",
        "ALLOW": "userlist,organisation,group",
        "ALLOWED_ORGANISATIONS": "Good-Org",
        "ALLOWED_GROUPS": "other-org:crew",
        "ADMIN_GROUPS": "good-org:admins",
        "GITHUB_URL": f"{github.url}/",
        "GITHUB_CLIENT_ID": github.client_id,
        "GITHUB_CLIENT_SECRET": github.client_secret,
        "OAUTH_CA_FILE": "secrets/ca.pem",
        "CONTACT": "it@example.org",
    }


def told(answer: requests.Response) -> str:
    """Return what a page says to people."""
    main = re.sub(r"(?s)<script.*?</script>|<[^>]*>", " ", answer.text)
    return " ".join(unescape(main).split())


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory):
    made = GitHub.start(tmp_path_factory.mktemp("github"), callback=CALLBACK)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def healthy(github: GitHub):
    """Leave the provider as the next test wants it."""
    yield
    github.mode("ok")
    github.set(code_lifetime=600, client_secret=github.client_secret)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Show the hub's last words below a failed test."""
    outcome = yield
    hub = item.funcargs.get("hub") if hasattr(item, "funcargs") else None
    if outcome.get_result().failed and isinstance(hub, Hub):
        outcome.get_result().sections.append(("hub's log", hub.log()[-6000:]))
