"""The mounter's end of `hubkit.warden.forks`."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys

from hubkit.warden import forks
from hubkit.warden.refusals import Reason, Refused


class Children:
    """Has jobs done in child processes. Starts the process that forks them when needed."""

    def __init__(self) -> None:
        self._forking: subprocess.Popen[bytes] | None = None
        self._jobs: socket.socket | None = None

    def close(self) -> None:
        """End the process that forks."""
        if self._jobs and self._forking:
            self._jobs.close()
            self._forking.wait()
        self._jobs = self._forking = None

    async def do(self, job: bytes) -> None:
        """Have a job of `hubkit.warden.forks` done.

        Raises:
            Refused: It was not done. Where the child ended or was ended on its way it may
                be half done; the reason then is `Reason.FAILED`.
        """
        reading, writing = os.pipe()
        try:
            try:
                socket.send_fds(self._socket(), [job], [writing])
            finally:
                os.close(writing)
            answer = await _written(reading)
        except (OSError, TimeoutError) as error:
            self.close()
            raise Refused(Reason.FAILED, f"no child process: {error}") from error
        finally:
            os.close(reading)
        if answer != forks.DONE:
            reason, _, message = answer.decode().partition("\n")
            raise Refused(Reason(reason or Reason.FAILED), message or "the child process ended")

    def _socket(self) -> socket.socket:
        if self._jobs and self._forking and self._forking.poll() is None:
            return self._jobs
        self.close()
        self._jobs, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            words = [sys.executable, "-m", forks.__name__]
            self._forking = subprocess.Popen(words, stdin=theirs.fileno())
        return self._jobs


async def _written(reading: int) -> bytes:
    """Return what a child wrote, once it wrote it or ended without."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(reading, readable.set)
    try:
        async with asyncio.timeout(2 * forks.SECONDS):
            await readable.wait()
    finally:
        loop.remove_reader(reading)
    return os.read(reading, forks.LONGEST_ANSWER)
