"""What the mounter refuses: whatever is not this hub's, this user's, or in its place."""

from __future__ import annotations

import asyncio
import os

import pytest

from hubkit.values import Mount
from hubkit.warden.refusals import Reason, Refused
from tests.mounter import HOME, HUB_IMAGE, Pool, heard, mounts_of, refused, sh, untouched
from tests.support import run, until

pytestmark = pytest.mark.docker


@pytest.mark.parametrize("words", ["--interactive=false", "--tty"])
def test_what_cannot_be_told(pool: Pool, words: str):
    """A container that has no pipe as its standard input gets nothing at all."""
    assert refused(pool, pool.member(words), pool.home("ada")) is Reason.NOT_ALLOWED


def test_what_does_not_listen(pool: Pool):
    """When the line does not fit into what was not read yet, the home is gone again."""
    member = pool.member()
    pool.mount(member, told="x" * 60_000)

    with pytest.raises(Refused) as caught:
        pool.mount(member, pool.home("ada"), told="x" * 60_000)

    assert caught.value.reason is Reason.FAILED
    assert HOME not in mounts_of(member)
    assert heard(member).count("\n") == 1


def test_others_are_not_looked_at(pool: Pool):
    strange = pool.container(**{"hubkit.hub": "other", "hubkit.pool": "image"})
    member = pool.member()
    run("docker", "kill", member)

    assert untouched(pool, strange) is Reason.NOT_ALLOWED
    assert untouched(pool, member) is Reason.STOPPED
    assert untouched(pool, "4f" * 32) is Reason.NOT_ALLOWED


def test_one_of_two_at_once(pool: Pool):
    """Asked twice at the same moment, a container gets one home; the other is refused."""
    member, homes = pool.member(), {user: pool.home(user) for user in ("ada", "bob")}

    async def both() -> list[object]:
        asked = (pool.client.mount(member, user, [home], user) for user, home in homes.items())
        return await asyncio.gather(*asked, return_exceptions=True)

    said = asyncio.run(both())

    assert [one.reason for one in said if isinstance(one, Refused)] == [Reason.ASSIGNED]
    lines = sh(member, "cat /proc/self/mountinfo").stdout
    assert lines.count(f" {HOME} ") == 1
    assert heard(member) in ("ada\n", "bob\n")


def test_assigned_once(pool: Pool):
    """A container that has a home gets no other, not even from a mounter started anew."""
    member = pool.member()
    pool.mount(member, pool.home("ada"))

    assert refused(pool, member, pool.home("ada")) is Reason.ASSIGNED
    assert refused(pool, member, pool.home("bob"), user="bob") is Reason.ASSIGNED
    run("docker", "kill", f"{pool.project}-mounter")
    run("docker", "start", f"{pool.project}-mounter")
    until(lambda: pool.unsupported() == "", 20, "the mounter is back")
    assert refused(pool, member, pool.home("bob"), user="bob") is Reason.ASSIGNED


def test_whose_volume(pool: Pool):
    """Only the named user's home of this very hub."""
    hub, user = {"hubkit.hub": pool.project}, {"hubkit.user": "ada"}
    member, mine = pool.member(), pool.home("ada")
    others = {
        "of another hub": pool.volume("other", **{"hubkit.hub": "other"}, **user),
        "without labels": pool.volume("bare"),
        "without a hub": pool.volume("nohub", **user),
        "without a user": pool.volume("nouser", **hub),
    }

    found = {one: refused(pool, member, Mount(name, HOME)) for one, name in others.items()}
    assert found == dict.fromkeys(others, Reason.NOT_ALLOWED)
    assert refused(pool, member, mine, user="bob") is Reason.NOT_ALLOWED
    assert refused(pool, member, Mount(f"{pool.project}-none", HOME)) is Reason.NOT_ALLOWED


def test_a_volume_the_engine_has_to_mount(pool: Pool):
    """A volume with options, as of NFS, is none: the engine mounts it at a start only."""
    own = {"hubkit.hub": pool.project, "hubkit.user": "ada"}
    words = ["--opt=type=tmpfs", "--opt=device=tmpfs"]
    name = pool.volume("tmpfs", *words, **own)

    assert refused(pool, pool.member(), Mount(name, HOME)) is Reason.NOT_ALLOWED


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param({}, id="none"),
        pytest.param({"hubkit.pool": "image"}, id="without a hub"),
        pytest.param({"hubkit.pool": "image", "hubkit.hub": "other"}, id="of another hub"),
        pytest.param({"hubkit.hub": "PROJECT"}, id="outside the pool"),
        pytest.param(
            {"hubkit.pool": "image", "hubkit.hub": "PROJECT", "hubkit.user": "bob"}, id="a user's"
        ),
    ],
)
def test_whose_container(pool: Pool, labels: dict[str, str]):
    given = {name: value.replace("PROJECT", pool.project) for name, value in labels.items()}

    assert refused(pool, pool.container(**given), pool.home("ada")) is Reason.NOT_ALLOWED


@pytest.mark.parametrize("verb", ["stop --time 0", "kill"])
def test_a_container_that_does_not_run(pool: Pool, verb: str):
    member = pool.member()
    run("docker", *verb.split(), member)

    assert refused(pool, member, pool.home("ada")) is Reason.STOPPED


def test_a_container_made_with_a_home(pool: Pool):
    other = pool.home("bob")
    member = pool.member(f"--volume={other.source}:{HOME}")

    assert refused(pool, member, pool.home("ada")) is Reason.ASSIGNED


def test_paths_of_this_site_only(pool: Pool):
    """The home where homes are, further volumes as EXTRA_VOLUMES has them, and no others."""
    member, home = pool.member(), pool.home("ada")
    data = pool.extra_mount("data", "/srv/data", read_only=True)
    wrong = [
        [Mount(home.source, "/srv/own")],
        [Mount(home.source, "/home/jovyan/work/../work")],
        [Mount(home.source, HOME, read_only=True)],
        [data],
        [home, Mount(data.source, "/etc", read_only=True)],
        [home, Mount(data.source, "/srv/data", read_only=False)],
        [home, Mount(home.source, "/srv/own")],
        [home, Mount(f"{pool.project}-own-bob", "/srv/own")],
    ]

    found = [refused(pool, member, *mounts) for mounts in wrong]
    assert found == [Reason.NOT_ALLOWED] * len(wrong)


@pytest.mark.parametrize("place", ["link", "behind", "none", "file"])
def test_paths_that_lead_astray(pool: Pool, place: str):
    """All or nothing: the home is not there either when the second path is a wrong one."""
    target = "/srv/link/behind" if place == "behind" else f"/srv/{place}"
    second = pool.extra_mount(place, target)

    assert refused(pool, pool.member(), pool.home("ada"), second) is Reason.TARGET


def test_who_may_ask(pool: Pool):
    """The socket opens for the hub's account, which alone may enter its folder."""
    os.chown(pool.run_folder, 0, 10001)
    pool.run_folder.chmod(0o750)
    code = "import socket; socket.socket(socket.AF_UNIX).connect('/m/socket')"

    def asked(user: str) -> int:
        words = ["docker", "run", "--rm", f"--user={user}", "--cap-drop=ALL", "--read-only"]
        words += [f"--volume={pool.run_folder}:/m:ro", HUB_IMAGE, "python", "-c", code]
        return run(*words, check=False).returncode

    assert {user: asked(user) for user in ("10001", "10002", "1000:100")} == {
        "10001": 0,
        "10002": 1,
        "1000:100": 1,
    }


@pytest.mark.parametrize("lacking", ["SYS_ADMIN", "SYS_CHROOT", "SYS_PTRACE", "DAC_OVERRIDE"])
def test_each_capability_is_needed(idle: Pool, lacking: str):
    """Without any one of its capabilities nothing is mounted, and the mounter says which."""
    idle.start(lacking=lacking)

    assert idle.unsupported() == f"the mounter lacks cap_add: {lacking}"
    assert refused(idle, idle.member(), idle.home("ada")) is Reason.FAILED


def test_it_must_see_the_processes(idle: Pool):
    idle.start(pid="")

    assert "pid: host" in idle.unsupported()
    assert refused(idle, idle.member(), idle.home("ada")) is Reason.STOPPED


def test_no_mounter(idle: Pool):
    assert "does not answer" in idle.unsupported()
    assert refused(idle, idle.member(), idle.home("ada")) is Reason.FAILED
