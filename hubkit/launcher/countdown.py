"""Tell a visitor in the page itself when their server ends: a line in its last minutes.

JupyterLab and Notebook have no place for that which works in every version, so a small
script is put into the pages that carry ``jupyter-config-data``, whichever program they are.
"""

from __future__ import annotations

import json
import re
from typing import Any

ENDS = "JUPYTERHUB_VISIT_ENDS"  # seconds since 1970; in the environment of a visitor's server
FIRST = 600  # seconds before the end at which the line appears
PAGE = b'id="jupyter-config-data"'
BODY_END = re.compile(rb"</body\s*>", re.IGNORECASE)
SCRIPT = """
<script>
(function (ends, first) {
  var line = document.createElement("div");
  line.id = "hubkit-countdown";
  line.setAttribute("role", "status");
  line.style.cssText = "position:fixed;bottom:0;left:0;right:0;z-index:100000;padding:4px 12px;" +
    "font:14px sans-serif;text-align:center;background:#b3261e;color:#fff;display:none";
  document.addEventListener("DOMContentLoaded", function () { document.body.appendChild(line); });
  function show() {
    var left = Math.round(ends - Date.now() / 1000);
    var minutes = Math.floor(left / 60), seconds = ("0" + (left %% 60)).slice(-2);
    line.style.display = left <= first ? "block" : "none";
    line.textContent = left <= 0
      ? "This temporary server has ended."
      : "This temporary server ends in " + minutes + ":" + seconds +
        ". Download what you want to keep.";
  }
  show();
  setInterval(show, 1000);
})(%s, %s);
</script>
"""


def seconds(written: str | None) -> float:
    """Return the end that the environment tells, 0 where it tells none."""
    try:
        return float(written or 0)
    except ValueError:
        return 0.0


def inserted(page: bytes, ends: float) -> bytes:
    """Return *page* with the script at the end of its body; other pages stay as they are."""
    found = None
    if PAGE in page:
        for found in BODY_END.finditer(page):  # noqa: B007 (the last one)
            pass
    if found is None:
        return page
    script = (SCRIPT % (json.dumps(ends), json.dumps(FIRST))).encode()
    return page[: found.start()] + script + page[found.start() :]


def show(web_app: Any, ends: float) -> None:
    """Put the script into the pages of *web_app*, tornado's `Application`.

    Args:
        web_app: The server's.
        ends: When it ends, seconds since 1970; 0 for never, and nothing is done.
    """
    if not ends:
        return

    class Countdown:
        """One of tornado's output transforms, for whole pages only: those come in one piece."""

        def __init__(self, request: Any):
            pass

        def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:  # noqa: ARG002
            return chunk

        def transform_first_chunk(
            self, status_code: int, headers: Any, chunk: bytes, finishing: bool
        ) -> tuple[int, Any, bytes]:
            if finishing and headers.get("Content-Type", "").startswith("text/html"):
                chunk = inserted(chunk, ends)
                if "Content-Length" in headers:
                    headers["Content-Length"] = str(len(chunk))
            return status_code, headers, chunk

    # Before the one that compresses.
    web_app.transforms.insert(0, Countdown)
