"""The file that says who may use the hub: one name per line, ``admin`` after it.

Blank lines and what follows a ``#`` are ignored. Names are compared as the hub
compares them: in lower case, spelt one way where Unicode has several.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from hubkit.errors import ConfigError, Problem

LONGEST_NAME = 128  # characters; NativeAuthenticator's users_info.username
LINE_END = re.compile(r"\r\n?|\n")  # and no other: a remark ends where an editor's line ends
NAME = re.compile(r"[^\s/\\,#\x00-\x1f]+")


def canonical(written: str) -> str:
    """Return the one spelling of a user name: NFKC, in lower case, without outer spaces."""
    # Lower case first may undo the normal form, so a second time after it.
    lower = unicodedata.normalize("NFKC", written.strip()).lower()
    return unicodedata.normalize("NFKC", lower)


def is_name(written: str) -> bool:
    """Return whether *written* may be the name of a hub user and stand in the userlist."""
    fits = 0 < len(written) <= LONGEST_NAME and written.strip(".") != ""
    return fits and written.isprintable() and NAME.fullmatch(written) is not None


@dataclass(frozen=True)
class Userlist:
    """The people of one hub.

    Attributes:
        members: Every listed name, administrators included, in the file's order.
        admins: The names marked ``admin``, in the file's order.
    """

    members: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str, source: str = "userlist") -> Userlist:
        """Return the people *text* lists.

        Raises:
            ConfigError: Naming every wrong line by its number.
        """
        roles: dict[str, str] = {}
        problems: list[Problem] = []
        for number, line in enumerate(LINE_END.split(text.removeprefix("\ufeff")), start=1):
            words = line.split("#", 1)[0].split()
            if not words:
                continue
            problem = _wrong(words, roles)
            if problem:
                problems.append(Problem(f"{source}, line {number}: {line.strip()}", *problem))
            else:
                roles[canonical(words[0])] = "admin" if len(words) == 2 else ""
        if not problems and "admin" not in roles.values():
            problems.append(
                Problem(source, "names no administrator.", "Write 'admin' after at least one name.")
            )
        if problems:
            raise ConfigError(problems)
        return cls(tuple(roles), tuple(name for name, role in roles.items() if role))

    @classmethod
    def read(cls, path: Path) -> Userlist:
        """Return the people the file at *path* lists.

        Raises:
            ConfigError: The file is missing, is not UTF-8 text or has wrong lines.
        """
        try:
            return cls.parse(path.read_bytes().decode("utf-8"), path.name)
        except FileNotFoundError:
            problem = Problem(
                path.name, "no such file.", "Write it: one name per line, 'admin' after yours."
            )
        except OSError as error:
            cure = "Make it a file that the account running this may read."
            problem = Problem(path.name, f"cannot be read: {error.strerror}.", cure)
        except UnicodeDecodeError:
            problem = Problem(path.name, "is not UTF-8 text.", "Save it as UTF-8.")
        raise ConfigError([problem])


def _wrong(words: list[str], roles: dict[str, str]) -> tuple[str, str] | None:
    name = canonical(words[0])
    if not is_name(name):
        return (
            "is not a user name.",
            f"Use at most {LONGEST_NAME} characters without '/', '\\', ',' and not only dots.",
        )
    if len(words) > 2 or words[1:] not in ([], ["admin"]):
        return (
            f"has {' '.join(words[1:])!r} behind the name.",
            "Only 'admin' may stand there; a remark begins with '#'.",
        )
    role = "admin" if len(words) == 2 else ""
    if roles.get(name, role) != role:
        return (
            "is listed twice, once as administrator and once not.",
            "Keep the line you mean.",
        )
    return None
