"""`make workshop`, with a recorder in Docker's place: what is built, and in which order."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCKER = """#!/bin/sh
echo "docker $*" >>"$RECORD"
case "$1 $2" in
"build "*)
    case "$*" in *images/workshop/*) ;; *) exit ;; esac
    [ -z "$REFUSES" ] || { printf '%s\\n' "$REFUSES"; exit 1; }
    ;;
"volume inspect") exit "${NEW_HUB:-0}" ;;
"image inspect") exit "${NO_IMAGE:-0}" ;;
esac
"""
HUBKIT = """#!/bin/sh
echo "hubkit $*" >>"$RECORD"
case "$*" in
*--arguments*) printf 'WORKSHOP_TITLE=Data * Carpentry\\nWORKSHOP_REPOS=https://h/a#b\\n' ;;
*--try*) exit "${FAILS:-0}" ;;
esac
"""
NOTHING = '#!/bin/sh\necho "${0##*/}" >>"$RECORD"\n'
REFUSED = "#9 [5/6] RUN x\n#9 1.2 workshop: https://h/a was not cloned: none. Check it.\n1.2 more"


@pytest.fixture
def run(tmp_path):
    """Return a function that runs a script and returns how it ended, and what was asked."""
    root, record = tmp_path / "my kit", tmp_path / "record"
    (root / "scripts").mkdir(parents=True)
    (root / "bundle").write_text("")
    (tmp_path / "bin").mkdir()
    for name in ("workshop.sh", "build.sh", "say.sh"):
        shutil.copy2(ROOT / "scripts" / name, root / "scripts")
    stubs = {root / "scripts" / "hubkit.sh": HUBKIT, tmp_path / "bin" / "docker": DOCKER}
    stubs |= {root / "scripts" / f"{name}.sh": NOTHING for name in ("engine", "base-image", "up")}
    for path, text in stubs.items():
        path.write_text(text)
        path.chmod(0o755)

    def call(*words, env="", **environ):
        (root / ".env").write_text(f"CA_BUNDLE=/etc/hosts\n{env}")
        record.write_text("")
        done = subprocess.run(
            [root / "scripts" / words[0], *words[1:]],
            env={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "RECORD": str(record)} | environ,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return done, record.read_text().splitlines()

    return call


def test_workshop(run):
    """All is looked at first; ``.env`` is changed when the image is there; then the hub starts."""
    done, asked = run("workshop.sh", NEW_HUB="1")

    assert (done.returncode, done.stderr) == (0, "")
    steps = [line for line in asked if line.startswith(("hubkit workshop", "up.sh"))]
    built = next(at for at, line in enumerate(asked) if "images/workshop/Dockerfile" in line)
    assert [line.split(" --arguments")[0] for line in steps] == [
        "hubkit workshop --try",
        "hubkit workshop",
        "hubkit workshop",
        "up.sh",
    ]
    assert asked.index("hubkit workshop") > built


def test_build_arguments(run):
    """What the settings say reaches the build word by word, with the checkout's site/."""
    _, asked = run("build.sh", "workshop")

    [line] = [line for line in asked if "images/workshop/Dockerfile" in line]
    assert "--tag hubkit-workshop:latest" in line
    assert "--build-context site=site" in line
    assert (
        "--build-arg WORKSHOP_TITLE=Data * Carpentry --build-arg WORKSHOP_REPOS=https://h/a#b"
        in line
    )


def test_a_hub_in_use(run):
    """With a volume of data there may be people who sign in."""
    _, asked = run("workshop.sh", env="COMPOSE_PROJECT_NAME=lab\n")

    assert "docker volume inspect lab-data" in asked
    assert {"hubkit workshop --try --in-use", "hubkit workshop --in-use"} <= set(asked)


def test_what_is_refused_first(run):
    """Nothing is built, changed or started."""
    done, asked = run("workshop.sh", FAILS="1")

    assert done.returncode == 1
    assert "up.sh" not in asked
    assert not any("images/workshop" in line for line in asked)


def test_lessons_that_cannot_be_cloned(run):
    """The address is named, once and without the build's log; nothing is changed or started."""
    done, asked = run("workshop.sh", REFUSES=REFUSED)

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "hubkit: hubkit-workshop:latest was not built. Servers go on with the image they have.",
        "  https://h/a was not cloned: none. Check it.",
    ]
    assert "up.sh" not in asked
    assert "hubkit workshop --in-use" not in asked


@pytest.mark.parametrize(
    ("words", "gone", "built"),
    [
        pytest.param(["notebook"], "0", False, id="as it is"),
        pytest.param(["notebook"], "1", True, id="where there is none"),
        pytest.param(["notebook", "--pull"], "0", True, id="anew where that is asked"),
    ],
)
def test_as_the_image_of_servers(run, words, gone, built):
    """`make up` clones nothing that is there: who keeps the lessons may be away."""
    env = "DOCKER_NOTEBOOK_IMAGE=hubkit-workshop:latest\n"
    done, asked = run("build.sh", *words, env=env, NO_IMAGE=gone)

    assert done.returncode == 0
    assert any("images/workshop/Dockerfile" in line for line in asked) == built
    assert not any(line.startswith("docker pull") for line in asked)
