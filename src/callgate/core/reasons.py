"""Why a call is refused: one table that serves every dialect.

A reason names a SIP status (RFC 3261 section 21, RFC 5079 for 433, RFC 8197 for 607), the phrase the caller
hears with it, and the Q.850 cause that goes into the ``Reason`` header (RFC 3326, mapping of RFC 3398 section 7.2.4.1).
"""

from __future__ import annotations

import msgspec


class Reason(msgspec.Struct, frozen=True):
    """One row of the table.

    ``status`` is the SIP status, ``cause`` the Q.850 cause, ``retry_after`` the seconds after which the caller
    may try again (``Retry-After``, RFC 3261 section 20.33), or ``None`` where the status carries no such header.
    """

    name: str
    status: int
    phrase: str
    cause: int
    retry_after: int | None = None


class UnknownReasonError(ValueError):
    """The name is not in the table."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"unknown reason {name!r}: use one of {', '.join(REASONS)}")


#: Every named reason, by name. The RCML names are the vocabulary.
REASONS: dict[str, Reason] = {
    reason.name: reason
    for reason in (
        Reason("rejected", 603, "Decline", 21),
        Reason("busy", 486, "Busy Here", 17),
        Reason("forbidden", 403, "Forbidden", 21),
        Reason("anonymity_disallowed", 433, "Anonymity Disallowed", 21),
        Reason("address_incomplete", 484, "Address Incomplete", 28),
        Reason("no_route", 404, "No Route", 1),
        Reason("service_unavailable", 503, "Service Unavailable", 41, retry_after=30),
        Reason("unwanted", 607, "Unwanted", 21),
        Reason("temporarily_unavailable", 480, "Temporarily Unavailable", 18),
    )
}

#: Q.850 cause by SIP status, for a refusal that names a status of its own (RFC 3398 section 8.2.6.1).
_CAUSE_BY_STATUS = {
    400: 41, 401: 21, 402: 21, 403: 21, 404: 1, 405: 63, 406: 79, 407: 21, 408: 102, 410: 22, 413: 127, 414: 127,
    415: 79, 416: 127, 420: 127, 421: 127, 423: 127, 433: 21, 480: 18, 481: 41, 482: 25, 483: 25, 484: 28, 485: 1,
    486: 17, 488: 65, 500: 41, 501: 79, 502: 38, 503: 41, 504: 102, 505: 127, 513: 127, 600: 17, 603: 21,
    604: 1, 606: 65, 607: 21, 608: 21,
}  # fmt: skip

#: Phrase by SIP status, for a refusal that gives none (the registered phrases).
_PHRASE_BY_STATUS = {
    400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout", 410: "Gone",
    433: "Anonymity Disallowed", 480: "Temporarily Unavailable", 482: "Loop Detected", 483: "Too Many Hops",
    484: "Address Incomplete", 485: "Ambiguous", 486: "Busy Here", 488: "Not Acceptable Here",
    500: "Server Internal Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Server Time-out", 600: "Busy Everywhere", 603: "Decline", 604: "Does Not Exist Anywhere",
    606: "Not Acceptable", 607: "Unwanted", 608: "Rejected",
}  # fmt: skip


def by_name(name: str) -> Reason:
    """The reason of that name; letter case does not matter.

    Raises:
        UnknownReasonError: no such reason; the text lists those there are.
    """
    reason = REASONS.get(name.lower())
    if reason is None:
        raise UnknownReasonError(name)
    return reason


def cause_of(status: int) -> int:
    """The Q.850 cause that goes with a SIP status; 31 (normal, unspecified) where none is registered."""
    return _CAUSE_BY_STATUS.get(status, 31)


def phrase_of(status: int) -> str:
    """The registered phrase of a SIP status; the name of its class where none is registered."""
    known = _PHRASE_BY_STATUS.get(status)
    if known is not None:
        return known
    return {4: "Request Failure", 5: "Server Failure", 6: "Global Failure"}.get(status // 100, "Unknown")
