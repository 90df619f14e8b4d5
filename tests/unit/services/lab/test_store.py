"""What is laid out for the edge: whole or not at all, and nothing that is no file of JupyterLab."""

from __future__ import annotations

import gzip
import stat
import tarfile

import pytest

from hubkit.services.lab import store as module
from hubkit.services.lab.store import NoFiles, Store
from tests.unit.services.lab.archives import FONT, JS, archive

SCRIPT = b"console.log('lab');\n" * 100
TWO = {f"./{JS}": SCRIPT, f"./{FONT}": b"\x00\x01"}


@pytest.fixture
def store(tmp_path):
    """Return an empty one."""
    made = Store(tmp_path)
    made.tidy()
    return made


@pytest.fixture
def now(tmp_path):
    """Return a function: name → content of what is given out."""
    return lambda: {path.name: path.read_bytes() for path in (tmp_path / "now").iterdir()}


def test_put_and_serve(store, now, tmp_path):
    """Each file is there, and where it gets smaller, compressed beside it; all may read."""
    assert store.put("a", archive(TWO)) == 2
    assert store.serve(["a"]) == 3

    found = now()
    assert set(found) == {JS, FONT, f"{JS}.gz"}
    assert (found[JS], gzip.decompress(found[f"{JS}.gz"])) == (SCRIPT, SCRIPT)
    for path in tmp_path.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o755 if path.is_dir() else 0o644)


def test_once(store, tmp_path):
    """What is given out already stays, to the folder."""
    store.put("a", archive(TWO))
    store.serve(["a"])
    before = (tmp_path / "now").resolve()

    store.serve(["a"])

    assert store.has("a")
    assert (tmp_path / "now").resolve() == before


def test_several_images(store, now):
    """Files of all are given out; a name with two contents is nobody's."""
    other = "2.0123456789abcdef.js"
    store.put("a", archive({**TWO, other: b"old" * 99}))
    store.put("b", archive({**TWO, other: b"new" * 99, "3.0123456789abcdef.js": b""}))

    store.serve(["b", "a", "unknown"])

    assert set(now()) == {JS, FONT, f"{JS}.gz", "3.0123456789abcdef.js"}


def test_images_that_are_gone(store, now, tmp_path):
    """Their files go with them; with none left nothing is given out."""
    store.put("a", archive(TWO))
    store.put("b", archive({JS: b"x"}))
    store.serve(["a", "b"])

    store.serve(["b"])
    assert now() == {JS: b"x"}
    assert not store.has("a")
    assert len([*(tmp_path / "sets").iterdir()]) == 1

    assert store.serve([]) == 0
    assert now() == {}


def test_what_is_not_taken(store, now):
    """Neither names that may change, nor folders below, nor ways out of the folder."""
    outside = {"index.html": b"1", f"schemas/x/{JS}": b"1", f"../../{JS}": b"1", f"/a/b/{JS}": b"1"}
    assert store.put("a", archive({**outside, f"static/{FONT}": b"2"})) == 1
    store.serve(["a"])

    assert now() == {FONT: b"2"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_only_files(store, tmp_path, kind):
    """Links and devices of an image are not followed."""
    with pytest.raises(NoFiles, match="no file there has a name"):
        store.put("a", archive({JS: b""}, kind))

    assert [*(tmp_path / "images").iterdir()] == []


@pytest.mark.parametrize("limit", ["MOST", "LARGEST"])
def test_too_much(store, tmp_path, monkeypatch, limit):
    monkeypatch.setattr(module, limit, 1)

    with pytest.raises(NoFiles, match="more than"):
        store.put("a", archive(TWO))

    assert [*(tmp_path / "images").iterdir()] == []


def test_half_an_archive(store, tmp_path):
    """Nothing of it stays, and it is said."""
    whole = archive(TWO)
    whole.truncate(1100)

    with pytest.raises(tarfile.TarError):
        store.put("a", whole)

    assert not store.has("a")
    assert [*(tmp_path / "images").iterdir()] == []


def test_tidy(store, tmp_path):
    """What a hub that was killed left half done is removed, and what was done stays."""
    store.put("a", archive(TWO))
    store.serve(["a"])
    for folder in ("images/.b-1", "sets/.c"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / JS).touch()
    (tmp_path / ".now").symlink_to("sets/.c")

    Store(tmp_path).tidy()

    assert store.has("a")
    assert (tmp_path / "now" / JS).exists()
    assert [path for path in tmp_path.rglob("*") if path.name.startswith(".")] == []


def test_spool(store, tmp_path):
    """An archive lies in the volume, where nobody sees it."""
    with store.spool() as file:
        file.write(b"x")
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
