"""Read ``.env`` so that everything that reads it sees the same values.

Docker Compose, ``make`` and this package each read ``.env``. Compose strips quotes and
expands ``$``; a shell chokes on a carriage return. The file is therefore kept to what
all read alike: ``NAME=value`` lines, taken as written.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from hubkit.errors import HIDDEN, Problem

LINE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)")


def parse(content: bytes, *, public: Collection[str] = ()) -> tuple[dict[str, str], list[Problem]]:
    """Return the values in *content* and what is wrong with it.

    Args:
        content: The file's bytes.
        public: Names whose values messages may show. Any other value may be a secret,
            a misspelled name's too.
    """
    problems = []
    if content.startswith(b"\xef\xbb\xbf"):
        problems.append(
            Problem(".env", "begins with a byte order mark.", "Save it as UTF-8 without BOM.")
        )
        content = content[3:]
    if b"\r" in content:
        problems.append(
            Problem(
                ".env",
                "has Windows line ends (CRLF).",
                "Save it with Unix line ends, e.g. sed -i 's/\\r$//' .env",
            )
        )
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return {}, [*problems, Problem(".env", "is not UTF-8 text.", "Save it as UTF-8.")]
    values: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, value, wrong = _line(line)
        shown = f": {name}={value if name in public else HIDDEN}" if name else ""
        if not wrong and name in values:
            wrong = ("is set twice.", "Keep the line you mean.")
        if wrong:
            problems.append(Problem(f".env, line {number}{shown}", *wrong))
        else:
            values[name] = value
    return values, problems


def _line(line: str) -> tuple[str, str, tuple[str, str] | None]:
    match = LINE.fullmatch(line)
    if not match:
        return "", "", ("is not NAME=value.", "Write NAME=value, no spaces around the '='.")
    name, value = match["name"], re.split(r"\s+#", match["value"], maxsplit=1)[0].rstrip()
    if value[:1] in {'"', "'"}:
        return name, value, ("has quotes.", "Remove them; the value is taken as written.")
    if value != value.lstrip():
        return name, value, ("begins with a space.", "Remove the space behind the '='.")
    if "$" in value:
        cure = f"Write it without; a secret may be in a file in secrets/ named in {name}_FILE."
        return name, value, ("has a '$', which Docker Compose would expand.", cure)
    return name, value, None
