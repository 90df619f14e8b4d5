"""Volumes appear in a running container, as those of a cold start do, and nobody else's."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubkit.values import Mount
from hubkit.warden.refusals import Reason, Refused
from tests.mounter import (
    HOME,
    HUB_IMAGE,
    IMAGE,
    MEMBER,
    Pool,
    build_hub_image,
    heard,
    inspect,
    mounts_of,
    sh,
)
from tests.support import run, until

pytestmark = pytest.mark.docker
TOLD = "whose it is"
# Writes down what is in the home at the moment it is told something.
LISTEN = ["sh", "-c", f"read -r told; echo $told: $(cat {HOME}/whose) >/tmp/seen; sleep infinity"]


@pytest.fixture(scope="module")
def images() -> None:
    run("docker", "build", "--tag", IMAGE, "-", input=MEMBER)
    build_hub_image()


@pytest.fixture
def idle(images: None, tmp_path: Path) -> Iterator[Pool]:
    """A pool without a mounter."""
    made = Pool(tmp_path)
    yield made
    made.destroy()


@pytest.fixture(scope="module")
def pool(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    made = Pool(tmp_path_factory.mktemp("pool"))
    try:
        made.start()
        yield made
    finally:
        made.destroy()


def refused(pool: Pool, container: str, *mounts: Mount, user: str = "ada") -> Reason:
    """Return why it was refused, after making sure that nothing was mounted or told."""
    state = inspect(container)["State"]
    before = mounts_of(container) if state["Running"] and not state["Paused"] else None
    with pytest.raises(Refused) as caught:
        pool.mount(container, *mounts, user=user, told=TOLD)
    if before is not None:
        assert mounts_of(container) == before
        assert TOLD not in heard(container)
    return caught.value.reason


def test_it_works_here(pool: Pool):
    assert pool.unsupported() == ""


def test_as_at_a_cold_start(pool: Pool):
    """A home and a read-only volume are mounted just as the engine mounts them."""
    home = pool.home("ada")
    data = pool.extra_mount("data", "/srv/data", read_only=True)
    binds = [f"--volume={home.source}:{HOME}", f"--volume={data.source}:{data.target}:ro"]
    cold, warm = pool.container(*binds), pool.member()

    pool.mount(warm, home, data)

    expected, found = mounts_of(cold), mounts_of(warm)
    assert {target: found[target] for target in (HOME, data.target)} == {
        target: expected[target] for target in (HOME, data.target)
    }
    assert set(found) == set(expected)
    sh(warm, f"echo nonce > {HOME}/file")
    assert sh(cold, f"cat {HOME}/file {data.target}/whose").stdout == f"nonce\n{data.source}\n"
    assert "Read-only" in sh(warm, f"touch {data.target}/x", check=False).stderr


def test_each_user_in_their_own_home(pool: Pool):
    """Ten at once: when they are told they find their own files, and nobody else's."""
    homes = {f"user{number}": pool.home(f"user{number}") for number in range(10)}
    members = {user: pool.member(command=LISTEN) for user in homes}

    async def all_at_once() -> None:
        asked = (
            pool.client.mount(members[user], user, [home], f"for {user}")
            for user, home in homes.items()
        )
        await asyncio.gather(*asked)

    asyncio.run(all_at_once())

    for user, home in homes.items():
        seen = f"for {user}: {home.source}\n"
        until(lambda one=members[user], seen=seen: seen_by(one) == seen, 10, seen)


def seen_by(member: str) -> str:
    return str(sh(member, "cat /tmp/seen", check=False).stdout)


def test_told_as_it_is(pool: Pool):
    """One line, whatever is in it; nobody else hears of it."""
    member, told = pool.member(), '{"env": {"A": "ä \\u0000\\n"}}'

    pool.mount(member, pool.home("ada"), told=told)

    assert heard(member) == f"{told}\n"
    assert told not in run("docker", "logs", f"{pool.project}-mounter").stderr
    assert told not in str(inspect(member))


def test_without_a_home(pool: Pool):
    """Who has none is told only."""
    member = pool.member()
    before = mounts_of(member)

    pool.mount(member, told=TOLD)

    assert mounts_of(member) == before
    assert heard(member) == f"{TOLD}\n"


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


def test_untouched(pool: Pool):
    """Whether something was mounted is seen by the next run of the hub, too."""
    member = pool.member()

    assert untouched(pool, member) is True
    pool.mount(member, pool.home("ada"))
    assert untouched(pool, member) is False


def test_others_are_not_looked_at(pool: Pool):
    strange = pool.container(**{"hubkit.hub": "other", "hubkit.pool": "image"})
    member = pool.member()
    run("docker", "kill", member)

    assert untouched(pool, strange) is Reason.NOT_ALLOWED
    assert untouched(pool, member) is Reason.STOPPED
    assert untouched(pool, "4f" * 32) is Reason.NOT_ALLOWED


def untouched(pool: Pool, container: str) -> bool | Reason:
    try:
        return asyncio.run(pool.client.untouched(container))
    except Refused as caught:
        return caught.reason


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


def test_a_restarted_container_has_no_home(pool: Pool):
    """After a restart of the container the home is gone; it may be assigned again."""
    member, home = pool.member(), pool.home("ada")
    pool.mount(member, home)
    run("docker", "restart", "--time", "0", member)

    assert HOME not in mounts_of(member)
    pool.mount(member, home)
    assert HOME in mounts_of(member)


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


def test_within_the_home(pool: Pool):
    """A volume within the home goes onto a folder there, never through the user's links."""
    home, shared = pool.home("ada"), pool.extra_mount("shared", f"{HOME}/shared")
    pool.within(home.source, "ln -s /srv/empty shared")
    member = pool.member()
    assert refused(pool, member, shared, home) is Reason.TARGET
    pool.within(home.source, "rm shared && mkdir shared")

    pool.mount(member, shared, home)

    found = sh(member, f"cat {HOME}/whose {HOME}/shared/whose").stdout.split()
    assert found == [home.source, shared.source]


def test_a_volume_of_each_user(pool: Pool):
    own = pool.extra_mount("own-ada", "/srv/own")
    member = pool.member()

    pool.mount(member, pool.home("ada"), own)

    assert sh(member, "cat /srv/own/whose").stdout.strip() == own.source


def test_an_empty_home_is_filled_first(pool: Pool):
    """What the engine would fill at a cold start it is to fill before; else nothing is lost."""
    member, home = pool.member(), pool.home("ada", filled=False)
    assert refused(pool, member, home) is Reason.EMPTY
    run("docker", "rm", run("docker", "create", f"-v{home.source}:{HOME}", IMAGE).stdout.strip())

    pool.mount(member, home)

    assert sh(member, f"cat {HOME}/notes").stdout == "hello\n"


def test_an_empty_volume_for_an_empty_folder(pool: Pool):
    member, empty = pool.member(), Mount(pool.volume("empty"), "/srv/empty")

    pool.mount(member, pool.home("ada"), empty)

    assert "/srv/empty" in mounts_of(member)


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


def test_children_that_are_killed(pool: Pool):
    """The process that forks is started again when it is gone."""
    top = run("docker", "top", f"{pool.project}-mounter", "-eo", "pid,args").stdout
    [line] = [line for line in top.splitlines() if "hubkit.warden.forks" in line]
    run("kill", "-9", line.split()[0])
    member = pool.member()

    until(lambda: pool.unsupported() == "", 10, "children again")
    pool.mount(member, pool.home("ada"))

    assert HOME in mounts_of(member)


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
