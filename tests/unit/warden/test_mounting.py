"""What is done for a mount, as far as it needs no rights."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from hubkit.warden import mounting, syscalls
from hubkit.warden.refusals import Reason, Refused

MOUNTINFO = r"""
220 138 0:74 / / rw,relatime master:6 - overlay overlay rw,lowerdir=/var/lib
181 220 254:0 /var/lib/docker/volumes/x/_data /home/jovyan/work rw - ext4 /dev/vda rw
182 220 254:0 /a\040b /srv/with\040space\134\011 ro,relatime - ext4 /dev/vda rw
""".lstrip()


def test_mount_points():
    """Where something is mounted, written as it is."""
    expected = {"/", "/home/jovyan/work", "/srv/with space\\\t"}

    assert mounting.mount_points(MOUNTINFO) == expected


@pytest.fixture
def done(monkeypatch):
    """Return what was mounted and unmounted, in order; the tree 3 cannot be mounted."""
    seen = []

    def attach(tree, target):
        if tree == 3:
            raise PermissionError(1, "no")
        seen.append(("attach", tree, target))

    monkeypatch.setattr(syscalls, "attach", attach)
    monkeypatch.setattr(syscalls, "detach", lambda tree: seen.append(("detach", tree)))
    return seen


def test_all_then_told(done):
    mounting._attach([(1, 11), (2, 12)], lambda: done.append("told"))

    assert done == [("attach", 1, 11), ("attach", 2, 12), "told"]


def test_all_or_nothing(done):
    """When the kernel refuses one, those already mounted are unmounted, the last one first."""
    prepared = [(1, 11), (2, 12), (3, 13), (4, 14)]

    with pytest.raises(PermissionError):
        mounting._attach(prepared, lambda: done.append("told"))

    assert done == [("attach", 1, 11), ("attach", 2, 12), ("detach", 2), ("detach", 1)]


def test_nothing_when_nobody_is_told(done):
    def tell():
        raise BrokenPipeError(32, "nobody")

    with pytest.raises(BrokenPipeError):
        mounting._attach([(1, 11), (2, 12)], tell)

    assert done[2:] == [("detach", 2), ("detach", 1)]


@pytest.fixture
def process():
    """Return a process that shows what comes on its standard input."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as made:
        yield made
        made.kill()


def opened(process):
    return os.open(f"/proc/{process.pid}", syscalls.FOLDER)


def test_told(process):
    """One line, while whoever started the process still holds its end."""
    ear = mounting._standard_input(opened(process))
    mounting._tell(ear, "ä")

    assert process.stdout.readline() == "ä\n".encode()


def test_more_than_fits(process):
    """Half a line would be told to somebody: then nothing is mounted."""
    process.send_signal(signal.SIGSTOP)
    ear = mounting._standard_input(opened(process))

    with pytest.raises(OSError, match="nobody reads"):
        mounting._tell(ear, "x" * 2**20)


def test_no_standard_input():
    """What has none, or a terminal, cannot be told."""
    with subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL) as process:
        with pytest.raises(Refused) as caught:
            mounting._standard_input(opened(process))
        process.kill()

    assert caught.value.reason is Reason.NOT_ALLOWED
