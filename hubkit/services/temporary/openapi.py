"""The API as an OpenAPI 3.1 document."""

from __future__ import annotations

from typing import Any

from hubkit import __version__

JSON = "application/json"
TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
COUNTED = ("admitted", "refused", "refused_full", "refused_address", "failed")
NUMBERS = ("available", "capacity", "in_use", "starting", *COUNTED)
RETRY = {"Retry-After": {"description": "Seconds to wait.", "schema": NUMBER}}
ASKED = {"type": "object", "properties": {"image": TEXT, "profile": TEXT}}


def document(url: str) -> dict[str, Any]:
    """Return the document of the hub at *url*."""
    token: list[Any] = [{"token": []}]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Temporary notebooks", "version": __version__},
        "servers": [{"url": url.rstrip("/")}],
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`token …`; asked for where the hub has one set. "
                    "For administrators' requests that one, or a token of a hub administrator.",
                }
            }
        },
        "paths": {
            "/api/spawn": {"post": _spawn(token)},
            "/api/stats": {"get": _stats()},
            "/api/visitors": {"get": _visitors(token)},
            "/api/visitors/{name}": {"delete": _end(token)},
            "/api/pool": {"delete": _drain(token)},
            "/build/{provider}/{spec}": {"get": _build()},
        },
    }


def _answer(text: str, properties: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"description": text, **more}
    if properties is not None:
        found["content"] = {JSON: {"schema": {"type": "object", "properties": properties}}}
    return found


def _refusals(*statuses: int) -> dict[str, Any]:
    said = {"status": TEXT, "message": TEXT}
    texts = {
        400: "The body or the query is wrong, or there is no such image.",
        401: "A token is asked for.",
        403: "The token is wrong, or the page's origin is not allowed.",
        404: "There is no such visitor.",
        413: "The body is too large.",
        429: "Your address has as many servers as it may.",
        503: "All places are taken, the server did not start, or the hub does not answer.",
    }
    return {
        str(one): _answer(texts[one], said, **({"headers": RETRY} if one in {429, 503} else {}))
        for one in statuses
    }


def _spawn(security: list[Any]) -> dict[str, Any]:
    return {
        "summary": "Hand out a server; answers when it is ready.",
        "security": [*security, {}],
        "requestBody": {"required": False, "content": {JSON: {"schema": ASKED}}},
        "responses": {
            "200": _answer("The server, and what lets you in.", {"url": TEXT, "token": TEXT}),
            **_refusals(400, 401, 403, 413, 429, 503),
        },
    }


def _stats() -> dict[str, Any]:
    shown = {**dict.fromkeys(NUMBERS, NUMBER), "version": TEXT, "container_image": TEXT}
    return {"summary": "How many are here.", "responses": {"200": _answer("Numbers.", shown)}}


def _visitors(security: list[Any]) -> dict[str, Any]:
    shown = {"visitors": {"type": "array", "items": {"type": "object"}}}
    return {
        "summary": "Who is here, for administrators.",
        "security": security,
        "responses": {"200": _answer("All visitors.", shown), **_refusals(401, 403)},
    }


def _end(security: list[Any]) -> dict[str, Any]:
    name = {"name": "name", "in": "path", "required": True, "schema": TEXT}
    return {
        "summary": "End one visit, for administrators.",
        "security": security,
        "parameters": [name],
        "responses": {"204": _answer("It is over."), **_refusals(401, 403, 404, 503)},
    }


def _drain(security: list[Any]) -> dict[str, Any]:
    image = {"name": "image", "in": "query", "required": False, "schema": TEXT}
    text = "How many are being replaced; a message where none is, and why."
    return {
        "summary": "Replace the servers that wait, each when another is ready; for administrators.",
        "security": security,
        "parameters": [image],
        "responses": {
            "200": _answer(text, {"drained": NUMBER, "message": TEXT}),
            **_refusals(400, 401, 403, 503),
        },
    }


def _build() -> dict[str, Any]:
    parameters = [
        {"name": one, "in": "path", "required": True, "schema": TEXT}
        for one in ("provider", "spec")
    ]
    text = "BinderHub's events; the last one's phase is ready or failed."
    events = {"description": text, "content": {"text/event-stream": {"schema": TEXT}}}
    return {
        "summary": "Hand out a server as BinderHub does.",
        "parameters": parameters,
        "responses": {"200": events, **_refusals(401, 403)},
    }
