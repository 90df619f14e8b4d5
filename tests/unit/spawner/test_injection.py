"""What is placed into a server's container."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from hubkit.spawner import injection


def entries() -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(injection.archive())) as tar:
        return {f"/{entry.name}": entry for entry in tar.getmembers()}


def test_all_of_it_is_root_s_and_nobody_else_may_write():
    found = entries()

    assert all(path.startswith(injection.FOLDER) for path in found)
    assert {entry.uid for entry in found.values()} == {0}
    assert {entry.gid for entry in found.values()} == {0}
    executable = [path for path, entry in found.items() if entry.isfile() and entry.mode == 0o755]
    assert executable == [f"{injection.FOLDER}/bin/jupyterhub-singleuser"]
    assert {entry.mode for entry in found.values()} == {0o755, 0o644}


def test_nothing_of_the_hub_goes_along():
    code = {path for path in entries() if path.endswith(".py")} - {
        f"{injection.FOLDER}/hubkit/__init__.py"
    }

    assert {str(Path(path).parent) for path in code} == {f"{injection.FOLDER}/hubkit/launcher"}
    assert f"{injection.FOLDER}/hubkit/launcher/launch.py" in code


def test_it_is_made_once():
    assert injection.archive() is injection.archive()


def test_it_runs_without_the_package(tmp_path: Path):
    """The files alone, for a Python that has nothing but its standard library."""
    with tarfile.open(fileobj=io.BytesIO(injection.archive())) as tar:
        tar.extractall(tmp_path, filter="data")
    launcher = tmp_path / f"{injection.FOLDER.lstrip('/')}/hubkit/launcher/launch.py"
    script = tmp_path / "script"
    script.write_text("import sys; print(sys.modules['hubkit'].__file__)")

    words = [sys.executable, "-S", str(launcher), str(script)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == str(launcher.parents[1] / "__init__.py"), done.stderr


@pytest.mark.parametrize(
    ("image_env", "path"),
    [
        (["PATH=/opt/x/bin:/bin", "A=1"], "/opt/x/bin:/bin"),
        (["A=PATH=1"], injection.DEFAULT_PATH),
        (["PATH="], injection.DEFAULT_PATH),
        ([], injection.DEFAULT_PATH),
    ],
)
def test_it_comes_first_on_the_image_s_path(image_env: list[str], path: str):
    assert injection.environment(image_env) == {"PATH": f"{injection.FOLDER}/bin:{path}"}
