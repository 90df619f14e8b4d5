"""Whether somebody who is in may stay: asked at each request, answered in no time."""

from __future__ import annotations

import time
from typing import Any

from hubkit.auth.answers import prepared
from hubkit.auth.keeper import Keeper
from hubkit.auth.recheck import Answer

GRACE = 24 * 3600  # seconds a token works on while the provider wants a fresh sign-in
AGAIN = "Your access was ended in the meantime; sign in again."


class Staying(Keeper):
    """Lets go whom the list, a block or the provider do not want here any more."""

    # --- whether they may stay

    async def refresh_user(self, user: Any, handler: Any = None, **kwargs: Any) -> Answer:
        """Return False as soon as list, block or provider say that *user* has to leave."""
        prepared(handler)
        person = self.register.person(user.name)
        reason = self.policy.refusal(person) or (AGAIN if person and person.ended else "")
        if reason:
            return self._ended(handler, user.name, reason)
        rights = self.register.listed_rights(user.name, admin=user.admin)
        if rights is not None:
            return {"name": user.name, "admin": rights, "groups": None}
        if person and person.stale_since:
            return self.must_sign_in(user.name, handler)
        return await self._ask(user, handler, **kwargs) if self.asks_again else True

    async def _ask(self, user: Any, handler: Any, **kwargs: Any) -> Answer:
        look = super().refresh_user
        answer = await self.rechecks.ask(user.name, lambda: look(user, handler, **kwargs))
        if answer is None:
            return True
        if answer is False:
            return self.must_sign_in(user.name, handler)
        return await self._still_belongs(user.name, handler, answer)

    async def _still_belongs(self, name: str, handler: Any, answer: Answer) -> Answer:
        if not isinstance(answer, dict):
            return answer
        model = self._name_groups({**answer, "name": name})
        reason = str(model.pop("refused", "")) or await self._refusal(model)
        if reason:
            self.register.deny(name)
            return self._ended(handler, name, reason)
        self.register.confirm(name)
        return {**model, "admin": self.is_admin(handler, model)}

    def _ended(self, handler: Any, name: str, reason: str) -> bool:
        """Return False, and write it down."""
        self._note(handler, "ended", name, reason)
        return False

    def must_sign_in(self, name: str, handler: Any) -> bool:
        """Remember that *name* has to sign in; return whether a token still counts till then."""
        since = self.register.stale(name)
        token = getattr(handler, "get_token", None)
        return bool(token and token()) and time.time() - since < GRACE
