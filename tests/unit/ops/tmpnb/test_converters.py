"""One value of tmpnb as lines for ``.env``."""

from __future__ import annotations

import pytest

from hubkit.ops.tmpnb import converters as to


@pytest.mark.parametrize(
    ("convert", "written", "expected"),
    [
        (to.memory, "512m", {"TEMPORARY_MEM_LIMIT": "512M"}),
        (to.memory, "1gb", {"TEMPORARY_MEM_LIMIT": "1G"}),
        (to.memory, "1g", {"TEMPORARY_MEM_LIMIT": "1G"}),
        (to.memory, "536870912b", {"TEMPORARY_MEM_LIMIT": "536870912"}),
        (to.quota, "100000", {"TEMPORARY_CPU_LIMIT": "1"}),
        (to.quota, "50000", {"TEMPORARY_CPU_LIMIT": "0.5"}),
        (to.quota, "-1", {"TEMPORARY_CPU_LIMIT": "0"}),
        (to.pool, "30", {"TEMPORARY_CAPACITY": "30", "POOL_SIZE": "30"}),
        (to.page, "tree", {"DEFAULT_URL": "/tree"}),
        (to.page, "/lab", {"DEFAULT_URL": "/lab"}),
        (to.account, "1000", {"SERVER_USER": "1000"}),
        (to.account, "1000:100", {"SERVER_USER": "1000:100"}),
        (to.directories, "/a", {"HOST_DIRECTORIES": "/a:/mnt/vol0:rw"}),
        (to.directories, "/a/::ro", {"HOST_DIRECTORIES": "/a/:/mnt/vol0:ro"}),
        (to.directories, "/a:/b:r,/c:/d/", {"HOST_DIRECTORIES": "/a:/b:ro,/c:/d:rw"}),
        (to.directories, "/a:/b:rw,/c", {"HOST_DIRECTORIES": "/a:/b:rw,/c:/mnt/vol1:rw"}),
        (to.network, "tmpnb", {"DOCKER_NETWORK_NAME": "tmpnb"}),
        (to.project, "Demo_2.x", {"COMPOSE_PROJECT_NAME": "demo-2-x"}),
        (to.origin, "*", {"CORS_ORIGINS": "*"}),
        (to.origin, "https://a.org", {"CORS_ORIGINS": "https://a.org"}),
        (to.level, "warning", {"LOG_LEVEL": "WARN"}),
        (to.level, "none", {"LOG_LEVEL": "ERROR"}),
        (to.engine, "unix://var/run/docker.sock", {"DOCKER_SOCKET": "/var/run/docker.sock"}),
        (to.engine, "unix:///docker.sock", {"DOCKER_SOCKET": "/docker.sock"}),
    ],
)
def test_taken(convert, written, expected):
    assert convert(written).lines == expected


def test_secret():
    """A token is not printed: where to put it is."""
    found = to.secret("TEMPORARY_API_TOKEN")("hunter2")

    assert found.lines == {"TEMPORARY_API_TOKEN_FILE": "secrets/temporary-api-token"}


@pytest.mark.parametrize(
    ("convert", "written"),
    [
        (to.memory, "lots"),
        (to.memory, "1m"),
        (to.quota, "half"),
        (to.quota, "1"),
        (to.pool, "0"),
        (to.pool, "1001"),
        (to.seconds("MAX_AGE"), "0"),
        (to.account, "1000:"),
        (to.account, "1:2:3"),
        (to.directories, "data"),
        (to.directories, "/a:/b:rx"),
        (to.directories, "/a:/b:ro:z"),
        (to.directories, "/a:b"),
        (to.origin, "a.org"),
        (to.level, "loud"),
        (to.project, "---"),
    ],
)
def test_refused(convert, written):
    with pytest.raises(ValueError, match=r"."):
        convert(written)


@pytest.mark.parametrize(
    ("convert", "written"),
    [
        (to.account, "root"),
        (to.account, "0:100"),
        (to.account, "jovyan"),
        (to.network, "host"),
        (to.origin, "null"),
        (to.engine, "tcp://10.0.0.1:2376"),
    ],
)
def test_no_place(convert, written):
    """What tmpnb took and this kit does not has a reason."""
    with pytest.raises(to.CannotMap, match=r".{20}"):
        convert(written)
