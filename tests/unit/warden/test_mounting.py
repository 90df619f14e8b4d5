"""What is done for a mount, as far as it needs no rights."""

from __future__ import annotations

import pytest

from hubkit.warden import mounting, syscalls

MOUNTINFO = r"""
220 138 0:74 / / rw,relatime master:6 - overlay overlay rw,lowerdir=/var/lib
181 220 254:0 /var/lib/docker/volumes/x/_data /home/jovyan/work rw - ext4 /dev/vda rw
182 220 254:0 /a\040b /srv/with\040space\134\011 ro,relatime - ext4 /dev/vda rw
""".lstrip()


def test_mount_points():
    """Where something is mounted, written as it is."""
    expected = {"/", "/home/jovyan/work", "/srv/with space\\\t"}

    assert mounting.mount_points(MOUNTINFO) == expected


def test_all_or_nothing(monkeypatch):
    """When the kernel refuses one, those already mounted are unmounted, the last one first."""
    done = []

    def attach(tree, target):
        if tree == 3:
            raise PermissionError(1, "no")
        done.append(("attach", tree, target))

    monkeypatch.setattr(syscalls, "attach", attach)
    monkeypatch.setattr(syscalls, "detach", lambda tree: done.append(("detach", tree)))

    with pytest.raises(PermissionError):
        mounting._attach([(1, 11), (2, 12), (3, 13), (4, 14)])

    assert done == [("attach", 1, 11), ("attach", 2, 12), ("detach", 2), ("detach", 1)]
