"""What the person at the terminal sees while it runs."""

from __future__ import annotations

import sys
import time

BEGAN = time.monotonic()


def say(text: str) -> None:
    """Print a line with the minutes and seconds since the start."""
    minutes, seconds = divmod(int(time.monotonic() - BEGAN), 60)
    sys.stdout.write(f"{minutes:3d}:{seconds:02d}  {text}\n")
    sys.stdout.flush()
