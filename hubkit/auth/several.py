"""AUTH=a,b: several ways to sign in beside each other, with jupyterhub-multiauthenticator.

Names are not prefixed: whoever came as ``ada`` by one way owns that name, and another
account of the same name at another provider is refused (`hubkit.auth.guard`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from multiauthenticator import MultiAuthenticator

from hubkit.auth.guard import Guard
from hubkit.auth.provider import Provider
from hubkit.auth.recheck import Answer


class KitMultiAuthenticator(Guard, MultiAuthenticator):
    """Several authenticators, each at an address of its own; the hub asks the right one."""

    way = "several"

    def ways(self) -> list[str]:
        """Return the words of all providers in use, in the order of AUTH."""
        return [one.way for one in self._authenticators]

    def get_custom_html(self, base_url: str) -> str:  # noqa: ARG002 (our page has the buttons)
        """Return nothing."""
        return ""

    async def refresh_user(self, user: Any, handler: Any = None, **kwargs: Any) -> Answer:
        """Ask the authenticator *user* came by, or the list alone where that is gone."""
        for one in self._authenticators:
            if one.owns(user.name):
                answer: Answer = await one.refresh_user(user, handler, **kwargs)
                # Left out, JupyterHub would miss them; None leaves them as they are.
                return {"groups": None, **answer} if isinstance(answer, dict) else answer
        return await super().refresh_user(user, handler, **kwargs)

    def rename_account(self, old: str, new: str) -> None:
        """Let each authenticator rename what it keeps itself."""
        for one in self._authenticators:
            one.rename_account(old, new)

    def delete_user(self, user: Any) -> Any:
        """Let each authenticator forget what it keeps itself."""
        for one in self._authenticators:
            one.delete_user(user)
        return super().delete_user(user)


def together(c: Any, chosen: Mapping[str, Provider], classes: Mapping[str, type]) -> type:
    """Return the authenticator for all of *chosen*; sets it on *c* where there are several."""
    if len(classes) == 1:
        return next(iter(classes.values()))
    c.MultiAuthenticator.username_prefix = ""
    c.KitMultiAuthenticator.manage_groups = any(one.groups for one in chosen.values())
    c.MultiAuthenticator.authenticators = [
        {"authenticator_class": classes[word], "url_prefix": prefix(word, chosen)}
        for word in chosen
    ]
    return KitMultiAuthenticator


def prefix(word: str, chosen: Mapping[str, Provider]) -> str:
    """Return where under ``/hub`` the pages of one of *chosen* lie.

    A provider with a form of its own has the sign-in page itself, one with a door that.
    """
    one = chosen[word]
    return "" if len(chosen) == 1 or one.form or one.door else f"/{word}"
