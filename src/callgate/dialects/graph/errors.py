"""What a bot is told when a request is not done: Graph's error object.

Source: Microsoft Graph's page of error responses; the codes 8522 and those of tokens are from logs of the service.
429, 503 and 504 are never sent: the vendor's clients would send the decision again.
"""

from __future__ import annotations

import time

import msgspec

from callgate.core.answers import (
    AlreadyDecided,
    Answer,
    Applied,
    CancelledByCaller,
    EdgeFailed,
    EdgeSilent,
    Lapsed,
    NoDestination,
    NotHeld,
    UnknownCall,
)
from callgate.core.calls import VerdictRecord
from callgate.core.verdicts import Accept, Decider, Dial, Redirect, Refuse, Verdict
from callgate.dialects.graph.model import Refused

NEVER_SENT = frozenset({429, 503, 504})


class NotAllowed(Refused):
    """A method that the resource does not have; ``allow`` are those it has."""

    def __init__(self, method: str, allow: tuple[str, ...]) -> None:
        super().__init__(405, "BadRequest", f"{method[:20]} is not supported here: use {' or '.join(allow)}.")
        self.allow = allow


def bad_request(message: str) -> Refused:
    """The request itself is wrong."""
    return Refused(400, "BadRequest", message)


def no_segment(segment: str) -> Refused:
    """The path leads nowhere; ``segment`` is the first that is not known."""
    return Refused(404, "BadRequest", f"Resource not found for the segment '{segment[:64]}'.")


def not_served(what: str) -> Refused:
    """The vendor's API has this, Callgate does not."""
    return Refused(501, "notSupported", f"Callgate does not do {what}: it answers, rejects, redirects and ends calls.")


def call_not_found() -> Refused:
    """No such call, or another bot's, or one that is over."""
    return Refused(404, "8522", "Call not found.")


def failed() -> Refused:
    """A fault of Callgate's."""
    return Refused(500, "generalException", "Callgate failed, see its log.")


def explained(answer: Answer, decider: Decider) -> Refused:
    """What ``decider`` is told whose decision had no effect."""
    match answer:
        case UnknownCall():
            return call_not_found()
        case AlreadyDecided(call=call, first=first):
            remedy = " To end an answered call, delete it." if call.answered is not None and call.ended is None else ""
            return _conflict(_decided(first, decider) + remedy)
        case Lapsed(default=default):
            return _conflict(f"The time to decide was over: the call was {_done(default.verdict)} by default.")
        case CancelledByCaller():
            return _conflict("The caller has hung up before the decision took effect.")
        case NotHeld():
            return _conflict("The call was not held: it went straight to its destination.")
        case NoDestination(call=call):
            return _conflict(f"Inbound route {call.route} has no destination: set one.")
        case EdgeFailed(status=status):
            heard = f"the caller got {status}" if status else "the call is lost"
            return Refused(500, "generalException", f"The SIP side could not do it: {heard}.")
        case EdgeSilent() | Applied():
            return unconfirmed()


def unconfirmed() -> Refused:
    """The edge did not say whether it has done what was asked."""
    return Refused(500, "generalException", "The SIP side did not confirm it: what came of it is not known yet.")


def _conflict(message: str) -> Refused:
    return Refused(409, "Conflict", message)


def _decided(first: VerdictRecord, decider: Decider) -> str:
    if first.decider == decider:
        return f"This bot has {_done(first.verdict)} the call already."
    return f"The call was {_done(first.verdict)} by {first.decider.dialect} {first.decider.application}."


def _done(verdict: Verdict) -> str:
    match verdict:
        case Accept():
            return "accepted"
        case Refuse(status=status):
            return f"refused ({status})"
        case Redirect():
            return "answered"
        case Dial():
            return "redirected"


class _InnerError(msgspec.Struct, frozen=True):
    date: str
    request_id: str = msgspec.field(name="request-id")
    client_request_id: str = msgspec.field(name="client-request-id")


class _Error(msgspec.Struct, frozen=True, rename="camel"):
    code: str
    message: str
    inner_error: _InnerError


class _Body(msgspec.Struct, frozen=True):
    error: _Error


def body(error: Refused, *, request_id: str, client_request_id: str, now: float) -> bytes:
    """The JSON of an error; ``now`` in Unix seconds."""
    date = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    return msgspec.json.encode(
        _Body(_Error(error.code, error.message, _InnerError(date, request_id, client_request_id)))
    )
