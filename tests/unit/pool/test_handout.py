"""A container becomes somebody's server in steps whose order survives a hub that is killed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from hubkit.pool import handout
from hubkit.pool.handout import Guest, Handed, Unfit, hand_out
from hubkit.pool.members import Member
from hubkit.warden.refusals import Reason, Refused
from tests.unit.pool.engine import HOME, FakeEngine, FakeMounter, refusal

FOLDER = {"Type": "bind", "Source": "/data", "Target": "/srv/data", "ReadOnly": True}
ADA = Guest(
    user="ada",
    name="jupyter-ada",
    image="lab:1",
    mounts=[HOME, FOLDER],
    new_folders=(),
    env={"JUPYTERHUB_USER": "ada", "NUMBER": 1, "NONE": None},
    limits={"mem_limit": 5, "cpu_shares": 1024},
    labels={},
    folder=PurePosixPath("/etc/jupyterpki"),
)


class Handing:
    """One hand-out, and what was written down of it."""

    def __init__(self):
        self.engine, self.mounter, self.written = FakeEngine(), FakeMounter(), []
        identity = self.engine.add("kit-pool-0000000a", {})
        self.member = Member(identity, "kit-pool-0000000a", "lab:1", "k", 0.0, "t1")

    async def write_down(self, handed):
        self.engine.asked.append("write_down")
        self.written.append(handed)

    async def to(self, guest):
        await hand_out(self.engine, self.mounter, self.member, guest, self.write_down)


@pytest.fixture
def handing():
    return Handing()


async def test_hand_out(handing):
    """The volumes, the identity, the limits and last the name are the user's."""
    await handing.to(ADA)

    assert handing.engine.asked == [
        "inspect_container",
        "write_down",
        "update_container",
        "rename",
    ]
    assert handing.written == [Handed("id1", "t1")]
    assert handing.engine.containers["id1"]["Limits"] == ADA.limits
    assert handing.engine.names == ["jupyter-ada"]
    user, volumes, line = handing.mounter.mounted["id1"]
    assert (user, volumes) == ("ada", ["home-ada"])
    assert json.loads(line) == {"env": {"JUPYTERHUB_USER": "ada", "NUMBER": "1"}}


async def test_one_line():
    """However many lines a variable has, what is told is one."""
    assert "\n" not in handout.identity({"A": "1\n2", "B": "\u2028"})


async def test_files(handing):
    """Certificates are there before anybody is told who they are."""
    await handing.to(replace(ADA, files={"key.pem": b"k"}))

    assert handing.engine.asked[-2:] == ["place", "rename"]


async def test_new_home(handing):
    """A home that does not exist yet is made by the engine before it is written down."""
    await handing.to(replace(ADA, new_folders=("/home/jovyan/work",)))

    assert handing.engine.asked[:3] == ["inspect_container", "make_volumes", "write_down"]


@pytest.mark.parametrize("runs_as", ["", "4242:50"])
async def test_whose_new_home(handing, monkeypatch, runs_as):
    """A new home is given to whom the server runs as."""
    told = []
    ask = handing.engine.asking

    async def asking(method, call, *args):
        told.append((call.__name__, args[-1]))
        await ask(method, call, *args)

    monkeypatch.setattr(handing.engine, "asking", asking)

    await handing.to(replace(ADA, new_folders=("/home/jovyan/work",), runs_as=runs_as))

    assert told == [("make_volumes", runs_as)]


async def test_empty_home(handing):
    """A volume the engine would have filled is filled, and then mounted."""
    handing.mounter.refuses = [Refused(Reason.EMPTY, "empty")]

    await handing.to(ADA)

    assert handing.engine.asked[-2:] == ["make_volumes", "rename"]
    assert handing.mounter.mounted["id1"][0] == "ada"


@pytest.mark.parametrize("times", [1, 2], ids=["for another reason", "empty again"])
async def test_refused(handing, times):
    """What the mounter refuses is not renamed: it stays nobody's."""
    empty, other = Refused(Reason.EMPTY, "empty"), Refused(Reason.NOT_ALLOWED, "not yours")
    handing.mounter.refuses = [empty, empty] if times == 2 else [other]

    with pytest.raises(Refused):
        await handing.to(ADA)

    assert handing.engine.names == ["kit-pool-0000000a"]


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        pytest.param({"Running": False}, "does not run", id="ended"),
        pytest.param({"Paused": True}, "does not run", id="paused"),
        pytest.param({"StartedAt": "later"}, "was restarted", id="restarted"),
        pytest.param(None, "is gone", id="removed"),
    ],
)
async def test_unfit(handing, harm, why):
    """What does not wait as it did is given to nobody, and nothing is written down."""
    if harm:
        handing.engine.containers["id1"]["State"].update(harm)
    else:
        handing.engine.containers.clear()

    with pytest.raises(Unfit, match=why):
        await handing.to(ADA)

    assert not handing.written
    assert not handing.mounter.mounted


@pytest.mark.parametrize(
    ("method", "mounted"),
    [
        pytest.param("inspect_container", False, id="look"),
        pytest.param("update_container", False, id="limits"),
        pytest.param("rename", True, id="name"),
    ],
)
async def test_engine_refuses(handing, method, mounted):
    """An error in any step ends it there, before the name."""
    handing.engine.refuses[method] = [refusal(500)]

    with pytest.raises(type(refusal(500))):
        await handing.to(ADA)

    assert handing.engine.names == ["kit-pool-0000000a"]
    assert bool(handing.mounter.mounted) == mounted


def test_no_secret_in_repr():
    """A guest that gets into a log shows no certificate and no token."""
    shown = repr(replace(ADA, files={"key.pem": b"private"}, env={"T": "secret"}))

    assert "private" not in shown
    assert "secret" not in shown
