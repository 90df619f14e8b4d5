"""Write the stylesheet of a workshop's servers: logo, header, and what is hidden.

Runs while the image is built. JupyterLab and the notebook at ``/tree`` each load
``custom/custom.css`` from a folder of their own package.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

SITE = Path("/build/site")  # the checkout's folder `site`, while the image is built
PACKAGES = Path("/opt/notebook/lib")
PLACES = ("jupyter_server/static/custom", "notebook/custom")
# Lessons open as pages, not as their source.
OVERRIDES = Path("/opt/notebook/share/jupyter/lab/settings/overrides.d/workshop.json")
VIEWERS = {
    "@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Markdown Preview"}}
}
TYPES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
LARGEST = 200_000  # bytes; it is part of each page's stylesheet
SELECTOR = re.compile(r"[\w\s.#:>+~*=\"'()\[\]-]+")
LOGO = """
#jp-MainLogo svg, #jp-NotebookLogo svg {{ display: none; }}
#jp-MainLogo, #jp-NotebookLogo {{
  min-width: 40px;
  background: url("{picture}") center / contain no-repeat;
}}
"""
TITLE = """
#top-panel {{ position: relative; }}
#jp-top-panel::after, #top-panel::after {{
  content: "{title}";
  position: absolute;
  z-index: 9;
  top: 0;
  right: 12px;
  line-height: 28px;
  font-weight: 600;
  pointer-events: none;
}}
#top-panel::after {{ line-height: 40px; }}
"""
HIDE = """
{selectors} {{ display: none !important; }}
"""


class Wrong(Exception):
    """A value the stylesheet cannot be made of."""


def logo(name: str, folder: Path) -> str:
    """Return the rules for the picture *name* in *folder*, in the place of Jupyter's own.

    Raises:
        Wrong: It is not there, no picture, or too large.
    """
    path = folder / name
    if path.parent != folder or not path.is_file():
        raise Wrong(f"LOGO_FILE={name} is no file in site/.")
    if path.suffix.lower() not in TYPES:
        raise Wrong(f"LOGO_FILE={name} is no picture: {', '.join(TYPES)}.")
    content = path.read_bytes()
    if len(content) > LARGEST:
        raise Wrong(f"LOGO_FILE={name} has {len(content)} bytes; {LARGEST} are the most.")
    encoded = base64.b64encode(content).decode("ascii")
    return LOGO.format(picture=f"data:{TYPES[path.suffix.lower()]};base64,{encoded}")


def title(text: str) -> str:
    """Return the rule that writes *text* into the header."""
    # A space ends an escape, and is not shown.
    escaped = re.sub(r"[^\w .,:-]", lambda one: f"\\{ord(one[0]):x} ", text)
    return TITLE.format(title=escaped)


def hide(selectors: str) -> str:
    """Return the rule that hides what *selectors*, with commas between them, are about.

    Raises:
        Wrong: One of them is none.
    """
    found = [one.strip() for one in selectors.split(",") if one.strip()]
    wrong = [one for one in found if not SELECTOR.fullmatch(one)]
    if wrong:
        raise Wrong(f"WORKSHOP_HIDE has {', '.join(wrong)}: write CSS selectors, e.g. .no-ipynb.")
    return HIDE.format(selectors=",\n".join(found)) if found else ""


def stylesheet(picture: str, text: str, selectors: str, folder: Path) -> str:
    """Return all of it; what is empty has no rule.

    Raises:
        Wrong: Naming every value that is none.
    """
    rules, wrong = [], []
    for make, given in (
        (lambda: logo(picture, folder), picture),
        (lambda: title(text), text),
        (lambda: hide(selectors), selectors),
    ):
        try:
            rules.append(make() if given else "")
        except Wrong as error:
            wrong.append(str(error))
    if wrong:
        raise Wrong("\n".join(wrong))
    return "".join(rules)


def main(words: Sequence[str] | None = None) -> int:
    """Write the stylesheets; return 1 if anything is wrong, which is then said."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("logo", "title", "hide"):
        parser.add_argument(f"--{name}", default="")
    options = parser.parse_args(words)
    try:
        rules = stylesheet(options.logo, options.title, options.hide, SITE)
    except Wrong as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"workshop: {line}\n")
        return 1
    [packages] = PACKAGES.glob("python3*/site-packages")
    for place in PLACES:
        (packages / place).mkdir(parents=True, exist_ok=True)
        (packages / place / "custom.css").write_text(rules, encoding="utf-8")
    OVERRIDES.parent.mkdir(exist_ok=True)
    OVERRIDES.write_text(json.dumps(VIEWERS, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
