"""Run the benchmark: ``python -m benchmarks [--rounds N] [WORKLOAD…]``."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import os
import platform
import secrets
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import checkout, cleaning, engine, picture, report, results, summary
from benchmarks.hanging import HangingRegistry
from benchmarks.plan import Sample, Workload
from benchmarks.ports import free_ports
from benchmarks.results import About
from benchmarks.rounds import Turns
from benchmarks.sides.kit import Kit
from benchmarks.sides.side import Common
from benchmarks.sides.stock import Stock
from benchmarks.terminal import say
from benchmarks.workloads import ALL, chosen

SHORT_ROUNDS, FULL_ROUNDS = 3, 6  # the first is dropped


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("workloads", nargs="*", help='names, or "all"; none: the short form')
    parser.add_argument("--rounds", type=int, help="how often; the first is dropped")
    parser.add_argument("--image", help="notebook image of both sides; default: the kit's")
    options = parser.parse_args(words)
    try:
        options.chosen = chosen(options.workloads)
    except ValueError as error:
        parser.error(str(error))
    if options.rounds is None:
        options.rounds = FULL_ROUNDS if options.workloads else SHORT_ROUNDS
    if options.rounds < 1:
        parser.error(f"ROUNDS={options.rounds} must be 1 or more.")
    return options


async def machine() -> str:
    """Return what it runs on, in words for a sentence."""
    version = (await engine.docker("version", "--format", "{{.Server.Version}}")).strip()
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    kernel = platform.release().split("-")[0]
    cores = len(os.sched_getaffinity(0))
    return f"{cores} processors, {memory:.0f} GiB, Linux {kernel}, Docker {version}"


class Bench:
    """One run.

    Attributes:
        tag: What everything it makes begins with.
        folders: Folders to remove at the end.
        failed: Whether a workload measured nothing on a side.
    """

    def __init__(self, options: argparse.Namespace):
        self._options = options
        self.tag = cleaning.new_tag()
        self.folders: list[Path] = []
        self.failed = False
        self._samples: dict[str, dict[str, Sequence[Sample]]] = {}
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Start both sides and let them take turns."""
        self._task = asyncio.current_task()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._stop)
        about = await machine(), await checkout.version()
        for visitors in (False, True):
            chosen = [one for one in self._options.chosen if one.visitors == visitors]
            if not chosen:
                continue
            await asyncio.to_thread(cleaning.remove, self.tag, *self.folders)
            async with HangingRegistry() as registry:
                turns = await self._sides(registry, chosen)
                for workload in chosen:
                    stock, kit = await turns.play(workload, self._options.rounds)
                    self._write(workload, stock, kit, *about)

    def _stop(self) -> None:
        """End the run; a second Ctrl-C does not disturb what the first began."""
        if self._task:
            self._task.cancel()
            self._task = None

    async def _sides(self, registry: HangingRegistry, chosen: Sequence[Workload]) -> Turns:
        """Start both, as *chosen* need them."""
        folder = await checkout.copied(self.tag)
        self.folders.append(folder)
        users = {user for workload in chosen for user in workload.users}
        wants_echo = any(workload.name == "proxy" for workload in chosen)
        common = Common(
            tag=self.tag,
            checkout=folder,
            image=self._options.image or f"hubkit-notebook:{self.tag}",
            token=secrets.token_hex(32),
            users=tuple(sorted(users)),
            address=await engine.address(),
            registry=registry,
            echo=f"http://{self.tag}echo:9000" if wants_echo else "",
            visitors=any(workload.visitors for workload in chosen),
        )
        ports = free_ports(3)
        kit, stock = Kit(common, ports[0], http_port=ports[1]), Stock(common, ports[2])
        say(f"starting hubkit as {kit.project}: make up")
        await kit.start()
        say(f"starting stock JupyterHub as {stock.project}")
        await stock.start()
        return Turns(stock, kit)

    def _write(
        self, workload: Workload, stock: list[Sample], kit: list[Sample], on: str, commit: str
    ) -> None:
        rows = summary.rows(workload, stock, kit)
        self.failed = self.failed or any(row.stock is None or row.hubkit is None for row in rows)
        today = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"
        about = About(today, commit, on, round(summary.load_share([*stock, *kit]), 3))
        every, notes = results.write(rows, {workload.name: about}, list(ALL))
        report.write(every, notes, ALL)
        picture.draw(every, ALL)
        self._samples[workload.name] = {"stock": stock, "hubkit": kit}
        results.write_raw(self._samples)
        for row in rows:
            numbers = (report.number(one) for one in (row.stock, row.hubkit, row.ratio))
            shown = "{:>9} {:>9} {:>7}".format(*numbers)
            say(f"  {row.metric + ' (' + row.unit + ')':42} {shown}")


def main() -> int:
    """Run and clean up, whatever happens."""
    options = arguments(sys.argv[1:])
    bench = Bench(options)
    code = 0
    try:
        asyncio.run(bench.run())
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("stopped; what was measured before is in benchmarks/results")
        code = 130
    except engine.CommandFailed as error:
        sys.stderr.write(f"{error}\n")
        code = 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        say("removing what the run made")
        left = cleaning.remove(bench.tag, *bench.folders)
    if left:
        # An image another's container uses by now is never removed by force.
        sys.stderr.write(f"could not be removed: {' '.join(left)}\n")
    return code or int(bench.failed)


if __name__ == "__main__":
    sys.exit(main())
