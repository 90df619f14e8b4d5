"""Why a volume was not mounted into a container of the pool."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus

from hubkit.errors import HubkitError


class Reason(StrEnum):
    """What the hub can tell refusals apart by; the message says the rest to people."""

    MALFORMED = "malformed"  # not such a request
    NOT_ALLOWED = "not-allowed"  # the volume, the container or the path is none of these
    STOPPED = "stopped"  # the container does not run
    ASSIGNED = "assigned"  # it has its volumes already, or is about to
    EMPTY = "empty"  # the engine has to fill the volume first
    TARGET = "target"  # no folder to mount on, or one behind a symbolic link
    FAILED = "failed"  # engine or kernel did not do it


STATUS = {
    Reason.MALFORMED: HTTPStatus.BAD_REQUEST,
    Reason.NOT_ALLOWED: HTTPStatus.FORBIDDEN,
    Reason.STOPPED: HTTPStatus.CONFLICT,
    Reason.ASSIGNED: HTTPStatus.CONFLICT,
    Reason.EMPTY: HTTPStatus.CONFLICT,
    Reason.TARGET: HTTPStatus.CONFLICT,
    Reason.FAILED: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Refused(HubkitError):
    """Nothing was mounted.

    Args:
        reason: For the hub.
        message: For people, one clause.
    """

    def __init__(self, reason: Reason, message: str):
        self.reason, self.message = reason, message
        super().__init__(message)
