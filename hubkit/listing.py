"""Change the text of the userlist by its lines; remarks, order and blank lines stay."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from hubkit.errors import ConfigError, Problem
from hubkit.userlist import Userlist, canonical, is_name

UNCHANGED = "nothing was changed"
LINE_ENDS = re.compile(r"(\r\n?|\n)")
MARKS = {"": False, "no": False, "false": False, "0": False}
MARKS |= {"admin": True, "yes": True, "true": True, "1": True, "x": True}


@dataclass(frozen=True)
class Difference:
    """What one list has that another had not; all names in order."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()
    no_admins: tuple[str, ...] = ()

    @classmethod
    def between(cls, old: Userlist, new: Userlist) -> Difference:
        """Return what changed from *old* to *new*."""

        def more(these: Collection[str], those: Collection[str]) -> tuple[str, ...]:
            return tuple(sorted(set(these) - set(those)))

        return cls(
            more(new.members, old.members),
            more(old.members, new.members),
            more(new.admins, old.admins),
            more(old.admins, new.admins),
        )

    def lines(self) -> list[str]:
        """Return a sentence for each kind of change, none where nothing changed."""
        kinds = {
            "added": self.added,
            "removed": self.removed,
            "administrators now": self.admins,
            "administrators no longer": self.no_admins,
        }
        return [f"{kind}: {', '.join(names)}" for kind, names in kinds.items() if names]


def add(text: str, people: Mapping[str, bool]) -> str:
    """Return *text* with *people*, each name → whether they administer the hub.

    Who is listed already keeps their line, and their rights unless they gain them.

    Raises:
        ConfigError: *text* is wrong, or a name is none.
    """
    people = {name: people[written] for name, written in _checked(people).items()}
    listed = Userlist.parse(text).members
    raised = {name for name, admin in people.items() if admin and name in listed}
    text = _rewritten(text, dict.fromkeys(raised, True))
    end = (LINE_ENDS.findall(text) or ["\n"])[0]
    if text and not LINE_ENDS.fullmatch(text[-1]):
        text += end
    new = {name: admin for name, admin in people.items() if name not in listed}
    return text + "".join(f"{name}{' admin' * admin}{end}" for name, admin in new.items())


def remove(text: str, names: Collection[str]) -> str:
    """Return *text* without the lines of *names*.

    Raises:
        ConfigError: *text* is wrong, a name is not listed, or no administrator is left.
    """
    gone = _listed(text, names)
    return _with_admin("".join(_but(text, gone)))


def set_admin(text: str, name: str, *, admin: bool) -> str:
    """Return *text* with or without ``admin`` behind *name*.

    Raises:
        ConfigError: *text* is wrong, *name* is not listed, or no administrator is left.
    """
    return _with_admin(_rewritten(text, dict.fromkeys(_listed(text, [name]), admin)))


def read_csv(content: bytes, source: str) -> dict[str, bool]:
    """Return the people of a table ``name[,admin]``: name → whether they administer.

    A first line with the column names is optional; a byte order mark and semicolons, as
    spreadsheets write them, do no harm.

    Raises:
        ConfigError: Naming every wrong line by its number.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        problem = Problem(source, "is not UTF-8 text.", "Save it as 'CSV UTF-8'.")
        raise ConfigError([problem], UNCHANGED) from None
    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",", strict=True
    )
    people: dict[str, bool] = {}
    problems: list[Problem] = []
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            header = not people and not problems and cells[:1] and cells[0].lower() == "name"
            if any(cells) and not header and (wrong := _wrong(cells, people)):
                shown = f"{source}, line {reader.line_num}: {','.join(cells)[:80]}"
                problems.append(Problem(shown, *wrong))
    except csv.Error as error:
        shown = f"{source}, line {reader.line_num}"
        problems.append(Problem(shown, f"is no table: {error}.", "Save it as CSV again."))
    if not people and not problems:
        problems.append(Problem(source, "names nobody.", "Write one name per line."))
    if problems:
        raise ConfigError(problems, UNCHANGED)
    return people


def _wrong(cells: list[str], people: dict[str, bool]) -> tuple[str, str] | None:
    """Add the person of a row to *people*, or return what is wrong with it and the cure."""
    name, mark = canonical(cells[0]), (cells[1].lower() if len(cells) > 1 else "")
    if not is_name(name):
        return "is not a user name.", "Leave out spaces, '/', ',' and '#'."
    if any(cells[2:]):
        return "has more than two columns.", "Keep name and admin."
    if mark not in MARKS:
        return f"has {mark!r} in the column admin.", "Write 'admin' there, or nothing."
    if people.get(name, MARKS[mark]) != MARKS[mark]:
        return "is there twice, once as administrator and once not.", "Keep the line you mean."
    people[name] = MARKS[mark]
    return None


def _checked(names: Collection[str]) -> dict[str, str]:
    """Return the hub's spelling of *names* → as they were written."""
    spelt = {canonical(name): name for name in names}
    problems = [
        Problem(written or "''", "is not a user name.", "Leave out spaces, '/', ',' and '#'.")
        for name, written in spelt.items()
        if not is_name(name)
    ]
    if problems:
        raise ConfigError(problems, UNCHANGED)
    return spelt


def _listed(text: str, names: Collection[str]) -> set[str]:
    """Return the hub's spelling of *names*, all of which *text* lists."""
    spelt = _checked(names)
    listed = Userlist.parse(text).members
    problems = [
        Problem(written, "is not in the userlist.", "'users list' shows who is.")
        for name, written in spelt.items()
        if name not in listed
    ]
    if problems:
        raise ConfigError(problems, UNCHANGED)
    return set(spelt)


def _with_admin(text: str) -> str:
    try:
        Userlist.parse(text)
    except ConfigError:
        wrong = "would name no administrator any more."
        cure = "Make another one administrator first: users admin NAME."
        raise ConfigError([Problem("userlist", wrong, cure)], UNCHANGED) from None
    return text


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    """Return name (or ""), line and line end of each line of *text*."""
    parts = LINE_ENDS.split(text)
    for line, end in zip(parts[::2], [*parts[1::2], ""], strict=True):
        words = line.removeprefix("\ufeff").split("#", 1)[0].split()
        yield canonical(words[0]) if words else "", line, end


def _but(text: str, gone: Collection[str]) -> Iterator[str]:
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    yield mark
    for name, line, end in _lines(text.removeprefix(mark)):
        if not name or name not in gone:
            yield line + end


def _rewritten(text: str, rights: Mapping[str, bool]) -> str:
    """Return *text* with or without ``admin`` behind those whom *rights* names."""

    def rewrite(name: str, line: str) -> str:
        if name not in rights:
            return line
        entry, remark = re.fullmatch(r"([^#]*?)(\s*(?:#.*)?)", line, re.DOTALL).groups()  # type: ignore[union-attr]  # matches any line
        entry = re.sub(r"(\S)\s+admin$", r"\1", entry)
        return entry + " admin" * rights[name] + remark

    return "".join(rewrite(name, line) + end for name, line, end in _lines(text))
