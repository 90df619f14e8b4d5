"""The gateway's package is in its image only; what is pure of it is tested here."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "images" / "kernel-gateway"))
