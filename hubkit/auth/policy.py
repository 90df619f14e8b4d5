"""Who is let in, and in which words somebody is not: decided here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hubkit.auth.register import Person
from hubkit.settings import Settings

LIST, ORGANISATION, GROUP, EVERYONE = "userlist", "organisation", "group", "everyone"
ADMIN = "admin"


@dataclass(frozen=True)
class Policy:
    """What decides whether somebody who proved who they are may use the hub.

    Attributes:
        allow: The words of ALLOW.
        belong: Groups, organisations and teams, one of which is enough.
        admins: Groups whose members administer the hub.
        contact: Whom refused people are told to ask.
    """

    allow: frozenset[str] = frozenset({LIST})
    belong: frozenset[str] = frozenset()
    admins: frozenset[str] = frozenset()
    contact: str = "an administrator of this hub"

    @classmethod
    def of(cls, env: Settings, owners: Mapping[str, str] | None = None) -> Policy:
        """Return the policy the settings describe.

        Args:
            env: The settings.
            owners: ``organisation``, ``group`` and ``admin`` → the provider whose names
                these are where no ``WORD/`` stands before them (default: the first).
        """
        owner = dict.fromkeys((ORGANISATION, GROUP, ADMIN), env.auth[0]) | dict(owners or {})
        belong: set[str] = set()
        if ORGANISATION in env.allow:
            belong |= {_whole(one, owner[ORGANISATION], env) for one in env.allowed_organisations}
        if GROUP in env.allow:
            belong |= {_whole(one, owner[GROUP], env) for one in env.allowed_groups}
        admins = {_whole(one, owner[ADMIN], env) for one in env.admin_groups}
        return cls(frozenset(env.allow or {LIST}), folded(belong), folded(admins), env.contact)

    def refusal(self, person: Person | None, groups: Iterable[str] | None = None) -> str:
        """Return why *person* may not use the hub, or "".

        Args:
            person: What the register knows; None for somebody never seen.
            groups: What the provider says they belong to, now; None where it was not
                asked, and what it said at the last sign-in still counts.
        """
        if person and person.blocked:
            return f"Your account is blocked on this hub; ask {self.contact}."
        if person and person.denied and groups is None:
            return f"Your account was turned away where it is kept; ask {self.contact}."
        if EVERYONE in self.allow or (person and (person.listed or person.origin == "added")):
            return ""
        if self.allow & {GROUP, ORGANISATION}:
            remembered = bool(person and person.origin == "admitted")
            if remembered if groups is None else folded(groups) & self.belong:
                return ""
            what = "groups" if GROUP in self.allow else "organisations"
            return f"Your account is in none of the {what} this hub lets in; ask {self.contact}."
        return f"Your account is not on this hub's list; ask {self.contact}."

    def is_admin(self, person: Person | None, groups: Iterable[str]) -> bool:
        """Return whether list or groups make *person* an administrator."""
        return bool(person and person.listed_admin) or bool(folded(groups) & self.admins)


def whole_name(way: str, name: str, ways: Sequence[str]) -> str:
    """Return what a group of the provider *way* is called on this hub.

    Groups of all providers but the first carry the provider's word, and so do those of
    the first that look as if they did. Otherwise whoever makes an organisation at one
    could pass for a group of another.
    """
    plain = way == ways[0] and (len(ways) == 1 or name.partition("/")[0] not in ways)
    return name if plain else f"{way}/{name}"


def _whole(written: str, owner: str, env: Settings) -> str:
    way, slash, name = written.partition("/")
    if slash and way in env.auth and len(env.auth) > 1:
        return whole_name(way, name, env.auth)
    return whole_name(owner, written, env.auth)


def folded(names: Iterable[str]) -> frozenset[str]:
    """Return *names* as providers compare them: without regard to case."""
    return frozenset(name.casefold() for name in names)
