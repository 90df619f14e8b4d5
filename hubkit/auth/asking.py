"""Ask a provider over HTTPS, and tell apart one that says no from one that cannot say.

`Asking` is mixed into OAuthenticator's classes and uses their public methods only.
Nothing a provider answers, and nothing it was sent, is logged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, TypeVar
from urllib.parse import urlsplit

from oauthenticator.oauth2 import OAuthenticator
from requests.utils import parse_header_links
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.httputil import HTTPInputError
from tornado.simple_httpclient import SimpleAsyncHTTPClient
from traitlets import default

from hubkit.auth.outage import Outage, Unsaid

MOST_REQUESTS = 50  # at once; more wait
MOST_BYTES = 4 * 2**20  # of one answer
MOST_PAGES = 50  # of one list, 100 entries each

DOWN = "{provider} does not answer. Try again in a minute."
UNCLEAR = "{provider} did not say what this hub needs to know about you. Please tell {contact}."


# What went wrong during one look: OAuthenticator swallows it where it uses a refresh token.
UNSAID: ContextVar[list[Unsaid] | None] = ContextVar("unsaid", default=None)


class Asking(OAuthenticator):
    """How the hub speaks to a provider."""

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

    def outage(self, text: str) -> Outage:
        """Return an outage to raise, and remember it."""
        return noted(Outage(self.worded(text)))

    def unsaid(self, text: str, **values: str) -> Unsaid:
        """Return what to raise where the provider is up, but leaves out one person's answer."""
        return noted(Unsaid(self.worded(text, **values)))

    async def fetch(
        self, req: HTTPRequest, label: str = "fetching", parse_json: bool = True, **kwargs: Any
    ) -> Any:
        """Send a request; OAuthenticator's own would log what the provider answers.

        Raises:
            HTTPClientError: The provider said no.
            Outage: It did not answer, cannot now, or answered something else.
        """
        try:
            answer = await self.http_client.fetch(req, **kwargs)
            return json.loads(answer.body or b"null") if parse_json else answer
        except HTTPClientError as error:
            if not is_outage(error, req.method):
                raise
            said = f"{error.code}"
        except (OSError, HTTPInputError) as error:  # no connection, no trust, no HTTP
            said = f"{type(error).__name__}: {error}"
        except ValueError:
            said = "no JSON"
        except Exception as error:  # noqa: BLE001 (what only one kind of answer brings about)
            said = type(error).__name__
        address = urlsplit(req.url)._replace(query="").geturl()
        self.log.warning("%s: %s %s answered %.200s", label, req.method, address, said)
        raise self.outage(DOWN)

    async def fetch_as(self, url: str, state: Mapping[str, Any], **kwargs: Any) -> Any:
        """Ask the provider in the name of whom the auth state belongs to."""
        kind = state["token_response"]["token_type"]
        headers = self.build_userdata_request_headers(state["access_token"], kind)
        cert = self.validate_server_cert
        return await self.httpfetch(
            url, "asking", method="GET", headers=headers, validate_cert=cert, **kwargs
        )

    async def fetch_pages(self, url: str, state: Mapping[str, Any]) -> list[Any]:
        """Return the whole of a list that comes in pages (RFC 8288)."""
        found: list[Any] = []
        began = urlsplit(url)[:2]
        for _ in range(MOST_PAGES):
            answer = await self.fetch_as(url, state, parse_json=False)
            listed = decoded(answer.body)
            if not isinstance(listed, list):
                break
            found += listed
            links = parse_header_links(answer.headers.get("Link", ""))
            url = next((link["url"] for link in links if link.get("rel") == "next"), "")
            if not url:
                return found
            if urlsplit(url)[:2] != began:  # the token goes nowhere else
                break
        else:
            raise self.unsaid(UNCLEAR)  # of this person there is more than can be read
        raise self.outage(UNCLEAR)


Made = TypeVar("Made", bound=Unsaid)


def noted(made: Made) -> Made:
    """Return *made*, remembered for the look that is under way."""
    found = UNSAID.get()
    if found is not None:
        found.append(made)
    return made


def is_outage(error: HTTPClientError, method: str = "GET") -> bool:
    """Return whether an error means that the provider cannot say, rather than that it says no."""
    if error.code == 403 and error.response:
        headers, body = error.response.headers, error.response.body or b""
        spent = headers.get("X-RateLimit-Remaining") == "0" or "Retry-After" in headers
        return spent or b"rate limit" in body.lower()
    if method == "GET":  # "no" to a token is one of these; others come from something between
        return error.code not in (400, 401, 403)
    # 404 is GitHub's answer to a client it does not know.
    return error.code < 400 or error.code in (408, 425, 429) or error.code >= 500


def decoded(body: bytes) -> Any:
    """Return the JSON in *body*, None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
