"""What servers may have of the machine and of the network."""

from __future__ import annotations

import re

import pytest

from hubkit import machine, settings
from hubkit.values import Mount

ELSEWHERE = {"KG_URL": "https://gateway.example.org"}


@pytest.mark.parametrize(
    ("parse", "written", "expected"),
    [
        (machine.shares, "2", 2),
        (machine.shares, "262144", 262144),
        (machine.user, "1000", "1000"),
        (machine.user, "1000:100", "1000:100"),
        (machine.user, "1000:0", "1000:0"),
        (machine.network, "off", "off"),
        (machine.ports, "8786", (8786,)),
        (machine.ports, "8786, 1,65535,", (8786, 1, 65535)),
        (machine.ports, "all", None),
        (machine.hosts, "db:10.0.0.1", ("db:10.0.0.1",)),
        (
            machine.hosts,
            "DB.lab:10.0.0.1, me:host-gateway,",
            ("db.lab:10.0.0.1", "me:host-gateway"),
        ),
        (machine.hosts, "v6:::1,v6:[fd00::1]", ("v6:::1", "v6:fd00::1")),
        (machine.directories, "/srv/data:/data", (Mount("/srv/data", "/data", True),)),
        (machine.directories, "/srv//data/:/data/:ro", (Mount("/srv/data", "/data", True),)),
        (
            machine.directories,
            "/a:/b:rw, /c:/d",
            (Mount("/a", "/b", False), Mount("/c", "/d", True)),
        ),
    ],
)
def test_taken(parse, written, expected):
    assert parse(written) == expected


@pytest.mark.parametrize(
    ("parse", "written"),
    [
        (machine.shares, "1"),
        (machine.shares, "0"),
        (machine.shares, "262145"),
        (machine.shares, "half"),
        (machine.user, "0"),
        (machine.user, "00:5"),
        (machine.user, "jovyan"),
        (machine.user, "1000:users"),
        (machine.user, "1000:"),
        (machine.user, "-1"),
        (machine.user, "4294967295"),
        (machine.user, "1000:4294967295"),
        (machine.user, "1000\n"),
        (machine.network, "on"),
        (machine.ports, "0"),
        (machine.ports, "65536"),
        (machine.ports, "8786-8790"),
        (machine.ports, "8786,all"),
        (machine.ports, "none"),
        (machine.network, "OFF"),
        (machine.hosts, "db"),
        (machine.hosts, "db:"),
        (machine.hosts, ":10.0.0.1"),
        (machine.hosts, "db:elsewhere"),
        (machine.hosts, "d b:10.0.0.1"),
        (machine.hosts, "db:10.0.0.1:80"),
        (machine.directories, "data:/data"),
        (machine.directories, "/data"),
        (machine.directories, "/data:data"),
        (machine.directories, "/data:/data:rx"),
        (machine.directories, "/data/../etc:/data"),
        (machine.directories, "/data:/data/.."),
        (machine.directories, "/data:/"),
    ],
)
def test_refused(parse, written):
    with pytest.raises(ValueError, match=r"."):
        parse(written)


@pytest.mark.parametrize(
    ("environ", "about", "words"),
    [
        pytest.param(
            {"HOST_DIRECTORIES": "/a:/home/jovyan/work"},
            "HOST_DIRECTORIES: /a:/home/jovyan/work",
            "see DOCKER_NOTEBOOK_DIR",
            id="the home",
        ),
        pytest.param(
            {"HOST_DIRECTORIES": "/a:/b", "EXTRA_VOLUMES": "v:/b/"},
            "HOST_DIRECTORIES: /a:/b",
            "see EXTRA_VOLUMES",
            id="another volume",
        ),
        pytest.param(
            {"HOST_DIRECTORIES": "/a:/home/jovyan"},
            "HOST_DIRECTORIES: /a:/home/jovyan",
            "would have /home/jovyan/work in it",
            id="around the home",
        ),
        pytest.param(
            {"HOST_DIRECTORIES": "/a:/c,/b:/c:rw"},
            "HOST_DIRECTORIES: /b:/c",
            "see HOST_DIRECTORIES itself",
            id="twice",
        ),
        *(
            pytest.param(
                {"HOST_DIRECTORIES": f"{folder}:/x"},
                f"HOST_DIRECTORIES: {folder}:/x",
                "root of this machine",
                id=folder,
            )
            for folder in (
                "/",
                "/var",
                "/run",
                "/var/run/docker.sock",
                "/var/lib/docker",
                "/run/containerd",
            )
        ),
        pytest.param(
            {"NETWORK_ACCESS": "off", **ELSEWHERE},
            "KG_URL=https://gateway.example.org",
            "cannot be reached",
            id="a gateway elsewhere",
        ),
        pytest.param(
            {"NETWORK_ACCESS": "off", "EXTRA_HOSTS": "a:10.0.0.1,b:host-gateway"},
            "EXTRA_HOSTS: b:host-gateway",
            "cannot reach",
            id="this machine",
        ),
    ],
)
def test_clash(environ, about, words):
    """What cannot be had together is said, with what to do."""
    [problem] = settings.check(environ)[1]

    assert problem.what == about
    assert words in problem.wrong
    assert problem.cure


@pytest.mark.parametrize("folder", ["/var/run", "/run/docker.sock", "/var/run/docker.sock"])
def test_the_socket_by_either_name(folder):
    """/var/run is /run, whichever of them DOCKER_SOCKET says."""
    environ = {"HOST_DIRECTORIES": f"{folder}:/x", "DOCKER_SOCKET": "/run/docker.sock"}

    [problem] = settings.check(environ)[1]

    assert "root of this machine" in problem.wrong


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"HOST_DIRECTORIES": "/srv/a:/a,/variable:/b:rw"}, id="folders"),
        pytest.param({"EXTRA_HOSTS": "b:host-gateway", **ELSEWHERE}, id="network"),
        pytest.param({"NETWORK_ACCESS": "off", "EXTRA_HOSTS": "a:10.0.0.1"}, id="no network"),
        pytest.param({"NETWORK_ACCESS": "off", "COMPOSE_PROFILES": "gateway"}, id="own gateway"),
    ],
)
def test_together(environ):
    assert settings.check(environ)[1] == []


@pytest.mark.parametrize(
    "written",
    [
        "app --port={port}",
        "cd /x && exec app --on {ip}:{port} --at '{base_path}' --word {token}",
        "app {port} '{{}}'",
    ],
)
def test_command(written):
    assert machine.command(written) == written


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("app --port=8888", "{port} in it"),
        ("app {port} {user}", "no braces but {base_path}, {port}"),
        ("app {port} {", "no braces but"),
        ("app {port} {}", "no braces but"),
        ("app {port} 'a", "quotes are closed"),
    ],
)
def test_command_refused(written, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        machine.command(written)


@pytest.mark.parametrize(
    ("environ", "what"),
    [
        ({"SERVER_PORTS": "all"}, "SERVER_PORTS=all"),
        ({"SERVER_PORTS": "8786,8889"}, "SERVER_PORTS=8889"),
        (ELSEWHERE, "KG_URL=https://gateway.example.org"),
        ({"COMPOSE_PROFILES": "gateway"}, "KG_URL=https://kernel-gateway:8888"),
    ],
)
def test_what_a_program_cannot_have(environ, what):
    """It asks for no sign-in, and has no kernels."""
    assert settings.check({"SERVER_COMMAND": "app {port}", "SERVER_PORTS": "8786"})[1] == []

    [problem] = settings.check({"SERVER_COMMAND": "app {port}", **environ})[1]

    assert problem.what == what
    assert "empty SERVER_COMMAND" in problem.cure


def test_nothing_set():
    """Where nothing is said, servers are what they were."""
    found, problems = settings.check({})

    assert problems == []
    assert (found.cpu_shares, found.server_user, found.network_access) == (0, "", "")
    assert (found.extra_hosts, found.host_directories, found.server_ports) == ((), (), ())
    assert found.servers_network == found.docker_network_name
