"""What tests of several parts need: a database, a checkout, and an engine to speak to."""

from __future__ import annotations

import json
import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from jupyterhub import orm

from hubkit import settings
from hubkit.ops import certificates

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    """Take away what the shell that runs the tests may have set, and the engine that runs."""
    for name in (*settings.allowed_names(), "DOCKER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    # A test that forgets to say which engine it means fails everywhere, not only where none is.
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/engine/in/unit/tests")


@pytest.fixture
def db(monkeypatch):
    """Return a session with JupyterHub's own tables, empty, in memory."""
    # Tables that were just made are of this revision; to look takes longer than to make them.
    monkeypatch.setattr(orm, "check_db_revision", lambda _: None)
    session = orm.new_session_factory("sqlite:///:memory:")()
    yield session
    session.close()
    session.get_bind().dispose()


@pytest.fixture
def checkout(tmp_path):
    """Return a folder with the files of a checkout after ``make up`` made the missing ones."""
    root = tmp_path / "kit"
    (root / "secrets").mkdir(parents=True)
    (root / "site").mkdir()
    for name, copied in {
        "jupyterhub_config.py": "jupyterhub_config.py",
        ".env.example": ".env",
        "userlist.example": "userlist",
    }.items():
        shutil.copyfile(ROOT / name, root / copied)
    certificates.make_self_signed(root / "secrets", "localhost")
    for folder in (tmp_path, root, root / "site"):
        folder.chmod(0o755)
    return root


class Engine:
    """A Docker engine that knows the answers it was told and remembers what it was asked.

    Attributes:
        answers: (method, path without version, with or without its query) → (status,
            JSON or bytes), or a list of those: one for each request, the last for the rest.
        headers: Headers of every answer.
        asked: (method, path, body) of every request but those for its version.
    """

    def __init__(self):
        self.answers = {
            ("GET", "/_ping"): (200, b"OK"),
            ("GET", "/version"): (200, {"ApiVersion": "1.45", "MinAPIVersion": "1.24"}),
        }
        self.asked, self.headers = [], {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"tcp://127.0.0.1:{self.server.server_port}"

    def body(self, method, path):
        """Return the JSON sent in the one request of this method and path."""
        [sent] = [sent for *asked, sent in self.asked if asked == [method, path]]
        return json.loads(sent)

    def _handler(engine):  # noqa: N805 (self is the request)
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self):
                whole = re.sub(r"^/v[0-9.]+/", "/", self.path)
                path = whole.partition("?")[0]
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if path not in ("/version", "/_ping"):
                    engine.asked.append((self.command, path, body))
                missing = (404, {"message": f"No such {path.split('/')[1].rstrip('s')}: {path}"})
                known = engine.answers.get((self.command, path), missing)
                found = engine.answers.get((self.command, whole), known)
                if isinstance(found, list):
                    found = found.pop(0) if len(found) > 1 else found[0]
                status, content = found
                if not isinstance(content, bytes):
                    content = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                for name, value in engine.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 (http.server's names)

            def log_message(self, *args):
                pass

        return Handler


@pytest.fixture
def engine():
    """Return a Docker engine listening on loopback; `Engine.answers` is yours to fill."""
    made = Engine()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()
