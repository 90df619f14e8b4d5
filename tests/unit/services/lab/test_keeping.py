"""Whose files are laid out when, and that nothing that goes wrong is in anybody's way."""

from __future__ import annotations

import asyncio
import logging

import pytest
from docker.errors import APIError, NotFound
from requests import Response

from hubkit.services.lab import keeping
from hubkit.services.lab.keeping import Keeper, Offered
from hubkit.services.lab.store import Store
from hubkit.services.lab.taking import Taker
from hubkit.spawner.labels import FILES
from tests.unit.services.lab.archives import JS, archive

FOLDERS = ("/opt/a", "/opt/b")


def refused(status):
    """Return the engine's refusal with this status."""
    answer = Response()
    answer.status_code = status
    return APIError("no", answer)


class FakeEngine:
    """An engine with images: name → (id, folder → archive)."""

    def __init__(self):
        self.images, self.made, self.asked, self.wrong = {}, {}, [], None
        self.client = self

    async def docker(self, method, *args, **kwargs):
        self.asked.append(method)
        if self.wrong:
            raise self.wrong
        return getattr(self, method)(*args, **kwargs)

    async def asking(self, _method, call, *args):
        return call(*args)

    def inspect_image(self, image):
        if image not in self.images:
            raise NotFound("no such image")
        return {"Id": self.images[image][0]}

    def create_container(self, identity, *, command, labels, network_disabled):
        assert (command, network_disabled) == (["hubkit-files"], True)
        self.made[f"c{len(self.asked)}"] = (identity, labels)
        return {"Id": f"c{len(self.asked)}"}

    def get_archive(self, container, path):
        image, _ = self.made[container]
        [found] = [folders for one, folders in self.images.values() if one == image]
        content = found.get(path.removesuffix("/."))
        if isinstance(content, Exception):
            raise content
        if content is None:
            raise NotFound("no such path")
        return iter([content.getvalue()]), {}

    def containers(self, *, filters, **_):
        marks = [f"{name}={value}" for _, own in self.made.values() for name, value in own.items()]
        return [{"Id": one} for one in self.made] if filters["label"] in marks else []

    def remove_container(self, container, *, v, force):
        assert (v, force) == (True, True)
        del self.made[container]


@pytest.fixture
def engine():
    """An engine with one image, whose files are in the second folder."""
    made = FakeEngine()
    made.images["lab:1"] = ("sha256:1", {"/opt/b": archive({JS: b"1"})})
    return made


@pytest.fixture
def keep(engine, tmp_path):
    """Return a function that returns a keeper of the images of some guests."""

    def make(*images, folders=FOLDERS):
        store = Store(tmp_path)
        store.tidy()
        guests = [type("Guest", (), {"images": [image]})() for image in images or ["lab:1"]]
        return Keeper(store, Taker(engine, "hub"), Offered(guests), folders)

    return make


def given_out(folder):
    """Return the names of what is given out."""
    return {path.name for path in (folder / "now").iterdir()}


async def test_look(keep, engine, tmp_path):
    """The first folder that is there counts; nothing is left on the engine."""
    await keep().look()

    assert given_out(tmp_path) == {JS}
    assert engine.made == {}


async def test_once(keep, engine):
    """An image is looked into once, however often the hub is started."""
    await keep().look()
    keeper = keep("lab:1", "lab:1")
    engine.asked.clear()

    await keeper.look()

    assert engine.asked == ["inspect_image"]


async def test_another_image_of_the_name(keep, engine, tmp_path):
    """What was built anew is another image; the old one's files go."""
    keeper = keep()
    await keeper.look()
    engine.images["lab:1"] = ("sha256:2", {"/opt/a": archive({"2.0123456789abcdef.css": b""})})

    await keeper.look()

    assert given_out(tmp_path) == {"2.0123456789abcdef.css"}


async def test_another_folder(keep, engine, tmp_path):
    """A changed setting counts for images that were looked into."""
    engine.images["lab:1"][1]["/opt/c"] = archive({"2.0123456789abcdef.css": b""})
    await keep().look()

    await keep(folders=("/opt/c",)).look()

    assert given_out(tmp_path) == {"2.0123456789abcdef.css"}


async def test_off(keep, engine, tmp_path):
    """Nothing is given out, and the engine is not asked."""
    await keep().look()
    engine.asked.clear()

    await keep(folders=()).look()

    assert (given_out(tmp_path), engine.asked) == (set(), [])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(None, "/nowhere is not in it", id="missing"),
        pytest.param(refused(400), "/nowhere is not in it", id="no folder"),
        pytest.param(archive({"a.js": b""}), "no file there has a name", id="other files"),
    ],
)
async def test_a_path_that_is_wrong(keep, engine, caplog, content, why):
    """It is said once, with the setting and the cure, and other images are looked into."""
    engine.images["other"] = ("sha256:3", {"/nowhere": archive({JS: b"1"})})
    engine.images["lab:1"][1]["/nowhere"] = content
    keeper = keep("lab:1", "other", "not pulled yet", folders=("/nowhere",))

    await keeper.look()
    await keeper.look()

    [said] = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    assert said.startswith(
        f"STATIC_FILES=/nowhere: nothing of lab:1 is given out by the edge: {why}"
    )
    assert "or off." in said
    assert engine.asked.count("create_container") == 2  # one of them the other image's
    assert engine.made == {}


async def test_an_engine_that_refuses(keep, engine, caplog, monkeypatch, tmp_path):
    """It is said once, what is given out stays, and all is well when the engine is."""
    monkeypatch.setattr(keeping, "FIRST", 0)
    monkeypatch.setattr(keeping, "LOOK", 0.001)
    await keep().look()
    engine.wrong = refused(500)

    task = asyncio.create_task(keep().run())
    while len(engine.asked) < 6:
        await asyncio.sleep(0)
    assert given_out(tmp_path) == {JS}
    warned = [one for one in caplog.records if one.levelno == logging.WARNING]
    engine.wrong = None
    while engine.asked[-1] != "inspect_image":
        await asyncio.sleep(0)
    task.cancel()

    assert len(warned) == 1
    assert "later: APIError" in warned[0].getMessage()


async def test_an_engine_that_fails_later(keep, engine):
    """A server error while files are copied is no missing path, and nothing is left."""
    engine.images["lab:1"][1]["/opt/a"] = refused(500)

    with pytest.raises(APIError):
        await keep().look()

    assert engine.made == {}


async def test_tidy(engine):
    """Containers of this hub that were left are removed, and no others."""
    engine.made["mine"] = ("sha256:1", {FILES: "hub"})

    await Taker(engine, "other").tidy()
    assert set(engine.made) == {"mine"}

    await Taker(engine, "hub").tidy()
    assert engine.made == {}
