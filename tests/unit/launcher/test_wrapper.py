"""The shell script that servers are started through, with interpreters that say what they got."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest

import hubkit.launcher

SOURCE = Path(hubkit.launcher.__file__).with_name("jupyterhub-singleuser.sh")
SAYS = '#!/bin/sh\nprintf \'%s|\' "${0##*/}" "$@"\n'


class Image:
    """Folders as in a container: /opt/hubkit, and one for the image's own programs."""

    def __init__(self, path: Path):
        self.path = path
        self.kit, self.own = path / "hubkit" / "bin", path / "own"
        self.launcher = path / "hubkit" / "hubkit" / "launcher" / "launch.py"
        self.place(self.kit / "jupyterhub-singleuser", SOURCE.read_text())
        self.place(self.launcher, "")
        self.place(self.own / "python3", SAYS)

    def place(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def script(self, text: str) -> Path:
        return self.place(self.own / "jupyterhub-singleuser", text)

    def run(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        path = env.pop("PATH", f"{self.kit}:{self.own}:/usr/bin:/bin")
        words = (str(self.kit / "jupyterhub-singleuser"), *args)
        return subprocess.run(
            words, env={"PATH": path, **env}, capture_output=True, text=True, check=False
        )


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return Image(tmp_path)


@pytest.mark.parametrize(
    ("first", "options"),
    [
        pytest.param("#!{own}/python3", [], id="a path"),
        pytest.param("#! {own}/python3", [], id="a blank before it"),
        pytest.param("#!{own}/python3 -sE", ["-sE"], id="an option"),
        pytest.param("#!/usr/bin/env python3", [], id="env"),
        pytest.param("#!/bin/sh\n'''exec' {own}/python3 \"$0\" \"$@\"\n' '''", [], id="pip's"),
        pytest.param(
            "#!/bin/sh\n'''exec' \"{own}/python3\" \"$0\" \"$@\"\n' '''", [], id="pip's, quoted"
        ),
        pytest.param("#!/bin/sh\n'''exec' \"{own}/python3\" \"$0\" \"$@\" #'''", [], id="conda's"),
    ],
)
def test_the_image_s_python_runs_the_launcher(image: Image, first: str, options: list[str]):
    script = image.script(first.format(own=image.own) + "\nimport jupyterhub\n")

    done = image.run("--a", "b c")

    said = ["python3", *options, str(image.launcher), str(script), "--a", "b c", ""]
    assert done.stdout.split("|") == said, done.stderr


def test_what_is_no_python_script_runs_itself(image: Image):
    image.script("#!/bin/sh\n:\nprintf 'itself|'; printf '%s|' \"$@\"\n")

    assert image.run("a b").stdout == "itself|a b|"


def test_without_the_launcher_the_script_runs_itself(image: Image):
    image.launcher.unlink()
    image.script(f"#!{image.own}/python3\n#\n")

    done = image.run("a")

    assert done.stdout == f"python3|{image.own}/jupyterhub-singleuser|a|"


def test_a_python_that_is_not_there_is_the_image_s_own_affair(image: Image):
    image.script("#!/nowhere/python3\n#\n")

    done = image.run()

    assert done.returncode == 127
    assert "/nowhere/python3" in done.stderr or "not found" in done.stderr


def test_an_image_without_a_server(image: Image):
    done = image.run()

    assert done.returncode == 127
    assert done.stderr == (
        "jupyterhub-singleuser: not found: this image has no single-user server\n"
    )


def test_a_script_that_cannot_wait_says_so(image: Image):
    image.script("#!/bin/sh\n#\n")

    done = image.run(HUBKIT_WAIT="1")

    assert done.returncode == 78
    assert "cannot be started ahead" in done.stderr


@pytest.mark.parametrize(
    "form", ["{kit}:{own}", "{own}:{kit}", "{kit}:{own}:{kit}", ":{kit}:{own}"]
)
def test_only_its_own_folder_leaves_the_path(image: Image, form: str):
    """What an interpreter is given as PATH, and the environment as it came beside it."""
    shows = '#!/bin/sh\nprintf "%s\\n%s" "$PATH" "$HUBKIT_ENVIRON"\n'
    image.place(image.own / "python3", shows)
    image.script(f"#!{image.own}/python3\n#\n")
    rest = ":/usr/bin:/bin"
    path = form.format(kit=image.kit, own=image.own) + rest

    said, _, came = image.run(PATH=path, X="a\nb").stdout.partition("\n")

    kept = [part for part in path.split(":") if part != str(image.kit)]
    assert said.split(":") == kept
    lines = base64.b64decode(came).split(b"\0")
    assert sorted(filter(None, lines)) == sorted([f"PATH={path}".encode(), b"X=a\nb"])


def test_this_interpreter_reads_what_it_writes(image: Image):
    """The wrapper with a real Python: the environment is as it came."""
    image.place(image.own / "python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    image.script("#!/usr/bin/env python3\nimport os\nprint(sorted(os.environ))\n")
    for name in ("__init__", "environment", "launch", "quick", "standins"):
        source = Path(hubkit.launcher.__file__).with_name(f"{name}.py")
        image.place(image.launcher.with_name(f"{name}.py"), source.read_text())
    image.place(image.launcher.parents[1] / "__init__.py", "")

    done = image.run(HUBKIT_OTHER="1", X="1", LANG="C.UTF-8")

    assert done.stdout == "['LANG', 'PATH', 'X']\n", done.stderr
