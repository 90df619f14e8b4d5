"""Volumes appear in a running container, as those of a cold start do, and nobody else's."""

from __future__ import annotations

import asyncio

import pytest

from hubkit.values import Mount
from hubkit.warden.refusals import Reason
from tests.mounter import HOME, IMAGE, TOLD, Pool, heard, inspect, mounts_of, refused, sh, untouched
from tests.support import run, until

pytestmark = pytest.mark.docker
# Writes down what is in the home at the moment it is told something.
LISTEN = ["sh", "-c", f"read -r told; echo $told: $(cat {HOME}/whose) >/tmp/seen; sleep infinity"]


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


def test_untouched(pool: Pool):
    """Whether something was mounted is seen by the next run of the hub, too."""
    member = pool.member()

    assert untouched(pool, member) is True
    pool.mount(member, pool.home("ada"))
    assert untouched(pool, member) is False


def test_a_restarted_container_has_no_home(pool: Pool):
    """After a restart of the container the home is gone; it may be assigned again."""
    member, home = pool.member(), pool.home("ada")
    pool.mount(member, home)
    run("docker", "restart", "--time", "0", member)

    assert HOME not in mounts_of(member)
    pool.mount(member, home)
    assert HOME in mounts_of(member)


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


def test_children_that_are_killed(pool: Pool):
    """The process that forks is started again when it is gone."""
    top = run("docker", "top", f"{pool.project}-mounter", "-eo", "pid,args").stdout
    [line] = [line for line in top.splitlines() if "hubkit.warden.forks" in line]
    run("kill", "-9", line.split()[0])
    member = pool.member()

    until(lambda: pool.unsupported() == "", 10, "children again")
    pool.mount(member, pool.home("ada"))

    assert HOME in mounts_of(member)
