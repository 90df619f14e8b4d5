"""How tmpnb was started is read as a shell would."""

from __future__ import annotations

import pytest

from hubkit.ops.tmpnb import line

RUN = "docker run --net=host -d -e CONFIGPROXY_AUTH_TOKEN=x --name=tmpnb"


def read(text):
    """Return what the one line says, which is in order."""
    found, problems = line.read(line.split(text))
    assert not problems
    return found


OPTIONS = "--pool-size=3 --logging=debug"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(OPTIONS, id="options alone"),
        pytest.param(f"orchestrate.py {OPTIONS}", id="the program"),
        pytest.param(
            "python /srv/orchestrate.py --pool_size=3 -logging=debug", id="tornado's forms"
        ),
        pytest.param(f"{RUN} jupyter/tmpnb python orchestrate.py {OPTIONS}", id="docker run"),
        pytest.param(f"{RUN} iqss-tmpnb:2 {OPTIONS}", id="the image alone"),
        pytest.param(f"docker run --name tmpnb jupyter/tmpnb {OPTIONS}", id="a name"),
        pytest.param(
            "orchestrate.py \\\n --pool-size=3 \\\n  --logging=debug\n", id="several lines"
        ),
        pytest.param(f"# tmpnb\nsleep 10\npython orchestrate.py {OPTIONS} &", id="a script"),
        pytest.param(f"docker pull jupyter/demo && orchestrate.py {OPTIONS}", id="behind another"),
    ],
)
def test_options(text):
    assert read(text).options == {"pool-size": "3", "logging": "debug"}


def test_quotes():
    """A value in quotes keeps its spaces and its own quotes."""
    text = """orchestrate.py --command='start-notebook.sh \\
        "--NotebookApp.base_url={base_path} --port={port}"' """

    assert read(text).options["command"].split() == [
        "start-notebook.sh",
        '"--NotebookApp.base_url={base_path}',
        '--port={port}"',
    ]


@pytest.mark.parametrize(
    "before",
    [
        "API_AUTH_TOKEN=a python",
        "docker run -e API_AUTH_TOKEN=a jupyter/tmpnb python",
        "docker run --env API_AUTH_TOKEN=a jupyter/tmpnb python",
        "docker run --env=API_AUTH_TOKEN=a jupyter/tmpnb python",
    ],
)
def test_environment(before):
    assert read(f"{before} orchestrate.py").environment == {"API_AUTH_TOKEN": "a"}


def test_environment_of_the_shell():
    """A name alone passes the shell's own value on."""
    assert read("docker run -e API_AUTH_TOKEN jupyter/tmpnb").environment == {"API_AUTH_TOKEN": ""}


@pytest.mark.parametrize("option", ["-v ", "--volume ", "--volume="])
def test_socket(option):
    """The host's socket is what was mounted, wherever the container saw it."""
    found = read(f"docker run {option}/run/user/1/docker.sock:/docker.sock jupyter/tmpnb")

    assert found.socket == "/run/user/1/docker.sock"


def test_proxy():
    """Whoever gives the whole script is told that the proxy needs nothing either."""
    script = f"{RUN} jupyter/configurable-http-proxy --default-target http://127.0.0.1:9999\n"

    assert read(f"{script}{RUN} jupyter/tmpnb python orchestrate.py").proxy
    assert not read(f"{RUN} jupyter/tmpnb python orchestrate.py").proxy


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "starts no tmpnb"),
        ("jupyterhub --port=1", "starts no tmpnb"),
        ("orchestrate.py\norchestrate.py", "starts tmpnb more than once"),
        ("orchestrate.py --pool-size 3", "is no option"),
    ],
)
def test_refused(text, said):
    _, problems = line.read(line.split(text))

    assert [said in one.wrong for one in problems] == [True]


def test_open_quote():
    with pytest.raises(ValueError, match="No closing quotation"):
        line.split("orchestrate.py --command='a")
