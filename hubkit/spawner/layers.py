"""What the engine's events say about a pull: how far it is, and why it failed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MB = 1_000_000
LONGEST = 200  # characters of somebody else's words
SHOWN = 3  # layers under way: as many as the engine loads at once

WAITING = {"Pulling fs layer", "Waiting"}
LOADING, LOADED, UNPACKING = (
    "Downloading",
    {"Verifying Checksum", "Download complete"},
    "Extracting",
)
UNPACKED, THERE = "Pull complete", "Already exists"
STATES = {*WAITING, LOADING, *LOADED, UNPACKING, UNPACKED, THERE}
COUNTDOWN = "Retrying in"  # the seconds until a layer is tried again: nothing moves

# Words of the engine or the registry, what they mean, and whether they say more than that.
# The first that fits counts.
REASONS = (
    (r"no space left", "the disk of the Docker host is full", False),
    (r"toomanyrequests|rate limit", "its registry admits no more pulls for now", False),
    (r"no matching manifest|specified platform", "it does not fit this host's processor", True),
    (
        r"access denied.*does not exist",
        "it was not found, or its registry asks for a login: docker login",
        False,
    ),
    (
        r"unauthori[sz]ed|(?<!permission )denied|forbidden|authentication required|basic auth",
        "access denied; log in to its registry: docker login",
        False,
    ),
    (r"x509|certificate|HTTP response to HTTPS", "its registry cannot be trusted", True),
    (
        r"no such host|dial |refused|unreachable|no route|time-?d? ?out|deadline|\bEOF\b"
        r"|reset by peer|request canceled|misbehaving|bad gateway|unavailable",
        "its registry cannot be reached",
        True,
    ),
    (
        r"(manifest|name) unknown|not ?found|does not exist",
        "it was not found in its registry",
        False,
    ),
    (r"invalid (reference|tag|repository|checksum)", "no image can have this name", True),
)


def reason(image: str, message: str) -> str:
    """Return in one sentence why *image* cannot be pulled.

    Args:
        image: As it was asked for.
        message: What the engine or the registry said; may contain addresses with secrets.
    """
    words = _clean(message)
    for pattern, meaning, more in REASONS:
        if re.search(pattern, words, re.IGNORECASE):
            return f"image {image} cannot be pulled: {meaning}{f' ({words})' if more else ''}"
    return f"image {image} cannot be pulled: {words or 'no reason was given'}"


def _clean(message: str) -> str:
    """Return *message* in one line, without what may be secret in its addresses."""
    words = re.sub(r"(?<=://)[^/\s\"@]*@", "", " ".join(message.split()))
    words = re.sub(r"\?[^\s\"]+", "", words)
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


@dataclass
class _Layer:
    state: str = ""
    loaded: int = 0  # bytes
    unpacked: int = 0  # bytes
    total: int = 0  # bytes; 0 while it is not known

    @property
    def done(self) -> bool:
        return self.state in (UNPACKED, THERE)

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1; loading counts half, unpacking the rest."""
        if self.done:
            return 1.0
        if not self.total:
            return 0.5 if self.state == UNPACKING or self.state in LOADED else 0.0
        return (self.loaded + self.unpacked) / self.total / 2

    @property
    def now(self) -> str:
        """How far it is, while it is loaded or unpacked."""
        if self.state not in (LOADING, UNPACKING) or not self.total:
            return ""
        word, done = ("", self.loaded) if self.state == LOADING else ("unpacking ", self.unpacked)
        return f"{word}{done / MB:.0f} of {self.total / MB:.0f} MB"

    def hear(self, state: str, detail: Mapping[str, Any]) -> None:
        self.state = state
        if state in (LOADING, UNPACKING) and "units" not in detail:  # the unit may be seconds
            self.total = max(self.total, _bytes(detail, "total"))
            current = _bytes(detail, "current")
            current = min(current, self.total) if self.total else current
            if state == LOADING:
                self.loaded = current
            else:
                self.unpacked = current
        if state not in (LOADING, *WAITING):
            self.loaded = self.total or self.loaded


def _bytes(detail: Mapping[str, Any], key: str) -> int:
    value = detail.get(key)
    return max(value, 0) if isinstance(value, int) else 0


class Layers:
    """How far one pull is, by the events of the engine's answer.

    Sizes become known one by one, as the engine begins with each layer.

    Attributes:
        error: What the engine or the registry complained about, ``""`` if nothing.
    """

    def __init__(self) -> None:
        self.error = ""
        self._layers: dict[str, _Layer] = {}
        self._last: dict[str, tuple[object, object]] = {}
        self._moved = False
        self._percent = 0

    def feed(self, event: Mapping[str, Any]) -> None:
        """Take note of one event, as docker-py decodes it; unknown ones do no harm."""
        self.error = self.error or str(event.get("error") or "")
        state, name = str(event.get("status") or ""), str(event.get("id") or "")
        detail = event.get("progressDetail") or {}
        if state.startswith(COUNTDOWN):
            return
        if name and state in STATES:
            self._layers.setdefault(name, _Layer()).hear(state, detail)
        news = (state, detail.get("current"))
        self._moved = self._moved or self._last.get(name) != news
        self._last[name] = news

    def moved(self) -> bool:
        """Return whether anything went on since this was asked before."""
        moved, self._moved = self._moved, False
        return moved

    @property
    def queued(self) -> bool:
        """Whether all there is to load waits: the engine loads only a few layers at once."""
        left = [layer for layer in self._layers.values() if not layer.done]
        return bool(left) and all(layer.state in WAITING for layer in left)

    @property
    def percent(self) -> int:
        """How much is done; never less than was said before."""
        needed = [layer for layer in self._layers.values() if layer.state != THERE]
        sizes = [layer.total for layer in needed if layer.total]
        usual = sum(sizes) / len(sizes) if sizes else 1
        if needed:
            done = sum((layer.total or usual) * layer.share for layer in needed)
            share = done / sum(layer.total or usual for layer in needed)
            self._percent = max(self._percent, int(100 * share))
        elif self._layers:
            self._percent = 100
        return self._percent

    def sentence(self, image: str) -> str:
        """Return how far the pull of *image* is, for the user who waits for it."""
        layers = self._layers.values()
        if not layers:
            return f"pulling {image}"
        total, loaded = sum(layer.total for layer in layers), sum(layer.loaded for layer in layers)
        done = f"{sum(layer.done for layer in layers)} of {len(layers)} layers"
        if not loaded and not total:
            return f"pulling {image}: {done}"
        complete = all(layer.total or layer.done for layer in layers)
        of = f" of {'' if complete else 'at least '}{total / MB:.0f}" if total else ""
        return f"pulling {image}: {loaded / MB:.0f}{of} MB, {done}{self._now()}"

    def _now(self) -> str:
        """Return how far each layer is that is under way, where there are several."""
        busy = [f"{name[:12]} {one.now}" for name, one in self._layers.items() if one.now]
        if len(self._layers) < 2 or not busy:
            return ""
        more = f", {len(busy) - SHOWN} more" if len(busy) > SHOWN else ""
        return f"; now {', '.join(busy[:SHOWN])}{more}"
