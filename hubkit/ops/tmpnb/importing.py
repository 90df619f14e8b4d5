"""What tmpnb was told, as lines for ``.env``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from hubkit import envfile
from hubkit.errors import HIDDEN, Problem
from hubkit.ops.tmpnb import line as lines
from hubkit.ops.tmpnb.converters import CannotMap
from hubkit.ops.tmpnb.table import ROWS, TABLE, Option
from hubkit.reading import nearest

OPTIONS = [row.shown for row in ROWS if not row.name.isupper()]
VARIABLES = [row.name for row in ROWS if row.name.isupper()]
SOCKET = "/var/run/docker.sock"  # the default of DOCKER_SOCKET
NOT_HERE = "is no option of tmpnb."


@dataclass
class Imported:
    """What was found.

    Attributes:
        env: Names in ``.env`` to values, in the order of the table.
        by_default: Those of `env` that were not written: tmpnb's own defaults.
        nothing: What needs no setting here, each with why.
        lost: What cannot be mapped, each with why.
        problems: What tmpnb could not have meant either; then the rest is not to be used.
    """

    env: dict[str, str] = field(default_factory=dict)
    by_default: set[str] = field(default_factory=set)
    nothing: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def text(self) -> str:
        """Return the lines for ``.env``, with comments, which may stand there too."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        written = [name for name in self.env if name not in self.by_default]
        yield from _block("from tmpnb", (f"{name}={self.env[name]}" for name in written))
        defaults = (f"{name}={self.env[name]}" for name in self.env if name in self.by_default)
        yield from _block("tmpnb's defaults, where this kit's own differ", defaults)
        yield from _block("nothing to set", map(_comment, self.nothing))
        yield from _block("cannot be mapped", map(_comment, self.lost))


def _comment(said: str) -> str:
    """One line, whatever was written: a second one would be read as a setting."""
    return f"#   {' '.join(said.split())}"


def _block(head: str, body: Iterable[str]) -> Iterator[str]:
    found = list(body)
    if found:
        yield f"# --- {head}"
        yield from found


def read(written: Sequence[str]) -> Imported:
    """Return what the command line *written*, one text or words, becomes here."""
    try:
        commands = lines.split(written[0]) if len(written) == 1 else [list(written)]
    except ValueError:
        wrong, cure = "has a quote that is not closed.", "Give it as it was typed, in one piece."
        return Imported(problems=[Problem("the command line", wrong, cure)])
    line, problems = lines.read(commands)
    found = Imported({"AUTH": "temporary"}, problems=problems)
    given = {**line.environment, **line.options}
    for name in sorted(set(given) - set(TABLE)):
        found.problems.extend(_unknown(name, found))
    for row in ROWS:
        if row.name in given:
            _take(row, given[row.name], found)
        elif row.default:
            _default(row, found)
    if line.socket not in {"", SOCKET}:
        found.env["DOCKER_SOCKET"] = line.socket
    if line.proxy:
        found.nothing.append("configurable-http-proxy: it is part of the stack")
    return found


def _unknown(name: str, found: Imported) -> Iterator[Problem]:
    if name.isupper():
        guess = nearest(name, VARIABLES)
        if guess:
            yield Problem(name, "is no variable tmpnb reads.", f"Did you mean {guess}?")
        else:
            found.lost.append(f"{name}: tmpnb does not read it; SERVER_ENV is for servers")
        return
    guess = nearest(f"--{name}", OPTIONS)
    cure = f"Did you mean {guess}?" if guess else "Leave it out."
    yield Problem(f"--{name}", NOT_HERE, cure)


def _take(row: Option, value: str, found: Imported) -> None:
    if not value and not row.flag and not row.name.isupper():
        cure = f"Write {row.shown}=VALUE, in one word; tmpnb takes no other form."
        found.problems.append(Problem(row.shown, "has no value.", cure))
    elif row.flag and value.lower() in {"false", "0", "f"}:
        pass  # as if it were not there
    elif row.lost:
        found.lost.append(f"{row.shown}: {row.about}")
    elif row.convert is None:
        found.nothing.append(f"{row.shown}: {row.about}")
    else:
        _convert(row, value, found)


def _default(row: Option, found: Imported) -> None:
    if row.convert:
        made = row.convert(row.default).lines
        found.by_default |= set(made)
        found.env |= made


def _convert(row: Option, value: str, found: Imported) -> None:
    shown = f"{row.shown}={HIDDEN if row.name.endswith('TOKEN') else value}"
    try:
        made = row.convert(value) if row.convert else None
    except CannotMap as error:
        found.lost.append(f"{shown}: {error}")
        return
    except ValueError as error:
        cure = f"Here it becomes {' and '.join(row.settings)}: {row.about}."
        found.problems.append(Problem(shown, f"must be {error}.", cure))
        return
    if made is None:
        return
    for name, text in made.lines.items():
        _, wrong = envfile.parse(f"{name}={text}\n".encode(), public={name})
        cure = f"Give another value; {name} in .env is taken as written."
        found.problems.extend(Problem(shown, one.wrong, cure) for one in wrong)
    found.env |= made.lines
    found.lost.extend(f"{row.shown}: {one}" for one in made.lost)
    if not made.lines:
        found.nothing.append(f"{row.shown}: {row.about}")
