"""JupyterLab's files: out of a real image, and through the edge to whoever asks."""

from __future__ import annotations

import gzip
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
import requests

from hubkit import assets
from hubkit.ops import certificates
from hubkit.pool.engine import PoolEngine
from hubkit.services.lab.keeping import Keeper, Offered
from hubkit.services.lab.store import Store
from hubkit.services.lab.taking import Taker
from hubkit.spawner.calls import Calls
from hubkit.spawner.labels import FILES
from tests.support import ROOT, free_port, run, until

pytestmark = pytest.mark.docker

IMAGE = "hubkit-notebook:test"
FOLDER = "/opt/notebook/share/jupyter/lab/static"
BUNDLE = "id=ca_bundle,src=/etc/ssl/certs/ca-certificates.crt"
USER = "/user/ada/static/lab"


class Guest:
    """Somebody to whom one image is offered."""

    images = (IMAGE,)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder another account may read; pytest's are for their owner alone."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def project() -> Iterator[str]:
    """A name of this test's own; its containers are removed."""
    name = f"kittest{uuid.uuid4().hex[:6]}"
    yield name
    run("docker", "rm", "--force", f"{name}-edge", check=False)
    run("docker", "image", "rm", f"{name}-edge", check=False)


@pytest.fixture
def client() -> Iterator[docker.APIClient]:
    with docker.APIClient() as made:
        yield made


async def lay_out(client: docker.APIClient, project: str, folder: Path, *folders: str) -> Store:
    """Do what a hub does that offers the image."""
    store = Store(folder)
    store.tidy()
    taker = Taker(PoolEngine(client, Calls(2)), project)
    await Keeper(store, taker, Offered([Guest()]), folders or assets.folders("auto")).look()
    return store


@pytest.fixture
def edge(project: str, folder: Path) -> str:
    """The address of an edge that reads *folder*, before a server that has no files at all."""
    tag, port = f"{project}-edge", free_port()
    dockerfile = ("--file", "images/edge/Dockerfile", "--secret", BUNDLE)
    run("docker", "build", "--quiet", "--tag", tag, *dockerfile, ".", cwd=ROOT, timeout=600)
    (folder / "pair").mkdir()
    certificates.make_self_signed(folder / "pair", "localhost")
    for path in (folder / "pair").iterdir():
        path.chmod(0o644)
    run(
        *("docker", "run", "--detach", "--name", tag, "--publish", f"127.0.0.1:{port}:443"),
        *("--env", "HUB_DOMAIN=localhost", "--env", "BACKEND=127.0.0.1:8000"),
        *("--sysctl", "net.ipv4.ip_unprivileged_port_start=0", "--cap-drop", "ALL"),
        *("--volume", f"{folder / 'pair'}:/run/hubkit/edge:ro"),
        *("--volume", f"{folder}:/run/hubkit/static:ro", tag),
    )
    run("docker", "exec", "--detach", tag, "python3", "-m", "http.server", "8000")
    address = f"https://localhost:{port}"
    until(lambda: answers(address), 60, "the edge and what is behind it answer")
    return address


def answers(address: str) -> bool:
    try:
        return bool(get(address, "/").ok)
    except requests.ConnectionError:
        return False


def get(address: str, path: str, **headers: str) -> requests.Response:
    """Ask without a look at the certificate, which is self-signed."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = False
        return session.get(f"{address}{path}", headers=headers, timeout=30)


async def test_out_of_an_image(client: docker.APIClient, project: str, folder: Path):
    """Every file with such a name, to the byte; and no container stays."""
    await lay_out(client, project, folder)

    listed = run("docker", "run", "--rm", IMAGE, "ls", FOLDER).stdout.split()
    wanted = {name for name in listed if assets.is_hashed(name)}
    found = {path.name for path in (folder / "now").iterdir()}
    assert len(wanted) > 100
    assert wanted <= found
    assert {name.removesuffix(".gz") for name in found} == wanted

    own = run("docker", "run", "--rm", "--workdir", FOLDER, IMAGE, "sha256sum", *sorted(wanted))
    laid_out = run("sha256sum", *sorted(wanted), cwd=folder / "now")
    assert laid_out.stdout == own.stdout
    left = run("docker", "ps", "--all", "--quiet", "--filter", f"label={FILES}={project}").stdout
    assert left == ""


async def test_a_path_that_is_missing(
    client: docker.APIClient, project: str, folder: Path, caplog: pytest.LogCaptureFixture
):
    """It is refused by its name, also where it is no folder, and nothing is given out."""
    await lay_out(client, project, folder, "/opt/none")
    await lay_out(client, project, folder, "/etc/passwd")

    said = [one.getMessage() for one in caplog.records]
    assert [one.partition(": nothing")[0] for one in said] == [
        "STATIC_FILES=/opt/none",
        "STATIC_FILES=/etc/passwd",
    ]
    assert all("is not in it" in one for one in said)
    assert [*(folder / "now").iterdir()] == []
    left = run("docker", "ps", "--all", "--quiet", "--filter", f"label={FILES}={project}").stdout
    assert left == ""


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
async def test_through_the_edge(client: docker.APIClient, project: str, folder: Path, edge: str):
    """Compressed, kept for a year, the same to the byte; all else comes from the server."""
    before = get(edge, f"{USER}/main.0123456789abcdef.js?v=1")
    assert before.status_code == 404  # the server's, where nothing is laid out

    await lay_out(client, project, folder)
    name = next(path.name for path in (folder / "now").glob("main.*.js"))
    content = (folder / "now" / name).read_bytes()

    packed = get(edge, f"{USER}/{name}?v=1", **{"Accept-Encoding": "gzip"})
    plain = get(edge, f"/user/ada/second/static/lab/{name}", **{"Accept-Encoding": "identity"})
    for one in (packed, plain):
        assert (one.status_code, one.content) == (200, content)
        assert one.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert one.headers["Content-Type"].startswith("text/javascript")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.raw.tell() < len(content) / 2
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress((folder / "now" / f"{name}.gz").read_bytes()) == content

    for path in (f"{USER}/index.html", f"/user/ada/lab/{name}", f"{USER}/1.0123456789abcdef.js"):
        assert get(edge, path).status_code == 404
