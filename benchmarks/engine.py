"""What the benchmark asks of the Docker engine, through its command."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SECONDS = 900
END_SECONDS = 10  # for a command to end by itself
MAKE = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")  # of a make above this program


class CommandFailed(RuntimeError):
    """A command ended with an error; its last words are the message."""


async def run(
    *words: str,
    cwd: Path | None = None,
    given: str | None = None,
    check: bool = True,
    seconds: float = SECONDS,
) -> str:
    """Run a command and return what it printed.

    Args:
        words: The command.
        cwd: Where.
        given: Its standard input; None for none.
        check: Whether an exit code other than 0 is an error.
        seconds: Until it is ended.

    Raises:
        CommandFailed: It ended with an error, or was ended.
    """
    process = await _begin(words, cwd, asyncio.subprocess.DEVNULL if given is None else PIPE)
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate(None if given is None else given.encode())
    except asyncio.CancelledError:
        await _end(process)
        raise
    except TimeoutError as error:
        await _end(process)
        raise CommandFailed(f"{' '.join(words)}: not done after {seconds} s") from error
    if check and process.returncode != 0:
        last = (out + err).decode(errors="replace").strip().splitlines()[-20:]
        raise CommandFailed("\n".join([f"{' '.join(words)}: exit {process.returncode}", *last]))
    return out.decode(errors="replace")


async def _begin(words: Sequence[str], cwd: Path | None, stdin: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *words,
        cwd=cwd,
        env={name: os.environ[name] for name in os.environ.keys() - set(MAKE)},
        stdin=stdin,
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,  # so that what the command runs can be ended with it
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a command and what it runs: it would go on making what is being removed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), END_SECONDS)


async def docker(*words: str, **how: Any) -> str:
    """Run ``docker`` with *words*; see `run`."""
    return await run("docker", *words, **how)


async def inspect(name: str) -> dict[str, Any]:
    """Return what the engine knows of a container, network or image."""
    found: dict[str, Any] = json.loads(await docker("inspect", name))[0]
    return found


async def containers(prefix: str, *, every: bool = False) -> list[str]:
    """Return names of running (or of all) containers that begin with *prefix*."""
    words = ("ps", "--all") if every else ("ps",)
    listed = await docker(*words, "--format", "{{.Names}}")
    return [name for name in listed.split() if name.startswith(prefix)]


async def paused(prefix: str) -> set[str]:
    """Return names of paused containers that begin with *prefix*."""
    listed = await docker("ps", "--filter", "status=paused", "--format", "{{.Names}}")
    return {name for name in listed.split() if name.startswith(prefix)}


async def address() -> str:
    """Return an address of this machine on which published ports are reached directly.

    On loopback a process of the engine's would copy every byte.
    """
    network = await inspect("bridge")
    return str(network["IPAM"]["Config"][0]["Gateway"])
