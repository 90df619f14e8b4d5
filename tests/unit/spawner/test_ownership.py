"""A brand-new home becomes its user's before the server starts."""

from __future__ import annotations

import io
import tarfile

import pytest

from hubkit.spawner import ownership

PASSWD = "root:x:0:0:root:/root:/bin/sh\njovyan:x:1000:100::/home/jovyan:/bin/bash\n"
HOME = "/home/jovyan/work"


def tar(name, *, uid=0, content=None):
    """Return an archive of one file, or of one folder where there is no *content*."""
    entry = tarfile.TarInfo(name)
    entry.uid, entry.type = uid, tarfile.DIRTYPE if content is None else tarfile.REGTYPE
    entry.size = len(content or b"")
    with io.BytesIO() as buffer:
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            archive.addfile(entry, io.BytesIO(content or b""))
        return buffer.getvalue()


class Client:
    """The calls of ``docker.APIClient`` for one container, which records what it is sent."""

    def __init__(self, user, *, home_owner=0, passwd=PASSWD):
        self.user, self.sent, self.closed = user, [], []
        self.files = {
            "/etc/passwd": tar("passwd", content=passwd.encode()),
            HOME: tar("work", uid=home_owner),
        }

    def inspect_container(self, container):
        assert container == "4f9a"
        return {"Config": {"User": self.user}}

    def get_archive(self, container, path):
        return self._send(path), {"name": path}

    def _send(self, path):
        """Send as docker-py does: a generator, in pieces that end anywhere."""
        try:
            whole = self.files[path]
            yield from (whole[at : at + 700] for at in range(0, len(whole), 700))
        finally:
            self.closed.append(path)

    def put_archive(self, container, path, data):
        self.sent.append((container, path, data))


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        pytest.param("", (0, 0), id="nobody named is root"),
        pytest.param("root", (0, 0), id="root"),
        pytest.param("jovyan", (1000, 100), id="a name"),
        pytest.param("1000", (1000, 100), id="a number with an entry"),
        pytest.param("4242", (4242, 0), id="a number without an entry"),
        pytest.param("jovyan:50", (1000, 50), id="a name and a group"),
        pytest.param("1000:50", (1000, 50), id="a number and a group"),
        pytest.param("4242:50", (4242, 50), id="numbers without an entry"),
        pytest.param("jovyan:users", (1000, 100), id="a group's name is the user's own group"),
        pytest.param("nobody", (0, 0), id="an unknown name"),
    ],
)
def test_owner(user, expected):
    """The user of an image is found as the engine finds it."""
    assert ownership.owner(user, PASSWD) == expected


@pytest.mark.parametrize("line", ["", "#", "jovyan", "jovyan:x:1000", "+::::::"])
def test_odd_lines(line):
    """Lines of ``/etc/passwd`` that are no entries are passed over."""
    assert ownership.owner("jovyan", f"{line}\n{PASSWD}") == (1000, 100)


def test_give_folder():
    """Root's new folder becomes the user's by one archive of that folder alone."""
    client = Client("jovyan")

    ownership.give_folder(client, "4f9a", HOME)

    [(container, path, data)] = client.sent
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        [entry] = archive.getmembers()
    assert (container, path) == ("4f9a", "/home/jovyan")
    assert (entry.name, entry.isdir(), entry.mode) == ("work", True, 0o755)
    assert (entry.uid, entry.gid) == (1000, 100)


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(Client(""), id="the image runs as root"),
        pytest.param(Client("0"), id="the image runs as root by number"),
        pytest.param(Client("jovyan", home_owner=1000), id="Docker made it the user's"),
        pytest.param(Client("jovyan", home_owner=1001), id="it is somebody's"),
        pytest.param(Client("jovyan", passwd=""), id="nobody knows the user"),
    ],
)
def test_left_alone(client):
    """A folder that is not root's, or not to be given, is left as it is."""
    ownership.give_folder(client, "4f9a", HOME)

    assert client.sent == []


class LargeHome(Client):
    """A client of a container whose home is too large to be read."""

    def _send(self, path):
        yield from super()._send(path)
        if path == HOME:
            pytest.fail("read on after the first entry")


@pytest.mark.parametrize("owner", [0, 1000], ids=["root's", "the user's"])
def test_a_large_home_is_not_read(owner):
    """Of a home only its first entry is read, and the engine is told that no more is wanted."""
    client = LargeHome("jovyan", home_owner=owner)
    client.files[HOME] = client.files[HOME][:512] + b"\0" * 2**20

    ownership.give_folder(client, "4f9a", HOME)

    assert bool(client.sent) == (owner == 0)
    assert client.closed == ["/etc/passwd", HOME]


def sent_entries(client):
    """Return what was sent, all of it: name → (uid, gid, mode, content)."""
    found = {}
    for _, _, data in client.sent:
        file = io.BytesIO(data) if isinstance(data, bytes) else data
        with tarfile.open(fileobj=file) as archive:
            for entry in archive:
                content = archive.extractfile(entry).read() if entry.isreg() else None
                found[entry.name] = (entry.uid, entry.gid, entry.mode, content)
    return found


def test_taken():
    """Of another user than the image's, the image's own folder is taken, its mode is kept."""
    client = Client("4242:50", home_owner=1000)

    ownership.give_folder(client, "4f9a", HOME, taken=True)

    assert sent_entries(client) == {"work": (4242, 50, 0o644, None)}


def test_taken_already():
    """What is theirs is left alone."""
    client = Client("4242", home_owner=4242)

    ownership.give_folder(client, "4f9a", HOME, taken=True)

    assert client.sent == []


class Filled(Client):
    """A client of a container whose home has what the image put there."""

    def __init__(self, user):
        super().__init__(user)
        with io.BytesIO() as buffer:
            with tarfile.open(fileobj=buffer, mode="w") as archive:
                for name, uid, content in (
                    ("work", 1000, None),
                    ("work/lesson", 1000, b"x" * 2000),
                    ("work/fixed", 0, b"root's"),
                ):
                    entry = tarfile.TarInfo(name)
                    entry.uid, entry.size = uid, len(content or b"")
                    entry.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
                    archive.addfile(entry, io.BytesIO(content or b""))
            self.files[HOME] = buffer.getvalue()

    def put_archive(self, container, path, data):
        super().put_archive(container, path, io.BytesIO(data.read()))


def test_give_content():
    """With the folder goes all in it that was its owner's, and nothing else."""
    client = Filled("4242:50")

    ownership.give_content(client, "4f9a", HOME)

    assert [(container, path) for container, path, _ in client.sent] == [("4f9a", "/home/jovyan")]
    assert sent_entries(client) == {
        "work": (4242, 50, 0o644, None),
        "work/lesson": (4242, 50, 0o644, b"x" * 2000),
        "work/fixed": (0, 0, 0o644, b"root's"),
    }


@pytest.mark.parametrize("user", ["jovyan", "0"], ids=["theirs", "root"])
def test_content_left_alone(user):
    client = Filled(user)

    ownership.give_content(client, "4f9a", HOME)

    assert client.sent == []


@pytest.mark.parametrize(
    ("owner", "more", "sent"),
    [
        pytest.param(1000, b"", {"work": (4242, 50, 0o644, None)}, id="the engine's doing"),
        pytest.param(1000, tar("work/x", content=b"1"), {}, id="somebody's files"),
        pytest.param(4242, b"", {}, id="theirs"),
        pytest.param(0, b"", {}, id="root's"),
    ],
)
def test_give_empty(owner, more, sent):
    """A folder with nothing in it is given, and no other."""
    client = Client("4242:50", home_owner=owner)
    client.files[HOME] = client.files[HOME][:512] + (more or bytes(1024))

    ownership.give_empty(client, "4f9a", HOME)

    assert sent_entries(client) == sent
