"""What all OAuth providers share: settings, time limits, errors in words, groups.

`KitOAuth` stands between `Guard` and one of OAuthenticator's classes and uses its public
methods only. What it adds: a provider that does not answer is told apart from one that
says no, and no answer of a provider reaches a page or the log.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from oauthenticator.oauth2 import OAuthCallbackHandler, OAuthenticator
from requests.utils import parse_header_links
from tornado.httpclient import HTTPClientError
from tornado.simple_httpclient import SimpleAsyncHTTPClient
from tornado.web import HTTPError
from traitlets import default

from hubkit import settings
from hubkit.auth.guard import Refused
from hubkit.auth.recheck import Answer
from hubkit.settings import Settings

CONNECT_SECONDS, REQUEST_SECONDS = 5.0, 10.0
MOST_REQUESTS = 50  # at once; more wait
MOST_BYTES = 4 * 2**20  # of one answer
MOST_PAGES = 50  # of one list, 100 entries each
LONGEST_GROUP = 255  # characters; the column in JupyterHub's database
RETRY = 60  # seconds

DOWN = "{provider} does not answer. Try again in a minute."
MISFIT = (
    "{provider} does not accept this hub: its client id, client secret or callback address "
    "is wrong. Please tell {contact}."
)
UNCLEAR = "{provider} did not say what this hub needs to know about you. Please tell {contact}."
NO_NAME = "{provider} did not tell this hub your user name ({claim}); ask {contact}."
TOO_OLD = "This sign-in took too long, or was used already. Sign in again."
NOT_OURS = "This sign-in was not begun in this browser, or is over. Sign in again."
CANCELLED = "The sign-in was cancelled."
BROKEN_OFF = "{provider} broke the sign-in off. Try again; if it stays so, tell {contact}."

# What the token endpoint answers where code or token do not count any more: RFC 6749, GitHub.
SPENT = {"invalid_grant", "bad_verification_code", "bad_refresh_token"}


class Outage(Exception):
    """The provider did not answer, or not to the question; the text is for people."""


# What went wrong during one look: OAuthenticator swallows it where it uses a refresh token.
OUTAGES: ContextVar[list[Outage] | None] = ContextVar("outages", default=None)


class KitCallbackHandler(OAuthCallbackHandler):
    """Where the provider sends people back to; shows none of what stands in the address."""

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
        """Refuse who did not begin here, and what cannot be read."""
        try:
            super().check_state()
        except (HTTPError, ValueError, AttributeError):
            raise HTTPError(400, NOT_OURS) from None


class KitOAuth(OAuthenticator):
    """An OAuth provider whose answers are looked at before they are believed."""

    callback_handler = KitCallbackHandler
    way: str  # `Guard`'s

    @default("http_client")
    def _own_client(self) -> Any:
        # Not the hub's: a provider that hangs would keep it from asking proxy and servers.
        return SimpleAsyncHTTPClient(
            force_instance=True, max_clients=MOST_REQUESTS, max_body_size=MOST_BYTES
        )

    def worded(self, text: str, **values: str) -> str:
        """Return *text* with the provider's name and whom to ask."""
        contact = self.policy.contact
        worded = text.format(provider=self.login_service, contact=contact, **values)
        return worded[:1].upper() + worded[1:]

    async def ready(self) -> None:
        """Find out what has to be known about the provider before it is asked."""

    # --- who somebody is

    def account(self, model: Mapping[str, Any], *keys: str) -> str:
        """Return the identity made of what the provider said under *keys*, all of them.

        Raises:
            HTTPError: 403 where one is missing.
        """
        told = (model.get("auth_state") or {}).get(self.user_auth_state_key) or {}
        found = [str(told[key]) for key in keys if told.get(key)]
        if len(found) != len(keys):
            raise Refused(403, self.worded(UNCLEAR))
        return ":".join([self.way, *found])

    async def authenticate(self, handler: Any, data: Any = None, **extra: Any) -> Any:
        """Return who came back from the provider, or say in words why nobody knows."""
        try:
            await self.ready()
            return await super().authenticate(handler, data, **extra)
        except Outage as outage:
            raise Refused(503, str(outage), RETRY) from None
        except HTTPError as error:
            if isinstance(error, Refused) or error.status_code < 500:
                raise
            failed: Exception = error  # its text may hold tokens
        except Exception as error:  # noqa: BLE001 (whatever a provider's answer makes of it)
            failed = error
        where = traceback.extract_tb(failed.__traceback__)[-1]
        at = f"{where.filename}:{where.lineno}"
        self.log.error("Sign-in with %s: %s at %s", self.way, type(failed).__name__, at)
        raise Refused(503, self.worded(UNCLEAR))

    def user_info_to_username(self, user_info: Any) -> str:
        """Return the name the provider knows somebody by.

        Raises:
            HTTPError: 403 where it did not say.
        """
        try:
            name = self.name_in(user_info)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            name = ""
        if not name:
            claim = self.username_claim if isinstance(self.username_claim, str) else ""
            raise Refused(403, self.worded(NO_NAME, claim=claim or "user name"))
        return name

    def name_in(self, user_info: Mapping[str, Any]) -> str:
        """Return the name in what the provider said, "" for none."""
        # Asked first: OAuthenticator logs the whole record where the claim is missing.
        if isinstance(self.username_claim, str) and not user_info.get(self.username_claim):
            return ""
        return str(super().user_info_to_username(user_info))

    def build_auth_state_dict(self, token_info: Any, user_info: Any) -> dict[str, Any]:
        """Return what is stored about somebody: no id token, which nobody needs again."""
        kept = {key: value for key, value in token_info.items() if key != "id_token"}
        state: dict[str, Any] = super().build_auth_state_dict(kept, user_info)
        return state

    async def check_allowed(self, username: str, authentication: Any = None) -> bool:
        """Let the provider's own class refuse by raising; what it returns does not count."""
        try:
            return bool(await super().check_allowed(username, authentication))
        except (KeyError, TypeError, AttributeError):
            raise Refused(403, self.worded(UNCLEAR)) from None

    # --- whether they still belong

    async def refresh_user(self, user: Any, handler: Any = None, **kwargs: Any) -> Answer:
        """Return what the provider says of *user* now; False where they must sign in again.

        Raises:
            Outage: It could not be asked.
        """
        outages: list[Outage] = []
        OUTAGES.set(outages)
        await self.ready()
        try:
            answer: Answer = await super().refresh_user(user, handler, **kwargs)
        except HTTPError as error:
            if error.status_code >= 500:
                raise Outage(self.worded(UNCLEAR)) from None
            return False
        if answer is False and outages:
            raise outages[-1]
        return answer

    # --- what the provider is asked

    async def httpfetch(
        self, url: str, label: str = "fetching", parse_json: bool = True, **kwargs: Any
    ) -> Any:
        """Ask the provider.

        Raises:
            HTTPClientError: It said no.
            Outage: It did not answer, cannot now, or answered something else.
        """
        try:
            return await super().httpfetch(url, label, parse_json, **kwargs)
        except HTTPClientError as error:
            if not is_outage(error):
                raise
            reason: Exception = error
        except (OSError, ValueError) as error:  # no connection, no trust; no JSON
            reason = error
        parts = urlsplit(url)
        said = f"{type(reason).__name__}: {reason}"
        self.log.warning("%s://%s%s: %.200s", parts.scheme, parts.netloc, parts.path, said)
        raise self.outage(DOWN)

    def outage(self, text: str) -> Outage:
        """Return an outage to raise, and remember it."""
        made = Outage(self.worded(text))
        noted = OUTAGES.get()
        if noted is not None:
            noted.append(made)
        return made

    async def get_token_info(self, handler: Any, params: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Return the tokens behind a code or a refresh token.

        Raises:
            HTTPError: 400 where it does not count any more.
            Outage: The provider did not answer, or does not accept this hub.
        """
        try:
            told = await self.httpfetch(
                self.token_url,
                "fetching tokens",
                method="POST",
                headers=self.build_token_info_request_headers(),
                body=urlencode(params).encode(),
                validate_cert=self.validate_server_cert,
            )
        except HTTPClientError as error:
            told = _json(error.response.body if error.response else b"")
            told.setdefault("error", str(error.code))
        if isinstance(told, dict) and told.get("access_token"):
            return {"token_type": "Bearer", **told}
        error_code = str(told.get("error", "")) if isinstance(told, dict) else ""
        if error_code in SPENT:
            raise HTTPError(400, TOO_OLD)
        self.log.error("%s gave no token: %.64r", self.way, error_code or "no reason")
        raise self.outage(MISFIT)

    async def token_to_user(self, token_info: Any) -> dict[str, Any]:
        """Return what the provider says about the bearer of a token."""
        told = await super().token_to_user(token_info)
        if not isinstance(told, dict):
            raise self.outage(UNCLEAR)
        return told

    async def fetch_pages(self, url: str, state: Mapping[str, Any]) -> list[Any]:
        """Return the whole of a list that comes in pages (RFC 8288)."""
        found: list[Any] = []
        began = urlsplit(url)[:2]
        for _ in range(MOST_PAGES):
            answer = await self.fetch_as(url, state, parse_json=False)
            listed = _json(answer.body, [])
            found += listed if isinstance(listed, list) else []
            links = parse_header_links(answer.headers.get("Link", ""))
            url = next((link["url"] for link in links if link.get("rel") == "next"), "")
            if not url:
                return found
            if urlsplit(url)[:2] != began:  # the token goes nowhere else
                break
        raise self.outage(UNCLEAR)

    async def fetch_as(self, url: str, state: Mapping[str, Any], **kwargs: Any) -> Any:
        """Ask the provider in the name of whom *state* belongs to."""
        kind = state["token_response"]["token_type"]
        headers = self.build_userdata_request_headers(state["access_token"], kind)
        return await self.httpfetch(
            url, method="GET", headers=headers, validate_cert=self.validate_server_cert, **kwargs
        )

    async def get_user_groups(self, auth_state: dict[str, Any]) -> set[str]:
        """Return the groups somebody belongs to, as they become the hub's."""
        found = await self.groups_of(auth_state)
        names = {name.strip() for name in found}
        return {name for name in names if 0 < len(name) <= LONGEST_GROUP}

    async def groups_of(self, auth_state: dict[str, Any]) -> Iterable[str]:
        """Return the names of the groups the provider tells of."""
        return names_in(auth_state[self.user_auth_state_key], self.auth_state_groups_key)


def is_outage(error: HTTPClientError) -> bool:
    """Return whether an error means that the provider cannot say, rather than that it says no."""
    if error.code == 403 and error.response:
        headers, body = error.response.headers, error.response.body or b""
        spent = headers.get("X-RateLimit-Remaining") == "0" or "Retry-After" in headers
        return spent or b"rate limit" in body.lower()
    return error.code < 400 or error.code in (404, 408, 425, 429) or error.code >= 500


def names_in(told: Mapping[str, Any], claim: str) -> list[str]:
    """Return the names listed under *claim*, itself a name or a path with dots."""
    found: Any = told.get(claim)
    if found is None:
        found = told
        for key in claim.split("."):
            found = found.get(key) if isinstance(found, dict) else None
    listed = found if isinstance(found, list) else [found]  # one name may stand by itself
    return [name for name in listed if isinstance(name, str)]


def _json(body: bytes, otherwise: Any = None) -> Any:
    """Return the JSON in *body*; a form's fields, or *otherwise*, where it is none."""
    try:
        return json.loads(body)
    except ValueError:
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        return form if otherwise is None else otherwise
