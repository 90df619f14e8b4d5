"""What a user's container may use: safe words unless the administrator said otherwise."""

from __future__ import annotations

import pytest
from docker.types import HostConfig, LogConfig

from hubkit.spawner import limits

SAFE = {
    "CapDrop": ["ALL"],
    "SecurityOpt": ["no-new-privileges"],
    "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
}
GB = 2**30


@pytest.mark.parametrize(
    ("given", "pids", "expected"),
    [
        pytest.param({}, 0, SAFE, id="no capabilities, small logs"),
        pytest.param({}, 64, {**SAFE, "PidsLimit": 64}, id="processes"),
        pytest.param(
            {"Memory": GB}, 0, {**SAFE, "Memory": GB, "MemorySwap": GB}, id="memory without swap"
        ),
        pytest.param({"Memory": 0}, 0, {**SAFE, "Memory": 0}, id="no memory limit, no swap limit"),
        pytest.param(
            {"Memory": GB, "MemorySwap": 2 * GB},
            0,
            {**SAFE, "Memory": GB, "MemorySwap": 2 * GB},
            id="swap that was given stays",
        ),
        pytest.param({"PidsLimit": 9}, 64, {**SAFE, "PidsLimit": 9}, id="processes given stay"),
        pytest.param({"CapDrop": []}, 0, {**SAFE, "CapDrop": []}, id="an empty list is a word"),
        pytest.param({"SecurityOpt": None, "Binds": None}, 0, SAFE, id="None is no word"),
        pytest.param({"Binds": ["a:/b"]}, 0, {**SAFE, "Binds": ["a:/b"]}, id="others pass"),
    ],
)
def test_with_defaults(given, pids, expected):
    """What is given wins; where nothing is, the safe word stands."""
    assert limits.with_defaults(given, pids) == expected


def test_given_is_left_alone():
    """The mapping that is passed in is not changed."""
    given = {"Memory": GB}
    limits.with_defaults(given, 64)

    assert given == {"Memory": GB}


def test_words_of_docker():
    """The words are those docker-py itself writes for the same limits."""
    written = HostConfig(
        version="1.45",
        mem_limit="1g",
        memswap_limit="1g",
        pids_limit=64,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        log_config=LogConfig(type="json-file", config={"max-size": "10m", "max-file": "3"}),
    )
    ours = limits.with_defaults(HostConfig(version="1.45", mem_limit="1g"), 64)

    assert ours == written


def test_of_the_machine():
    """A weight and names are words where they are set; what is given wins over them, too."""
    hosts = ("db:10.0.0.1",)
    given = {"CpuShares": 2, "ExtraHosts": []}

    found = limits.with_defaults({}, 0, 512, hosts)

    assert found == {**SAFE, "CpuShares": 512, "ExtraHosts": ["db:10.0.0.1"]}
    assert limits.with_defaults(given, 0, 512, hosts) == {**SAFE, **given}
    words = {"cpu_shares": 512, "extra_hosts": {"db": "10.0.0.1"}}
    given = HostConfig(version="1.45")
    assert limits.with_defaults(given, 0, 512, hosts) == limits.with_defaults(
        HostConfig(version="1.45", **words), 0
    )
