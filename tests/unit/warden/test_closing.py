"""The rules that close ports; that the kernel takes and keeps them, a real container shows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hubkit.warden import closing, processes
from hubkit.warden.refusals import Reason, Refused


def test_rules():
    """Each port once; a table of before is replaced in the same step."""
    found = closing.rules([8888, 22, 8888])

    assert "tcp dport { 22, 8888 } accept" in found
    assert found.split("\n", 3)[1:3] == ["table inet hubkit", "delete table inet hubkit"]
    assert "policy drop" in found


def test_ended():
    """A container that is gone is said to be."""
    with pytest.raises(Refused) as caught:
        closing.close(2**22 + 1, "4f" * 32, [8888])

    assert caught.value.reason is Reason.STOPPED


def test_no_process_of_the_container():
    """The process that has the number now is somebody else's."""
    with pytest.raises(Refused, match="pid: host"):
        closing.close(1, "4f" * 32, [8888])


@pytest.fixture
def applied(monkeypatch):
    """Return what would be done to the network of this very process."""
    found = []
    monkeypatch.setattr(processes, "require_of", lambda *_: None)
    monkeypatch.setattr(closing.syscalls, "enter_network", lambda _: None)
    monkeypatch.setattr(closing, "_apply", found.append)
    return found


def test_this_machines_network(applied, monkeypatch):
    """It is never closed where it can be seen, whatever the engine said of a container."""
    own = Path("/proc/self/ns/net").stat()
    monkeypatch.setattr(closing.Path, "stat", lambda _: own)

    with pytest.raises(Refused, match="this machine's"):
        closing.close(os.getpid(), "4f" * 32, [8888])
    assert applied == []


def test_a_first_process_that_is_secret(applied, monkeypatch):
    """Then the engine's word, which was asked for before, has to do."""

    def refuse(_):
        raise PermissionError

    monkeypatch.setattr(closing.Path, "stat", refuse)

    closing.close(os.getpid(), "4f" * 32, [8888])

    assert applied == [closing.rules([8888])]


@pytest.mark.parametrize(
    ("program", "words"),
    [
        pytest.param("exit 1", "no rules of nftables: exit code 1", id="refused"),
        pytest.param("echo Operation not permitted >&2; exit 1", "not permitted", id="in words"),
        pytest.param("sleep 9", "took longer than", id="stuck"),
        pytest.param(None, "is missing; 'make build' adds it", id="missing"),
    ],
)
def test_no_rules(monkeypatch, tmp_path, program, words):
    """What keeps the kernel from taking rules is said."""
    nft = tmp_path / "nft"
    if program:
        nft.write_text(f"#!/bin/sh\n{program}\n")
        nft.chmod(0o755)
    monkeypatch.setattr(closing, "NFT", str(nft))
    monkeypatch.setattr(closing, "SECONDS", 0.2)
    monkeypatch.setattr(closing.syscalls, "leave_network", lambda: None)
    monkeypatch.setattr(processes, "require", lambda _: None)

    with pytest.raises(Refused, match=words):
        closing.rehearse()


def test_rules_are_written_to_the_program(monkeypatch, tmp_path):
    nft = tmp_path / "nft"
    nft.write_text(f"#!/bin/sh\ncat > {tmp_path}/rules\necho $* > {tmp_path}/words\n")
    nft.chmod(0o755)
    monkeypatch.setattr(closing, "NFT", str(nft))
    monkeypatch.setattr(closing.syscalls, "leave_network", lambda: None)
    monkeypatch.setattr(processes, "require", lambda _: None)

    closing.rehearse()

    assert (tmp_path / "rules").read_text() == closing.rules([1])
    assert (tmp_path / "words").read_text() == "--file -\n"


def test_capabilities_that_are_lacking():
    """They are named; of no process the kernel lets everything."""
    with pytest.raises(Refused, match=r"lacks cap_add: NEVER$"):
        processes.require({"NEVER": 63})
    assert processes.require({}) is None
