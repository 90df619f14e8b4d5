"""An OAuth provider that answers as told, and somebody who comes from there."""

from __future__ import annotations

import json
from io import BytesIO

from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders

TOKENS = {"access_token": "at", "token_type": "bearer", "refresh_token": "rt"}


def response(status, content=None, **headers):
    body = BytesIO(content if isinstance(content, bytes) else json.dumps(content).encode())
    return HTTPResponse(HTTPRequest("https://x/"), status, HTTPHeaders(headers), buffer=body)


class Client:
    """A provider that answers what it was told, by the path asked for."""

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    async def fetch(self, request, **kwargs):
        self.asked.append(request)
        name = request.url.partition("?")[0].rsplit("/", 1)[-1].replace("-", "_")
        found = self.answers[name]
        found = found.pop(0) if isinstance(found, list) else found
        if isinstance(found, Exception):
            raise found
        if found.code >= 300:
            raise HTTPClientError(found.code, response=found)
        return found


class User:
    """Somebody the hub remembers an auth state of."""

    name = "ada"

    def __init__(self, state):
        self.state = state

    async def get_auth_state(self):
        return self.state


def model(authenticator, **told):
    state = authenticator.build_auth_state_dict(TOKENS, told)
    return {"name": "ada", "admin": None, "auth_state": state}
