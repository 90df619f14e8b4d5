"""What each way to sign in declares about itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hubkit.errors import Problem
from hubkit.settings import Settings


def nothing_wrong(_: Settings) -> list[Problem]:
    """Return no problems: for providers without settings of their own."""
    return []


@dataclass(frozen=True)
class Provider:
    """One way to sign in.

    Attributes:
        title: What people read: "Sign in with TITLE".
        configure: Sets the traits on the configuration object and returns the
            authenticator class. Called only if `problems` found none.
        problems: Returns what is wrong with the provider's settings.
        outside: Whether somebody else keeps the accounts, so that ALLOW must say whom
            of them the hub lets in.
        form: Whether people type name and password into the hub's own page.
        policies: The words of ALLOW that mean something here.
        groups: Whether the provider says which groups somebody belongs to.
        always: Settings read whatever ALLOW says, e.g. ``allowed_organisations``.
        client: Begin of the names of the settings that hold client id and secret; two
            providers with the same cannot be used together.
        door: Path below ``/hub`` where people come in without saying who they are; ""
            for all providers that prove somebody. The title then is the button's text.
    """

    title: str
    configure: Callable[[Any, Settings], type]
    problems: Callable[[Settings], list[Problem]] = nothing_wrong
    outside: bool = True
    form: bool = False
    policies: frozenset[str] = field(default_factory=lambda: frozenset({"userlist", "everyone"}))
    groups: bool = False
    always: frozenset[str] = frozenset()
    client: str = ""
    door: str = ""
