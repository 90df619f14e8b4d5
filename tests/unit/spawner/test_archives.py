"""Archives for a container: what is in them, whose it is."""

from __future__ import annotations

import io
import tarfile

from hubkit.spawner.archives import Entry, packed


def test_packed():
    """In their order; folders have no content, an empty file is a file."""
    given = [
        Entry("a", 0o1777),
        Entry("a/b", 0o640, b"text", uid=1000, gid=100),
        Entry("a/c", 0o644, b""),
    ]

    with tarfile.open(fileobj=io.BytesIO(packed(given))) as tar:
        found = tar.getmembers()
        assert tar.extractfile("a/b").read() == b"text"

    assert [(one.name, one.mode, one.isdir()) for one in found] == [
        ("a", 0o1777, True),
        ("a/b", 0o640, False),
        ("a/c", 0o644, False),
    ]
    assert [(one.uid, one.gid) for one in found] == [(0, 0), (1000, 100), (0, 0)]
