"""What all OAuth providers share: who somebody is, whether they still belong, and the words.

`KitOAuth` stands between `Guard` and one of OAuthenticator's classes and uses its public
methods only. No answer of a provider reaches a page or the log: it may hold tokens.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from oauthenticator.oauth2 import OAuthCallbackHandler
from tornado.httpclient import HTTPClientError
from tornado.web import HTTPError
from traitlets import Unicode

from hubkit.auth.answers import Refused, address, told
from hubkit.auth.asking import UNCLEAR, UNSAID, Asking, decoded
from hubkit.auth.outage import Unsaid
from hubkit.auth.recheck import Answer

LONGEST_GROUP = 255  # characters; the column in JupyterHub's database
RETRY = 60  # seconds

MISFIT = (
    "{provider} does not accept this hub: its client id, client secret or callback address "
    "is wrong. Please tell {contact}."
)
UNVERIFIED = "{provider} has not verified your e-mail address. Verify it there, then sign in."
NO_NAME = "{provider} did not tell this hub your user name ({claim}). Please tell {contact}."
TOO_OLD = "This sign-in took too long, or was used already. Sign in again."
NOT_OURS = "This sign-in was not begun in this browser, or is over. Sign in again."
CANCELLED = "The sign-in was cancelled."
BROKEN_OFF = "{provider} broke the sign-in off. Try again; if it stays so, tell {contact}."

# What the token endpoint answers where code or token do not count any more: RFC 6749, GitHub.
SPENT = {"invalid_grant", "bad_verification_code", "bad_refresh_token"}


class KitCallbackHandler(OAuthCallbackHandler):
    """Where the provider sends people back to; shows none of what stands in the address."""

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log a refusal without the address, which holds the code."""
        if isinstance(value, HTTPError):
            self.log.warning("%s: %s", self.request.path, value)
        else:
            super().log_exception(typ, value, tb)

    def check_arguments(self) -> None:
        """Write down who is refused before anybody asks the provider about them."""
        try:
            super().check_arguments()
        except HTTPError as error:
            provider = self.authenticator
            where, reason = address(self), told(error)
            provider.audit.write("failed", name="", address=where, way=provider.way, reason=reason)
            raise

    def check_error(self) -> None:
        """Say in words that the provider broke off, or the visitor did."""
        error = self.get_argument("error", "")
        if error == "access_denied":
            raise HTTPError(403, CANCELLED)
        if error:
            self.log.warning("%s broke a sign-in off: %.64r", self.authenticator.way, error)
            raise HTTPError(400, self.authenticator.worded(BROKEN_OFF))

    def check_code(self) -> None:
        """Refuse an address without a code."""
        if not self.get_argument("code", ""):
            raise HTTPError(400, NOT_OURS)

    def check_state(self) -> None:
        """Refuse who did not begin here, and a state that cannot be read."""
        try:
            super().check_state()
        except (HTTPError, ValueError, AttributeError):
            raise HTTPError(400, NOT_OURS) from None


class KitOAuth(Asking):
    """An OAuth provider whose answers are looked at before they are believed."""

    callback_handler = KitCallbackHandler
    # One of these says that an address is somebody's own.
    verified_claims: tuple[str, ...] = ("email_verified",)
    groups_claim = Unicode("groups", help="Where the provider lists groups.").tag(config=True)

    async def ready(self) -> None:
        """Find out what has to be known about the provider before it is asked."""

    # --- who somebody is

    def place(self) -> str:
        """Return which of several providers of its kind this is; "" for the public one."""
        return ""

    def account(self, model: Mapping[str, Any], *keys: str) -> str:
        """Return the identity made of what the provider said under *keys*, all of them.

        A number means somebody at one provider only, so that `place` is part of it.

        Raises:
            HTTPError: 403 where one is missing.
        """
        said = (model.get("auth_state") or {}).get(self.user_auth_state_key) or {}
        found = [str(said[key]) for key in keys if said.get(key)]
        if len(found) != len(keys):
            raise Refused(403, self.worded(UNCLEAR))
        return ":".join(part for part in (self.way, self.place(), *found) if part)

    async def authenticate(self, handler: Any, data: Any = None, **extra: Any) -> Any:
        """Return who came back from the provider, or say in words why nobody knows."""
        try:
            await self.ready()
            model = await super().authenticate(handler, data, **extra)
            if model:
                self.identity(model)  # who has none is nobody; the guard writes it down
            return model
        except Unsaid as nothing:
            raise Refused(503, str(nothing), RETRY) from None
        except HTTPError as error:
            if isinstance(error, Refused) or error.status_code < 500:
                raise
            failed: Exception = error
        except Exception as error:  # noqa: BLE001 (whatever a provider's answer makes of it)
            failed = error
        # Not its text, which may hold tokens.
        where = traceback.extract_tb(failed.__traceback__)[-1]
        place = f"{where.filename}:{where.lineno}"
        self.log.error("Sign-in with %s: %s at %s", self.way, type(failed).__name__, place)
        raise Refused(503, self.worded(UNCLEAR))

    async def get_token_info(self, handler: Any, params: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Return the tokens behind a code or a refresh token.

        Raises:
            HTTPError: 400 where it does not count any more.
            Outage: The provider did not answer, or does not accept this hub.
        """
        try:
            said = await self.httpfetch(
                self.token_url,
                "fetching tokens",
                method="POST",
                headers=self.build_token_info_request_headers(),
                body=urlencode(params).encode(),
                validate_cert=self.validate_server_cert,
            )
        except HTTPClientError as error:
            said = decoded(error.response.body if error.response else b"")
        if not isinstance(said, dict):
            said = {}
        if said.get("access_token"):
            return {"token_type": "Bearer", **said}
        reason = str(said.get("error", "no reason given"))
        if reason in SPENT:
            raise HTTPError(400, TOO_OLD)
        self.log.error("%s gives this hub no token: %.64r", self.way, reason)
        raise self.outage(MISFIT)

    async def token_to_user(self, token_info: Any) -> dict[str, Any]:
        """Return what the provider says about the bearer of a token."""
        with self.answered():
            said = await super().token_to_user(token_info)
        if not isinstance(said, dict):
            raise self.outage(UNCLEAR)
        return said

    def user_info_to_username(self, user_info: Any) -> str:
        """Return the name the provider knows somebody by.

        Raises:
            HTTPError: 403 where it did not say.
        """
        try:
            name = self.name_in(user_info)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            name = ""
        except HTTPError as error:
            if error.status_code < 500:
                raise
            name = ""
        if not name:
            claim = self.username_claim if isinstance(self.username_claim, str) else ""
            if UNSAID.get() is not None:  # no reason to end what somebody is at
                raise self.unsaid(NO_NAME, claim=claim or "name")
            raise Refused(403, self.worded(NO_NAME, claim=claim or "name"))
        return name

    def name_in(self, user_info: Mapping[str, Any]) -> str:
        """Return the name in what the provider said, "" for none.

        Raises:
            HTTPError: 403 for an address nobody verified, which anybody may have written.
        """
        unverified = not any(is_true(user_info.get(claim)) for claim in self.verified_claims)
        if self.username_claim == "email" and user_info.get("email") and unverified:
            raise Refused(403, self.worded(UNVERIFIED))
        # Looked up first: OAuthenticator logs the whole record where the claim is missing.
        return str(user_info.get(self.username_claim) or "")

    def build_auth_state_dict(self, token_info: Any, user_info: Any) -> dict[str, Any]:
        """Return what is stored about somebody: no id token, which nobody needs again."""
        kept = {key: value for key, value in token_info.items() if key != "id_token"}
        state: dict[str, Any] = super().build_auth_state_dict(kept, user_info)
        return state

    async def get_user_groups(self, auth_state: dict[str, Any]) -> set[str]:
        """Return the groups somebody belongs to, as they become the hub's."""
        with self.answered():
            names = {name.strip() for name in await self.groups_of(auth_state)}
        return {name for name in names if 0 < len(name) <= LONGEST_GROUP}

    async def groups_of(self, auth_state: dict[str, Any]) -> Iterable[str]:
        """Return the names of the groups the provider tells of."""
        return names_in(auth_state[self.user_auth_state_key], self.groups_claim)

    async def check_allowed(self, username: str, authentication: Any = None) -> bool:
        """Let the provider's own class refuse by raising; what it returns does not count."""
        try:
            self.vet(authentication["auth_state"][self.user_auth_state_key])
            return bool(await super().check_allowed(username, authentication))
        except (KeyError, TypeError, AttributeError):
            raise Refused(403, self.worded(UNCLEAR)) from None

    def vet(self, user_info: Mapping[str, Any]) -> None:
        """Raise `Refused` for whom the provider's own rules keep out."""

    # --- whether they still belong

    async def refresh_user(self, user: Any, handler: Any = None, **kwargs: Any) -> Answer:
        """Return what the provider says of *user* now; False where they must sign in again.

        Raises:
            Unsaid: It could not be asked, or does not say.
        """
        missing: list[Unsaid] = []
        look = UNSAID.set(missing)
        try:
            await self.ready()
            answer: Answer = await super().refresh_user(user, handler, **kwargs)
        except HTTPError as error:
            if error.status_code >= 500:
                raise self.outage(UNCLEAR) from None
            return False
        finally:
            UNSAID.reset(look)
        if answer is False and missing:
            raise missing[-1]
        return answer

    @contextmanager
    def answered(self) -> Iterator[None]:
        """Make of an answer nobody can read, during a look, one that says nothing.

        OAuthenticator would take it for a "no" where it used a refresh token.
        """
        try:
            yield
        except (Unsaid, HTTPClientError, HTTPError):
            raise
        except Exception as error:
            if UNSAID.get() is None:
                raise
            self.log.warning("%s: unreadable answer: %s", self.way, type(error).__name__)
            raise self.unsaid(UNCLEAR) from None


def names_in(told: Mapping[str, Any], claim: str) -> list[str]:
    """Return the names listed under *claim*, itself a name or a path with dots."""
    found: Any = told.get(claim)
    if found is None:
        found = told
        for key in claim.split("."):
            found = found.get(key) if isinstance(found, dict) else None
    listed = found if isinstance(found, list) else [found]  # one name may stand by itself
    return [name for name in listed if isinstance(name, str)]


def is_true(said: Any) -> bool:
    """Return whether a provider says yes: in JSON, or in one of the ways around it."""
    return str(said).lower() in ("true", "1")
