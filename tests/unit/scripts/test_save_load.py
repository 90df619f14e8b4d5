"""`scripts/save.sh` and `scripts/load.sh`: images on their way to a machine without network."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCKER = """#!/bin/sh
echo "$@" >>"$RECORD"
case $1 in
image)
    case " $MISSING " in *" $3 "*) exit 1 ;; esac
    ;;
save)
    shift
    printf 'images: %s' "$*"
    exit "${FAILS:-0}"
    ;;
load) exit "${FAILS:-0}" ;;
esac
"""
OWN = ["hubkit-base", "jupyterhub-hub", "jupyterhub-proxy", "jupyterhub-edge"]
PYTHON = "python:3.13.5-slim-trixie"


@pytest.fixture
def kit(tmp_path):
    """Return a checkout in a folder with a space in its name."""
    root = tmp_path / "my kit"
    (root / "scripts").mkdir(parents=True)
    for name in ("save.sh", "load.sh", "hubkit.sh", "say.sh"):
        shutil.copy2(ROOT / "scripts" / name, root / "scripts")
    shutil.copy2(ROOT / ".env.example", root)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").write_text(DOCKER)
    (tmp_path / "bin" / "docker").chmod(0o755)
    (tmp_path / "there").mkdir()
    return root


@pytest.fixture
def run(kit, tmp_path):
    """Return a function that runs a script from another folder, and returns what Docker heard."""
    record = tmp_path / "record"

    def call(script, *words, missing=PYTHON, **environ):
        record.unlink(missing_ok=True)
        done = subprocess.run(
            [kit / "scripts" / script, *words],
            cwd=tmp_path / "there",
            env={
                "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
                "RECORD": str(record),
                "MISSING": missing,
                **environ,
            },
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        heard = record.read_text().splitlines() if record.exists() else []
        return done, [line for line in heard if not line.startswith("image inspect")]

    return call


@pytest.fixture
def saved(run, tmp_path):
    """Return a file that was saved, with its checksum beside it."""
    done, _ = run("save.sh", "a b.tar.gz")
    assert (done.returncode, done.stderr) == (0, "")
    return tmp_path / "there" / "a b.tar.gz"


def test_save(run, saved):
    """Every image of the stack is in the file, and the checksum is the file's."""
    images = gzip.decompress(saved.read_bytes()).decode()
    assert images == f"images: {' '.join([*OWN, 'hubkit-notebook:latest'])}"

    words = saved.with_name(f"{saved.name}.sha256").read_text().split(maxsplit=1)
    assert words == [hashlib.sha256(saved.read_bytes()).hexdigest(), f"{saved.name}\n"]
    assert sorted(path.name for path in saved.parent.iterdir()) == [
        saved.name,
        f"{saved.name}.sha256",
    ]


def test_the_checksum_can_be_checked_by_hand(saved):
    words = ["sha256sum", "--check", "--quiet", f"{saved.name}.sha256"]
    subprocess.run(words, cwd=saved.parent, check=True)


def test_what_is_saved(run, kit):
    """The project's own, visitors' images, the base's other name, and what else is named."""
    (kit / ".env").write_text(
        "COMPOSE_PROJECT_NAME=lab\nCOMPOSE_PROFILES=gateway\nDOCKER_NOTEBOOK_IMAGE=a.org/x:1\n"
        "TEMPORARY_IMAGE=demo:1,course\n"
    )

    _, [heard] = run("save.sh", "f", "more:1", missing="")

    assert heard.split()[1:] == [
        *("hubkit-base", "lab-hub", "lab-proxy", "lab-edge", "a.org/x:1"),
        *("lab-kernel-gateway", "course", "demo:1", PYTHON, "more:1"),
    ]


def test_save_of_what_is_not_here(run, tmp_path):
    """All that is missing is named, and nothing is written."""
    done, heard = run("save.sh", "f", missing=f"{PYTHON} jupyterhub-proxy hubkit-notebook:latest")

    assert (done.returncode, heard) == (1, [])
    assert "not saved: jupyterhub-proxy hubkit-notebook:latest\n" in done.stderr
    assert "'make build'" in done.stderr
    assert list((tmp_path / "there").iterdir()) == []


@pytest.mark.parametrize("file", ["none/f", ".", "/proc/none/f"])
def test_save_where_nothing_can_be_written(run, file):
    done, heard = run("save.sh", file)

    assert (done.returncode, heard) == (1, [])
    assert "cannot be written.\n  Name a file" in done.stderr


def test_save_that_fails(run, saved):
    """Half a file is never left, and the one before stays."""
    before = saved.read_bytes()

    done, _ = run("save.sh", saved.name, FAILS="1")

    assert done.returncode == 1
    assert "the engine did not give all images" in done.stderr
    assert saved.read_bytes() == before
    assert len(list(saved.parent.iterdir())) == 2


def test_save_on_a_full_disk(run, tmp_path):
    """What cannot be written ends it, with where to look."""
    (tmp_path / "there" / "f.part").symlink_to("/dev/full")

    done, _ = run("save.sh", "f")

    assert done.returncode == 1
    assert "was not written.\n  Free some space" in done.stderr
    assert list((tmp_path / "there").iterdir()) == []


def test_load(run, saved, kit):
    """The images are loaded; files an administrator owns are made, as `make build` does."""
    done, heard = run("load.sh", saved.name)

    assert (done.returncode, done.stderr) == (0, "")
    assert heard[0] == f"load --input {saved}"
    assert heard[1].startswith("run ")
    assert heard[1].endswith("jupyterhub-hub hubkit prepare")
    assert "docker compose up -d" in done.stdout


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda file: file.write_bytes(file.read_bytes()[:-1]), id="cut off"),
        pytest.param(lambda file: file.write_bytes(file.read_bytes() + b"\0"), id="longer"),
        pytest.param(lambda file: file.write_bytes(b""), id="empty"),
    ],
)
def test_load_of_a_damaged_file(run, saved, damage):
    """Nothing of it is loaded."""
    damage(saved)

    done, heard = run("load.sh", saved.name)

    assert (done.returncode, heard) == (1, [])
    assert "damaged or not whole. Nothing was loaded.\n  Copy it again" in done.stderr


@pytest.mark.parametrize("content", ["", "no checksum\n", "<html>"])
def test_load_with_a_damaged_checksum(run, saved, content):
    saved.with_name(f"{saved.name}.sha256").write_text(content)

    done, heard = run("load.sh", saved.name)

    assert (done.returncode, heard) == (1, [])
    assert "holds no checksum" in done.stderr


@pytest.mark.parametrize("gone", ["", ".sha256"], ids=["the file", "its checksum"])
def test_load_of_nothing(run, saved, gone):
    path = saved.with_name(f"{saved.name}{gone}")
    path.unlink()

    done, heard = run("load.sh", saved.name)

    assert (done.returncode, heard) == (1, [])
    assert f"{path} is no file that can be read.\n  Copy both" in done.stderr


def test_load_that_fails(run, saved):
    done, heard = run("load.sh", saved, FAILS="1")

    assert (done.returncode, len(heard)) == (1, 1)
    assert "the engine did not take the images" in done.stderr


def test_load_of_another_project(run, saved):
    """Whoever gave the hub another name is told which one the images have."""
    done, _ = run("load.sh", saved.name, missing="jupyterhub-hub")

    assert done.returncode == 1
    assert "none is called jupyterhub-hub.\n  They are of another project" in done.stderr
