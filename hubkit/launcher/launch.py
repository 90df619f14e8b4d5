"""Start a single-user server: `launch.py SCRIPT ARGUMENT…` does what SCRIPT does, sooner."""

from __future__ import annotations

import atexit
import contextlib
import importlib
import os
import runpy
import sys
from pathlib import Path

OWN = Path(__file__).resolve().parent
ROOT = OWN.parents[1]


def main() -> None:
    """Run the script in the first argument, as the interpreter itself would."""
    leaving = Leaving()  # before anything that registers something for the end
    try:
        _run(sys.argv[1])
    except BaseException as error:
        leaving.because(error)
        raise


def _run(script: str) -> None:
    # Where the interpreter put the launcher's folder, the script's belongs.
    if sys.path and Path(sys.path[0]).resolve() == OWN:
        sys.path[0] = str(Path(script).resolve().parent)
    wait = os.environ.get("HUBKIT_WAIT")
    sys.argv = sys.argv[1:]
    try:
        _prepare()
    except Exception as error:  # noqa: BLE001 (the server starts, be it slower)
        _say(f"starting without the launcher's help: {error!r}")
    if wait:
        from hubkit.launcher import waiting  # noqa: PLC0415

        waiting.wait(script)
    runpy.run_path(script, run_name="__main__")


def _prepare() -> None:
    sys.path.insert(0, str(ROOT))
    try:
        from hubkit.launcher import environment, quick, standins  # noqa: PLC0415
    finally:
        sys.path.remove(str(ROOT))
    environment.replace(environment.as_it_came())
    quick.begin()
    standins.install()
    # Jupyter looks for enabled extensions in the folders of this list. In this process alone
    # ours is one of them.
    paths = importlib.import_module("jupyter_core.paths")
    paths.ENV_CONFIG_PATH.append(str(ROOT / "etc"))


class Leaving:
    """Ends the process once nothing is left to be done.

    What was registered earlier is called later: by then threads have ended, and whatever the
    server and its extensions want to do at the end is done. What Python itself would still
    do, taking apart every object one by one, is half of a stop and of no use to anybody.
    """

    def __init__(self) -> None:
        self._code, self._process = 0, os.getpid()
        # Of what site packages registered before, nothing would be called.
        if not getattr(atexit, "_ncallbacks", int)():
            atexit.register(self._leave)

    def because(self, error: BaseException) -> None:
        """Leave as Python does after *error*."""
        if isinstance(error, KeyboardInterrupt):
            atexit.unregister(self._leave)  # Python ends with the signal, which only it can
        code = error.code if isinstance(error, SystemExit) else 1
        self._code = code if isinstance(code, int) else int(code is not None)

    def _leave(self) -> None:
        if os.getpid() != self._process:
            return  # a copy that this process made of itself
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, OSError, ValueError):  # none, cut off, closed
                stream.flush()
        os._exit(self._code & 0xFF)


def _say(what: str) -> None:
    sys.stderr.write(f"hubkit: {what}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
