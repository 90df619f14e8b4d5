"""Files placed into a container: whose they are, and who may read them."""

from __future__ import annotations

import io
import tarfile

from hubkit.spawner import pki


def test_the_folder_and_its_files_are_the_users_alone():
    content = pki.archive("jupyterpki", {"key.pem": b"secret", "cert.pem": b"public"}, 1000, 100)

    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        found = {one.name: (one.mode, one.uid, one.gid) for one in tar}
        key = tar.extractfile("jupyterpki/key.pem").read()
    assert found == {
        "jupyterpki": (0o500, 1000, 100),
        "jupyterpki/cert.pem": (0o400, 1000, 100),
        "jupyterpki/key.pem": (0o400, 1000, 100),
    }
    assert key == b"secret"
