"""What AUTH and ALLOW demand of each other, whatever the provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations

from hubkit.auth.provider import Provider
from hubkit.errors import Problem
from hubkit.settings import Settings
from hubkit.visitors import is_visitor

# The word in ALLOW → the setting that says which.
WHICH = {"organisation": "allowed_organisations", "group": "allowed_groups"}


def problems(env: Settings, providers: Mapping[str, Provider]) -> list[Problem]:
    """Return what is wrong with AUTH, with ALLOW, and with each provider's settings."""
    shown = f"AUTH={','.join(env.auth)}"
    unknown = [word for word in env.auth if word not in providers]
    if unknown:
        wrong = f"{', '.join(unknown)}: must be one of {', '.join(providers)}."
        return [Problem(shown, wrong, "See 'Sign-in' in .env.example and docs/sign-in/.")]
    chosen = {word: providers[word] for word in env.auth}
    own = [problem for provider in chosen.values() for problem in provider.problems(env)]
    return [*_conflicts(shown, chosen), *_policy(env, chosen), *own]


def reserved(members: Iterable[str]) -> list[Problem]:
    """Return a problem for each of *members*, names of the userlist, that only visitors have."""
    wrong = "is a name the hub gives to visitors without an account."
    return [
        Problem(f"userlist: {name}", wrong, "Give this person another name.")
        for name in members
        if is_visitor(name)
    ]


def _conflicts(shown: str, chosen: Mapping[str, Provider]) -> list[Problem]:
    problems = []
    forms = [word for word, provider in chosen.items() if provider.form]
    if len(forms) > 1:
        wrong = f"{' and '.join(forms)} both ask for a password on one page."
        problems.append(Problem(shown, wrong, "Keep one of them."))
    if "native" in list(chosen)[1:]:
        wrong = "native must stand first: the names you write down are those of the first."
        problems.append(Problem(shown, wrong, "Write AUTH=native,… instead."))
    if any(one.door for one in list(chosen.values())[:-1]):
        wrong = "temporary must stand last: the names you write down are those of the first."
        problems.append(Problem(shown, wrong, "Write AUTH=…,temporary instead."))
    for (one, first), (other, second) in combinations(chosen.items(), 2):
        if first.client and first.client == second.client:
            wrong = f"{one} and {other} both read {first.client}_CLIENT_ID."
            problems.append(Problem(shown, wrong, "Keep one of them; github has its own."))
    return problems


def _policy(env: Settings, chosen: Mapping[str, Provider]) -> list[Problem]:
    outside = {word: one for word, one in chosen.items() if one.outside}
    shown = f"ALLOW={','.join(env.allow)}"
    known = frozenset[str]().union(*(one.policies for one in outside.values()))
    problems = []
    if outside and not env.allow:
        wrong = f"must say whom {' and '.join(outside)} may let in; without it nobody knows."
        cure = f"Write one of {', '.join(sorted(known))}, e.g. ALLOW=userlist."
        problems.append(Problem(shown, wrong, cure))
    if sum(not one.door for one in chosen.values()) > 1 and env.allow == ("userlist",):
        wrong = f"lets in people of {env.auth[0]} only: the names on the list are theirs."
        cure = "Add organisation, group or everyone for the others, or name one way in AUTH."
        problems.append(Problem(shown, wrong, cure))
    for word in env.allow:
        if word != "userlist" and word not in known:
            wrong = f"{word} means nothing with AUTH={','.join(chosen)}."
            cure = f"Use {', '.join(sorted(known | {'userlist'}))}." if known else "Leave it empty."
            problems.append(Problem(shown, wrong, cure))
    for word, name in WHICH.items():
        given = bool(getattr(env, name))
        idle = given and any(name in one.always for one in chosen.values())
        if (word in env.allow) != given and not idle:
            problems.append(_unpaired(word, name, env))
    if env.admin_groups and not any(one.groups for one in chosen.values()):
        wrong = f"AUTH={','.join(chosen)} knows no groups."
        problems.append(Problem(f"ADMIN_GROUPS={','.join(env.admin_groups)}", wrong, "Remove it."))
    return problems


def _unpaired(word: str, name: str, env: Settings) -> Problem:
    if word in env.allow:
        return Problem(f"{name.upper()}=", f"must be set with ALLOW={word}.", "Name at least one.")
    shown = f"{name.upper()}={','.join(getattr(env, name))}"
    return Problem(shown, f"counts only with ALLOW={word}.", f"Add {word} to ALLOW, or remove it.")
