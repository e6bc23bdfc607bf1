"""What is wrong with a request, in the dialect's own form (Genesys, Web Services API Reference, "Return Values").

The vendor documents the codes, and not the HTTP statuses beside them, except 403 for CSRF: those here are Callgate's.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec


class Status(IntEnum):
    """The ``statusCode`` of a reply."""

    SUCCESS = 0
    PARAMETER_MISSING = 1
    NOT_VALID_NOW = 2
    FORBIDDEN = 3
    INTERNAL = 4
    NO_PERMISSION = 5
    NOT_FOUND = 6
    PARTIAL_SUCCESS = 7
    INCOMPLETE = 9
    OUT_OF_RANGE = 10
    NOT_AUTHENTICATED = 20


class _Body(msgspec.Struct, frozen=True, rename="camel"):
    status_code: int
    status_message: str


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

    @property
    def body(self) -> bytes:
        """What the reply says, in JSON."""
        return msgspec.json.encode(_Body(self.status, self.message))


# --- who asks ---------------------------------------------------------------------------------------------------------


def access_denied() -> GenesysError:
    """Neither a live session nor right credentials."""
    challenge = (b"www-authenticate", b'Basic realm="callgate", charset="UTF-8"')  # RFC 7617 section 2
    return GenesysError(Status.NOT_AUTHENTICATED, "Access denied", http=401, headers=(challenge,))


def locked_out(seconds: int) -> GenesysError:
    """Too many wrong passwords from there."""
    message = f"Access denied: too many failed logins, try again in {seconds} s"
    return GenesysError(Status.NOT_AUTHENTICATED, message, http=429, headers=((b"retry-after", b"%d" % seconds),))


def too_many_logins() -> GenesysError:
    """As many passwords are being verified as may be."""
    message = "Too many logins are under way: try again"
    return GenesysError(Status.INTERNAL, message, http=503, headers=((b"retry-after", b"1"),))


def no_csrf_token() -> GenesysError:
    """Source: Genesys, "CSRF Protection"."""
    return GenesysError(Status.FORBIDDEN, "Missing or invalid Csrf token", http=403)


def no_feature(feature: str) -> GenesysError:
    """The agent does not have what the operation requires."""
    message = f"This operation requires the feature {feature}, which this user does not have"
    return GenesysError(Status.NO_PERMISSION, message, http=403)


# --- what is asked ----------------------------------------------------------------------------------------------------


def not_found(what: str) -> GenesysError:
    """No such resource, or not this agent's."""
    return GenesysError(Status.NOT_FOUND, f"{what} could not be found", http=404)


def not_allowed(method: str, allow: tuple[str, ...]) -> GenesysError:
    """A method that the resource does not have; ``allow`` are those it has."""
    message = f"{method[:20]} is not supported here: use {' or '.join(allow)}"
    header = (b"allow", ", ".join(allow).encode())
    return GenesysError(Status.FORBIDDEN, message, http=405, headers=(header,))


def not_done(operation: str) -> GenesysError:
    """The vendor's API has this operation, Callgate does not."""
    return GenesysError(Status.FORBIDDEN, f"Callgate does not do {operation}", http=403)


def missing(what: str) -> GenesysError:
    """A required parameter is not there."""
    return GenesysError(Status.PARAMETER_MISSING, f"A required parameter is missing: {what}", http=400)


def out_of_range(message: str) -> GenesysError:
    """A parameter that cannot be this."""
    return GenesysError(Status.OUT_OF_RANGE, message, http=400)


def not_now(message: str) -> GenesysError:
    """Not in the state that the resource is in."""
    return GenesysError(Status.NOT_VALID_NOW, message, http=409)


def too_large(limit: int) -> GenesysError:
    """A body of more than ``limit`` bytes."""
    return GenesysError(Status.OUT_OF_RANGE, f"The request body may have at most {limit} bytes", http=413)


def failed() -> GenesysError:
    """A fault of Callgate's."""
    return GenesysError(Status.INTERNAL, "Callgate failed, see its log", http=500)
