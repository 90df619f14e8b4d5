"""What ran in each container: a notebook server, or another program."""

from __future__ import annotations

import pytest

from hubkit import machine
from hubkit.ops.tmpnb.command import command
from hubkit.ops.tmpnb.converters import CannotMap

STOCK = (
    "jupyter notebook --no-browser --port {port} --ip=0.0.0.0 --NotebookApp.base_url={base_path} "
    '--NotebookApp.port_retries=0 --NotebookApp.token="{token}"'
)


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(STOCK, id="tmpnb's own"),
        pytest.param(STOCK.replace("{base_path}", "/{base_path}"), id="the README's"),
        pytest.param(
            'start-notebook.sh "--NotebookApp.base_url={base_path} --ip=0.0.0.0 --port={port} '
            '--NotebookApp.trust_xheaders=True"',
            id="docker-stacks",
        ),
        pytest.param("/opt/conda/bin/jupyter notebook --port={port} {base_path}", id="with a path"),
    ],
)
def test_not_needed(written):
    found = command(written)

    assert (found.lines, found.lost) == ({}, ())


@pytest.mark.parametrize("path", ["{base_path}", "/{base_path}"])
def test_another_program(path):
    """What starts no Jupyter server is kept; the path has its slashes by itself here."""
    found = command(f"rserver --www-root={path} --port {{port}}")

    assert found.lines == {"SERVER_COMMAND": "rserver --www-root={base_path} --port {port}"}
    assert found.lost == ()
    machine.command(found.lines["SERVER_COMMAND"])


def test_another_program_at_a_port_of_its_own():
    """Here the port in the command is not the one tmpnb looked for."""
    with pytest.raises(CannotMap, match=r"write \{port\}"):
        command("rserver --www-root={base_path} --port 8787")


def test_what_else_a_server_was_told():
    """The folder has a setting; all else is named, with where to write it if there is a place."""
    found = command(
        f"{STOCK} --NotebookApp.notebook_dir=/srv/talks --NotebookApp.iopub_data_rate_limit=0 "
        """--NotebookApp.tornado_settings="dict(headers=Content-Security-Policy: """
        """frame-ancestors 'self' https://a.org *; report-uri /x)" """
    )

    assert found.lines == {
        "DOCKER_NOTEBOOK_DIR": "/srv/talks",
        "FRAME_ANCESTORS": "https://a.org",
    }
    [limit, headers] = found.lost
    assert limit.startswith("--NotebookApp.iopub_data_rate_limit=0: write it into ")
    assert headers.startswith("--NotebookApp.tornado_settings=")
    assert headers.endswith("FRAME_ANCESTORS takes no *")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        pytest.param("jupyter notebook", "{base_path} in it", id="without a path"),
        pytest.param("x {base_path} {user}", "no braces but", id="another placeholder"),
        pytest.param("x {base_path} {", "no braces but", id="half a placeholder"),
        pytest.param("x {base_path} {}", "no braces but", id="none"),
        pytest.param("x {base_path} '", "quotes are closed", id="an open quote"),
    ],
)
def test_refused(written, said):
    """What tmpnb could not have run is a mistake of the line."""
    with pytest.raises(ValueError, match=said):
        command(written)
