"""A small process that forks one child a job: ``python -m hubkit.warden.forks``.

Who enters a mount namespace must have a single thread, and should have nothing else to
do afterwards. A copy of the mounter itself would take five times as long as one of this
process, which has loaded only what a child needs.

Standard input is a socket of packets. Each is a job as JSON and comes with one descriptor,
to which the child writes how it went: ``done``, or a `Reason` and a message in two lines.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
from collections.abc import Callable, Sequence
from typing import Any

from hubkit.warden import closing, mounting
from hubkit.warden.refusals import Reason, Refused

LONGEST_JOB = 128 * 2**10  # bytes
LONGEST_ANSWER = 4096  # bytes; a pipe takes as many at once, see pipe(7)
SECONDS = 5  # that a child may take
DONE = b"done"


def mount_job(process: int, container: str, volumes: list[mounting.Volume], told: str) -> bytes:
    """Return the job that is `mounting.mount`."""
    wanted = [(one.source, one.target, one.read_only) for one in volumes]
    return json.dumps({"mount": [process, container, wanted, told]}).encode()


def close_job(process: int, container: str, ports: Sequence[int]) -> bytes:
    """Return the job that is `closing.close`."""
    return json.dumps({"close": [process, container, list(ports)]}).encode()


def rehearse_job(volumes: str) -> bytes:
    """Return the job that is `mounting.rehearse`."""
    return json.dumps({"rehearse": volumes}).encode()


def rehearse_closing_job() -> bytes:
    """Return the job that is `closing.rehearse`."""
    return json.dumps({"rehearse_closing": True}).encode()


def work_of(job: bytes) -> Callable[[], None]:
    """Return what is to be done for a job."""
    match json.loads(job):
        case {"mount": [process, container, volumes, told]}:
            wanted = [mounting.Volume(*one) for one in volumes]
            return lambda: mounting.mount(process, container, wanted, told)
        case {"close": [process, container, ports]}:
            return lambda: closing.close(process, container, ports)
        case {"rehearse": volumes}:
            return lambda: mounting.rehearse(volumes)
        case {"rehearse_closing": True}:
            return closing.rehearse
    raise ValueError("not a job of this program")


def answer_of(work: Callable[[], None]) -> bytes:
    """Do *work* and return how it went."""
    try:
        work()
    except Refused as refused:
        return f"{refused.reason}\n{refused.message}".encode()[:LONGEST_ANSWER]
    except OSError as error:
        return f"{Reason.FAILED}\nthe kernel refused: {error.strerror}".encode()
    return DONE


def serve(jobs: socket.socket) -> None:
    """Fork a child for each job until the other side closes."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel then buries them
    gc.disable()  # nothing is finalised in a container
    while True:
        job, descriptors, _, _ = socket.recv_fds(jobs, LONGEST_JOB, 1)
        if not job:
            return
        if os.fork() == 0:
            _be_child(job, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _be_child(job: bytes, writing: int) -> Any:
    """Do the job and end, whatever happens: without an answer the pipe just closes."""
    try:
        signal.alarm(SECONDS)
        os.write(writing, answer_of(work_of(job)))
    finally:
        os._exit(0)


def main() -> None:
    """Serve the socket that is standard input."""
    with socket.socket(fileno=os.dup(0)) as jobs:
        serve(jobs)


if __name__ == "__main__":
    main()
