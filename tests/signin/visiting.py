"""A real hub for visitors: a proxy and servers of a few lines, no Docker engine."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.support import ROOT, free_port, until

TABLES = {
    "hub.sqlite": ("users", "spawners", "servers", "api_tokens", "oauth_clients", "oauth_codes"),
    "people.sqlite": ("people", "identities"),
    "visitors.sqlite": ("visitors",),
}
SCOPES = {"boss": ["admin:servers"], "clerk": ["list:users", "servers"]}
CONFIG = """
import asyncio
from pathlib import Path

from hubkit import auth, services, settings, stack
from hubkit.auth import ledger
from hubkit.services import temporary
from hubkit.userlist import Userlist
from tests.tinyproxy import TinyProxy
from tests.tinyserver import TinyServer

root = Path({root!r})
settings.ROOT = root
stack.REGISTER = root / "people.sqlite"
stack.AUDIT_LOG = root / "sign-ins.log"
stack.COOKIE_SECRET = root / "cookie_secret"
ledger.FILE = root / "visitors.sqlite"
stack.HUB_HOST = "127.0.0.1"
temporary.PORT = {service_port}

c = get_config()
env = settings.Settings.from_env(root=root)
auth.configure(c, env, Userlist.read(root / "userlist"))
temporary.configure(c, env)
for name, scopes in {scopes!r}.items():
    services.add(c, {{"name": name, "api_token": f"token-of-{{name}}"}}, scopes)


class Spawner(TinyServer):
    async def start(self):
        if (root / "broken").exists():
            raise RuntimeError("no engine")
        if (root / "slow").exists():
            await asyncio.sleep(11)  # JupyterHub's page waits for ten
        return await super().start()


TinyProxy.file, TinyProxy.used = root / "routes.json", root / "used"
c.JupyterHub.proxy_class = TinyProxy
c.JupyterHub.spawner_class = Spawner
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.JupyterHub.db_url = f"sqlite:///{{root}}/hub.sqlite"
c.JupyterHub.cookie_secret_file = str(root / "cookie_secret")
c.JupyterHub.last_activity_interval = 1
c.JupyterHub.allow_named_servers = True
c.CryptKeeper.keys = [bytes.fromhex({key!r})]
"""


@dataclass
class VisitorHub:
    """One hub process of the tests."""

    path: Path
    environ: dict[str, str]
    port: int = field(default_factory=free_port)
    hub_port: int = field(default_factory=free_port)
    service_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    people: list[requests.Session] = field(default_factory=list)

    def start(self) -> VisitorHub:
        """Start it; return when it answers."""
        if not (self.path / "config.py").exists():
            self._write()
        with (self.path / "hub.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "-f", "config.py"],
                cwd=self.path,
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **self.environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until(self.answers, 60, "the hub answers")
        return self

    def _write(self) -> None:
        self.path.mkdir(parents=True)
        (self.path / "userlist").write_text("boss admin\nlisted\n")
        (self.path / "cookie_secret").write_text(secrets.token_hex(32))
        (self.path / "cookie_secret").chmod(0o600)
        ports = {name: getattr(self, name) for name in ("port", "hub_port", "service_port")}
        text = CONFIG.format(root=str(self.path), **ports, key=secrets.token_hex(32), scopes=SCOPES)
        (self.path / "config.py").write_text(text)

    def answers(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.log()
        try:
            pages = ("/hub/health", "/api/stats")
            return all(self.visitor().get(page).status_code == 200 for page in pages)
        except requests.RequestException:
            return False

    def stats(self) -> dict[str, Any]:
        return dict(self.visitor().get("/api/stats").json())

    def seats(self) -> int:
        """Return how many visitors there are."""
        told = self.stats()
        return int(told["in_use"] + told["starting"])

    def list(self, token: str) -> list[dict[str, Any]]:
        """Return the visits administrators see."""
        answer = self.visitor().get("/api/visitors", headers={"Authorization": f"token {token}"})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["visitors"])

    def names(self, token: str) -> set[str]:
        return {one["name"] for one in self.list(token)}

    def end(self, name: str, token: str) -> None:
        """End a visit, as soon as its server can be stopped."""
        url = self.url(f"/api/visitors/{name}")
        headers = {"Authorization": f"token {token}"}

        def gone() -> bool:
            answer = requests.delete(url, headers=headers, timeout=60)
            assert answer.status_code in {204, 404, 503}, answer.text
            return answer.status_code != 503

        until(gone, 60, f"{name} is gone")

    def used(self, name: str) -> None:
        """Let the proxy say that a server was used just now, as a real one does."""
        (self.path / "used").mkdir(exist_ok=True)
        (self.path / "used" / name).touch()

    def empty(self, token: str) -> None:
        """End all visits."""
        with ThreadPoolExecutor(10) as pool:
            for _ in pool.map(lambda name: self.end(name, token), self.names(token)):
                pass

    def rush(self, count: int) -> list[requests.Response]:
        """Ask for *count* servers at the same moment."""
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda _: self.visitor().post("/api/spawn"), range(count)))

    def traces(self) -> dict[str, int]:
        """Return how much the hub's databases remember, and how many routes there are."""
        found = {}
        for file, tables in TABLES.items():
            database = sqlite3.connect(self.path / file)
            for table in tables:
                query = f"SELECT count(*) FROM {table}"  # noqa: S608 (our own)
                found[table] = database.execute(query).fetchone()[0]
            database.close()
        found["routes"] = len(json.loads((self.path / "routes.json").read_text()))
        return found

    def log(self) -> str:
        return (self.path / "hub.log").read_text()

    def url(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def visitor(self, address: str = "192.0.2.1") -> Visitor:
        """Return a browser without a cookie at *address*."""
        made = Visitor(self, address)
        self.people.append(made.http)
        return made

    def stop(self) -> None:
        for one in self.people:
            one.close()
        self.people.clear()
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=60)


class Visitor:
    """A browser without a face and without JavaScript."""

    def __init__(self, hub: VisitorHub, address: str):
        self.hub = hub
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers.update({"X-Forwarded-For": address, "Accept": "text/html,*/*"})

    def get(self, path: str, **extra: Any) -> requests.Response:
        """Return what ends all redirects."""
        return self.http.get(self.hub.url(path), timeout=60, **extra)

    def post(self, path: str, **extra: Any) -> requests.Response:
        return self.http.post(self.hub.url(path), timeout=60, **extra)

    def opens(self, path: str) -> tuple[str, str]:
        """Return whose server *path* ends at, and what was opened there."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        prefix = f"/user/{found['name']}/"
        assert found["uri"].startswith(prefix)
        assert urlsplit(answer.url).path.startswith(prefix)
        return found["name"], found["uri"].removeprefix(prefix)
