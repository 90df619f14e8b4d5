"""Bad input: one clear message, exit code not zero, nothing started, stopped or lost."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hubkit.ops import certificates
from tests.support import Stack, free_port, run

pytestmark = pytest.mark.docker

FILES = (".env", "userlist", "secrets/jupyterhub.crt", "secrets/jupyterhub.key")


@pytest.fixture
def kit(stack: Stack, tmp_path: Path) -> Iterator[Stack]:
    """The running stack's checkout, whose files a test may spoil."""
    for name in FILES:
        shutil.copy2(stack.path / name, tmp_path / Path(name).name)
    yield stack
    for name in FILES:
        (stack.path / name).unlink(missing_ok=True)
        shutil.copy2(tmp_path / Path(name).name, stack.path / name)


def refused(kit: Stack, target: str = "up") -> str:
    """Run `make up`; return why it refused, after seeing that nothing was touched."""
    before = kit.containers()
    done = kit.make_target(target, check=False)
    assert done.returncode != 0, done.stdout
    assert kit.containers() == before
    assert "Traceback" not in done.stderr
    return done.stderr


def append(name: str, text: str) -> Callable[[Path], None]:
    """Return what adds *text*; a setting that is there already is replaced."""
    names = [line.partition("=")[0] + "=" for line in text.splitlines() if "=" in line]

    def spoil(root: Path) -> None:
        path = root / name
        kept = [one for one in path.read_text().splitlines() if not one.startswith(tuple(names))]
        path.write_text("\n".join([*kept, text]))

    return spoil


def windows(root: Path) -> None:
    path = root / ".env"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))


def other_pair(root: Path) -> None:
    (root / "secrets" / "jupyterhub.key").unlink()
    other = root / "secrets" / "other"
    other.mkdir()
    certificates.make_self_signed(other, "localhost")
    shutil.move(other / "jupyterhub.key", root / "secrets" / "jupyterhub.key")
    shutil.rmtree(other)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(
            append(".env", "NOTEBOOK_IMAGE=x\n"), "is not a setting of this kit", id="unknown key"
        ),
        pytest.param(
            append(".env", "MEM_LIMIT=\n"),
            "must not be empty",
            id="empty value",
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            append(".env", 'CPU_LIMIT="2"\n'), "has quotes", id="quotes", marks=pytest.mark.thorough
        ),
        pytest.param(
            append(".env", 'PYTHON_IMAGE="python:3"\n'),
            "PYTHON_IMAGE has a quote",
            id="quotes around what the scripts read",
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            append(".env", "PIDS_LIMIT=many\n"),
            "whole number",
            id="not a number",
            marks=pytest.mark.thorough,
        ),
        pytest.param(windows, "Windows line ends", id="CRLF and BOM"),
        pytest.param(
            append("userlist", "bob boss\n"),
            "'boss'",
            id="unknown second word",
            marks=pytest.mark.thorough,
        ),
        pytest.param(append("userlist", "a/b\n../c\n"), "is not a user name", id="path as name"),
        pytest.param(
            lambda root: (root / "secrets" / "jupyterhub.crt").unlink(),
            "secrets/jupyterhub.crt",
            id="certificate missing",
            marks=pytest.mark.thorough,
        ),
        pytest.param(other_pair, "is not the key of", id="key of another certificate"),
        pytest.param(
            lambda root: (root / "secrets" / "jupyterhub.key").chmod(0o644),
            "can be read by other accounts",
            id="key open to others",
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            append(".env", "HUB_DOMAIN=hub.example.org\n"),
            "not for HUB_DOMAIN=hub.example.org",
            id="certificate of another name",
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            append(".env", "SITE_CONFIG=nothing.py\n"), "no such file in site/", id="site config"
        ),
    ],
)
def test_a_wrong_file_is_refused(kit: Stack, spoil: Callable[[Path], None], said: str):
    """Whatever is wrong in a file is said before anything starts."""
    spoil(kit.path)

    assert said in refused(kit)


def test_a_reload_with_a_wrong_certificate_changes_nothing(kit: Stack):
    """The pair that was served goes on being served."""
    other_pair(kit.path)

    report = refused(kit, "reload")

    assert "is not the key of" in report
    assert "what ran goes on as it was" in report


def test_everything_wrong_is_said_at_once(kit: Stack):
    """Three mistakes in three files are three problems of one report."""
    append(".env", "MAX_AGE=old\n")(kit.path)
    append("userlist", "bob boss\n")(kit.path)
    (kit.path / "secrets" / "jupyterhub.key").chmod(0o644)

    report = refused(kit, "check")

    assert "3 problems" in report
    assert all(word in report for word in ("MAX_AGE=old", "userlist, line", "chmod 600"))


def test_a_taken_port_is_named_with_who_takes_it(kit: Stack):
    """Another program on HTTPS_PORT: which setting, and what to do."""
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))  # noqa: S104 (as any program would)
        other.listen()
        port = other.getsockname()[1]
        kit_env = (kit.path / ".env").read_text()
        old = f"HTTPS_PORT={kit.settings['HTTPS_PORT']}"
        (kit.path / ".env").write_text(kit_env.replace(old, f"HTTPS_PORT={port}"))

        assert f"HTTPS_PORT={port}" in refused(kit)


def test_a_missing_image_is_found_before_the_first_user(kit: Stack):
    """An image nobody has and no registry gives."""
    text = (kit.path / ".env").read_text()
    (kit.path / ".env").write_text(text.replace("hubkit-notebook:test", "nobody/has-this:1"))

    assert "DOCKER_NOTEBOOK_IMAGE=nobody/has-this:1" in refused(kit, "check")
    assert "nobody/has-this:1" in refused(kit)


@pytest.mark.parametrize("kind", [pytest.param("network", marks=pytest.mark.thorough), "volume"])
def test_a_network_or_volume_of_somebody_else_is_left_alone(kit: Stack, kind: str):
    """What we did not make is neither used nor removed."""
    name = f"{kit.project}-foreign"
    run("docker", kind, "create", name)
    setting = {"network": "DOCKER_NETWORK_NAME", "volume": "DATA_VOLUME_HOST"}[kind]
    append(".env", f"{setting}={name}\n")(kit.path)
    try:
        assert "made by someone else" in refused(kit)
        assert name in run("docker", kind, "ls", "--format", "{{.Name}}").stdout
    finally:
        run("docker", kind, "rm", name)


def test_a_hub_started_from_another_folder_is_not_taken_over(kit: Stack, tmp_path: Path):
    """A second clone with the same project name refuses instead of replacing the first."""
    tmp_path.chmod(0o755)
    second = tmp_path / "clone"
    shutil.copytree(kit.path, second)
    before = kit.containers()

    done = run("make", "up", cwd=second, check=False)

    assert done.returncode != 0
    assert f"was started from {kit.path}" in done.stderr
    assert kit.containers() == before


def test_an_engine_that_does_not_answer_is_said(kit: Stack):
    """DOCKER_HOST names an engine that is not there: nothing is installed over it."""
    nowhere = f"tcp://127.0.0.1:{free_port()}"

    done = kit.make_target("up", check=False, DOCKER_HOST=nowhere)

    assert done.returncode != 0
    assert f"no Docker engine answers at DOCKER_HOST={nowhere}" in done.stderr


@pytest.mark.thorough
def test_a_bad_setting_is_refused_by_compose_alone_too(kit: Stack):
    """`docker compose up -d` without `make`: init refuses and says why; servers live on."""
    text = (kit.path / ".env").read_text()
    append(".env", "MEM_LIMIT=lots\n")(kit.path)
    try:
        done = kit.compose("up", "-d", check=False)
        assert done.returncode != 0
        assert "MEM_LIMIT=lots" in kit.compose("logs", "--no-log-prefix", "init").stdout
    finally:
        (kit.path / ".env").write_text(text)
        kit.compose("up", "-d")
        kit.wait()


def test_sign_in_that_cannot_work_is_refused_at_once(kit: Stack):
    """Every mistake in one report, no secret in it, and nothing is started."""
    for name, content, mode in (("open", "hush-hush", 0o644), ("empty", "", 0o600)):
        (kit.path / "secrets" / name).write_text(content)
        (kit.path / "secrets" / name).chmod(mode)
    said = {
        "LDAP_SERVER_HOST=ldap://ldap.example.org": "without ldap:// or a port",
        "LDAP_BIND_DN=uid=ada,ou=people": "a name such as uid={username}",
        "LDAP_SEARCH_PASSWORD_FILE=secrets/open": "can be read by every account",
        "GITHUB_CLIENT_SECRET_FILE=secrets/empty": "is empty",
        "OAUTH_CLIENT_SECRET_FILE=secrets/nowhere": "cannot be read",
    }
    append(".env", "AUTH=ldap,github\n" + "\n".join(said))(kit.path)
    try:
        report = refused(kit)
    finally:
        for name in ("open", "empty"):
            (kit.path / "secrets" / name).unlink()

    for line, why in said.items():
        assert line in report
        assert why in report
    assert "ALLOW=" in report
    assert "must say whom ldap and github may let in" in report
    assert "GITHUB_CLIENT_ID" in report
    assert "hush" not in report
