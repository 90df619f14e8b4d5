"""The workshop's image: each language runs, and its material is there."""

from __future__ import annotations

import json
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT, free_port, run, until

# R, Octave and their friends are a gigabyte to fetch.
pytestmark = [pytest.mark.docker, pytest.mark.thorough, pytest.mark.timeout(1200)]

CELL = ROOT / "tests" / "parts" / "workshop" / "cell.py"
BUNDLE = "id=ca_bundle,src=/etc/ssl/certs/ca-certificates.crt"
NOTEBOOK = "images/notebook/Dockerfile"
CONTAINED = ("--rm", "--interactive", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
TITLE = "Data Science"
HUB = {
    "JUPYTERHUB_API_URL": "http://127.0.0.1:9/hub/api",
    "JUPYTERHUB_API_TOKEN": "none",
    "JUPYTERHUB_CLIENT_ID": "service",
    "JUPYTERHUB_USER": "ada",
    "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/",
    "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:8888",
    "JUPYTERHUB_DEFAULT_URL": "/lab",
    "JUPYTERHUB_DISABLE_USER_CONFIG": "1",
}


def build(tag: str, *, check: bool = True, **arguments: str) -> Any:
    """Build the image with these build arguments."""
    words = ["docker", "build", "--progress", "plain", "--tag", tag, "--secret", BUNDLE]
    words += ["--file", "images/workshop/Dockerfile"]
    for name, value in arguments.items():
        words += ["--build-arg", f"{name}={value}"]
    return run(*words, ".", check=check, timeout=1200)


def git(folder: Path, *words: str) -> None:
    run("git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org", *words)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a repository in it."""
    folder = tmp_path_factory.mktemp("git")
    lessons = folder / "lessons"
    lessons.mkdir()
    (lessons / "index.ipynb").write_text('{"cells": [], "nbformat": 4, "nbformat_minor": 5}')
    for words in (("init", "-q"), ("add", "--all"), ("commit", "-q", "-m", "1"), ("tag", "v1")):
        git(lessons, *words)
    return folder


@pytest.fixture(scope="module")
def host(served: Path) -> Iterator[str]:
    """Serve the repository over git's own protocol to whatever the engine builds."""
    folder = served
    address = run(
        "docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"
    ).stdout.strip()
    port = free_port()
    served = subprocess.Popen(
        [
            "git",
            "daemon",
            "--export-all",
            f"--base-path={folder}",
            "--reuseaddr",
            f"--listen={address}",
            f"--port={port}",
            str(folder),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until(lambda: listens(address, port), 30, "git daemon listens")
        yield f"git://{address}:{port}"
    finally:
        served.terminate()
        served.wait(timeout=30)


def listens(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), 1):
            return True
    except OSError:
        return False


@pytest.fixture(scope="module")
def notebook() -> Iterator[str]:
    """The notebook image the workshop is made of, under a name of this module's own."""
    tag = f"kittest{uuid.uuid4().hex[:6]}-notebook:1"
    run("docker", "build", "-q", "-t", tag, "-f", NOTEBOOK, "--secret", BUNDLE, ".", timeout=600)
    yield tag
    run("docker", "image", "rm", tag, check=False)


@pytest.fixture(scope="module")
def workshop(notebook: str, host: str) -> Iterator[str]:
    """One build for all tests: R and Octave are large."""
    tag = notebook.replace("-notebook", "-workshop")
    build(
        tag,
        NOTEBOOK_IMAGE=notebook,
        WORKSHOP_REPOS=f"{host}/lessons@v1",
        WORKSHOP_TITLE=TITLE,
    )
    yield tag
    run("docker", "image", "rm", tag, check=False)


def inside(image: str, *words: str, **extra: Any) -> str:
    """Run *words* in a container as servers are contained; return what they printed."""
    return str(run("docker", "run", *CONTAINED, image, *words, timeout=300, **extra).stdout)


@pytest.mark.parametrize(
    ("kernel", "code", "text", "picture"),
    [
        pytest.param("python3", "print(6 * 7)", "42", False, id="Python"),
        pytest.param("ir", "cat(6 * 7); plot(1:3)", "42", True, id="R"),
        pytest.param("octave", "disp(6 * 7); plot(1:3)", "42", True, id="Octave"),
        pytest.param("bash", "echo $((6 * 7))", "42", False, id="shell"),
    ],
)
def test_languages(workshop: str, kernel: str, code: str, text: str, picture: bool) -> None:
    """A cell of each language says what it should, and nothing else; figures are shown."""
    script = CELL.read_text(encoding="utf-8")
    found = json.loads(inside(workshop, "python", "-c", script, kernel, input=code))

    assert (found["status"], found["text"].strip()) == ("ok", text)
    assert ("image/png" in found["shown"]) == picture


def test_kernels_leave_no_display_behind(workshop: str) -> None:
    """All Octave kernels of a server share one."""
    script = (
        "from jupyter_client.manager import start_new_kernel\n"
        "from pathlib import Path\n"
        "for _ in range(2):\n"
        "    manager, client = start_new_kernel(kernel_name='octave', startup_timeout=120)\n"
        "    client.execute_interactive('x = 1;', timeout=120)\n"
        "    manager.shutdown_kernel(now=True)\n"
        "comms = [path.read_text().strip() for path in Path('/proc').glob('[0-9]*/comm')]\n"
        "print(comms.count('Xvfb'))\n"
    )

    assert inside(workshop, "python", "-", input=script).strip() == "1"


def test_material(workshop: str) -> None:
    """It is where servers begin, and the user's own."""
    shown = inside(workshop, "stat", "-c", "%U %n", "work/lessons", "work/lessons/index.ipynb")

    assert shown.split() == ["jovyan", "work/lessons", "jovyan", "work/lessons/index.ipynb"]


def test_material_in_a_new_home(workshop: str) -> None:
    """A volume that is mounted there for the first time gets it."""
    name = f"{workshop.partition(':')[0]}-home"
    try:
        words = ("docker", "run", "--rm", "--volume", f"{name}:/home/jovyan/work", workshop)
        assert run(*words, "ls", "work").stdout.split() == ["lessons"]
    finally:
        run("docker", "volume", "rm", name, check=False)


def test_start_page(workshop: str) -> None:
    """It wins over where the hub says servers open."""
    given = [word for name, value in HUB.items() for word in ("--env", f"{name}={value}")]
    said = run(
        *("docker", "run", *CONTAINED, *given, workshop),
        *("sh", "-c", "timeout 60 jupyterhub-singleuser 2>&1 | grep -m 1 'Using default url'"),
        timeout=120,
    ).stdout

    assert "/lab/tree/lessons/index.ipynb" in said


def test_branding(workshop: str) -> None:
    """JupyterLab and the notebook at /tree have the same stylesheet."""
    places = "/opt/notebook/lib/python3*/site-packages"
    for folder in ("jupyter_server/static", "notebook"):
        shown = inside(workshop, "sh", "-c", f"cat {places}/{folder}/custom/custom.css")
        assert f'content: "{TITLE}"' in shown
        assert ".materials-no-ipynb { display: none" in shown


def test_nothing_of_the_build_stays(workshop: str) -> None:
    """Neither the host's authorities nor what built the image, and nothing is root's at home."""
    left = "ls -d /build/workshop/* /run/secrets/* 2>/dev/null; find /home/jovyan -user root"

    assert inside(workshop, "sh", "-c", left).strip() == ""


@pytest.mark.usefixtures("workshop")
def test_lessons_that_change(notebook: str, host: str, served: Path) -> None:
    """A server that waits has what was published after the image was built; others do not."""
    tag = notebook.replace("-notebook", "-fresh")
    told = {"WORKSHOP_REPOS": f"{host}/lessons", "WORKSHOP_REFRESH": "true"}
    try:
        build(tag, NOTEBOOK_IMAGE=notebook, **told)
        (served / "lessons" / "new.md").write_text("new")
        git(served / "lessons", "add", "--all")
        git(served / "lessons", "commit", "-q", "-m", "2")

        assert inside(tag, "ls", "work/lessons").split() == ["index.ipynb"]
        words = ("docker", "run", *CONTAINED, "--env", "HUBKIT_WAIT=1")
        waits = run(*words, tag, "ls", "work/lessons", timeout=120)
        assert (waits.stdout.split(), waits.stderr) == (["index.ipynb", "new.md"], "")

        away = run(*words, "--network", "none", tag, "ls", "work/lessons", timeout=120)
        assert away.stdout.split() == ["index.ipynb"]
        assert f"workshop: {host}/lessons was not fetched: unable to" in away.stderr
    finally:
        run("docker", "image", "rm", tag, check=False)


@pytest.mark.usefixtures("workshop")
def test_what_cannot_be_cloned(notebook: str, host: str) -> None:
    """The build ends, and says which address is wrong."""
    tag = notebook.replace("-notebook", "-refused")
    done = build(
        tag, check=False, NOTEBOOK_IMAGE=notebook, WORKSHOP_REPOS=f"{host}/lessons,{host}/none"
    )

    assert done.returncode != 0
    assert f"workshop: {host}/none was not cloned: " in done.stderr
    assert f"workshop: {host}/lessons was" not in done.stderr
    assert not run("docker", "image", "ls", "--quiet", tag).stdout
