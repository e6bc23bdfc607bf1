"""What is wrong with a request, in the dialect's own form (Genesys, Web Services API Reference, "Return Values")."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """The ``statusCode`` of a reply."""

    SUCCESS = 0
    PARAMETER_MISSING = 1
    NOT_VALID_NOW = 2
    FORBIDDEN = 3
    INTERNAL = 4
    NO_PERMISSION = 5
    NOT_FOUND = 6
    OUT_OF_RANGE = 10
    NOT_AUTHENTICATED = 20


class GenesysError(Exception):
    """A request that is not carried out: nothing has changed. ``http`` is the HTTP status, ``headers`` go with it."""

    def __init__(
        self, status: Status, message: str, *, http: int, headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.http = http
        self.headers = headers
