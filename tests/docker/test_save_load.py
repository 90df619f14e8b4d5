"""Images saved in one file come back as they were."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import copy_checkout, run

pytestmark = [pytest.mark.docker, pytest.mark.thorough]

# Stands for the hub's image: the last step of a load runs `hubkit prepare` in it.
HUB = """
FROM hubkit-base
RUN printf '#!/bin/sh\\necho "hubkit: ran $*"\\n' >/usr/local/bin/hubkit
RUN chmod 755 /usr/local/bin/hubkit
"""
OTHER = "FROM hubkit-base\nLABEL part={part}\n"


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[tuple[Path, str, list[str]]]:
    """Return a checkout, its project and its small images; they are removed at the end."""
    project = f"kittest{uuid.uuid4().hex[:6]}"
    copy_checkout(tmp_path)
    notebook = f"{project}-notebook:1"
    (tmp_path / ".env").write_text(
        f"COMPOSE_PROJECT_NAME={project}\nDOCKER_NOTEBOOK_IMAGE={notebook}\n"
    )
    images = [f"{project}-hub", f"{project}-proxy", f"{project}-edge", notebook]
    try:
        for image in images:
            text = HUB if image.endswith("-hub") else OTHER.format(part=image)
            run("docker", "build", "--quiet", "--tag", image, "-", input=text)
        yield tmp_path, project, images
    finally:
        run("docker", "image", "rm", "--force", *images, check=False)


def ids(images: list[str]) -> list[str]:
    """Return what the engine calls them, whatever their names."""
    words = ("docker", "image", "inspect", "--format", "{{.Id}}", *images)
    return list(run(*words).stdout.split())


def test_there_and_back(kit: tuple[Path, str, list[str]]) -> None:
    """Every image is the same one again; a file with one other byte is not taken."""
    root, project, images = kit
    before = ids(images)
    said = run("scripts/save.sh", cwd=root).stdout
    file = root / f"{project}-images.tar.gz"
    assert f"load.sh {file.name}" in said

    run("docker", "image", "rm", "--force", *images)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    refused = run("scripts/load.sh", cwd=root, check=False)
    assert (refused.returncode, "damaged" in refused.stderr) == (1, True)
    assert run("docker", "image", "inspect", images[0], check=False).returncode != 0

    file.write_bytes(whole)
    said = run("scripts/load.sh", cwd=root).stdout
    assert "hubkit: ran prepare" in said
    assert ids(images) == before
