"""Jobs are done in processes of their own, and how they went comes back."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from hubkit.warden import forks
from hubkit.warden.children import Children
from hubkit.warden.mounting import Volume
from hubkit.warden.refusals import Reason, Refused

ID = "4f" * 32


@pytest.fixture
def children():
    made = Children()
    yield made
    made.close()


def mount_into(process):
    return forks.mount_job(process, ID, [Volume("/x", "/y", read_only=True)], "told")


async def refusal(children, job):
    with pytest.raises(Refused) as caught:
        await children.do(job)
    return caught.value


async def test_another_process(children):
    """A process that is none of the container's is left alone."""
    refused = await refusal(children, mount_into(os.getpid()))

    assert refused.reason is Reason.FAILED
    assert "pid: host" in refused.message


async def test_no_process(children):
    """A process that ended is told apart."""
    refused = await refusal(children, mount_into(2**22 + 1))

    assert refused.reason is Reason.STOPPED


async def test_many_at_once(children):
    """Each gets its own answer."""
    jobs = [mount_into(os.getpid()), mount_into(2**22 + 1)] * 10
    said = await asyncio.gather(*(refusal(children, job) for job in jobs))

    assert [one.reason for one in said] == [Reason.FAILED, Reason.STOPPED] * 10


async def test_a_broken_job(children):
    """A child that ends without an answer is a failure, and the next one works."""
    refused = await refusal(children, b"no job")
    assert (refused.reason, refused.message) == (Reason.FAILED, "the child process ended")

    assert (await refusal(children, mount_into(2**22 + 1))).reason is Reason.STOPPED


async def test_killed(children):
    """The process that forks is started anew when it is gone."""
    await refusal(children, mount_into(2**22 + 1))
    gone = children._forking
    os.kill(gone.pid, signal.SIGKILL)
    gone.wait()

    assert (await refusal(children, mount_into(2**22 + 1))).reason is Reason.STOPPED


async def test_closed(children):
    """Nothing is left when it is closed; closing twice is closing."""
    await refusal(children, mount_into(2**22 + 1))
    forking = children._forking
    children.close()
    children.close()

    assert forking.poll() == 0


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (None, b"done"),
        (Refused(Reason.TARGET, "/x is no folder"), b"target\n/x is no folder"),
        (
            OSError(1, "Operation not permitted"),
            b"failed\nthe kernel refused: Operation not permitted",
        ),
    ],
)
def test_answers(error, answer):
    def work():
        if error:
            raise error

    assert forks.answer_of(work) == answer
