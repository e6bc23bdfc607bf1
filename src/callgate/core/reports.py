"""What the edge tells about calls, in the domain's words. A call is named by its sequence number."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from callgate.core.calls import Caller, Sequence


class Incoming(msgspec.Struct, frozen=True, gc=False):
    """An INVITE arrived from a known trunk.

    ``controlled``: it is held and waits for a verdict; otherwise it went straight on (the trunk's control is off).
    ``edge`` is the edge's own random number, ``received`` is in Unix seconds.
    """

    sequence: Sequence
    edge: int
    received: float
    trunk: str
    route: str
    dialled: str
    caller: Caller
    controlled: bool = True


class Progress(StrEnum):
    """What became of a call after it was let go, or while it was held without a verdict."""

    ROUTED = "routed"  #: the guard timer applied the default: the INVITE was relayed
    REFUSED = "refused"  #: the guard timer applied the default: the caller was refused
    CANCELLED = "cancelled"  #: the caller cancelled, and got 487
    RINGING = "ringing"
    ANSWERED = "answered"
    FAILED = "failed"  #: the destination's final failure reached the caller, with this status
    ENDED = "ended"  #: BYE
    RETURNED = "returned"  #: nobody who was dialled answered; the call is held again


class Report(msgspec.Struct, frozen=True, gc=False):
    """One report on one call; ``status`` is the SIP status it is about, ``by`` who ended an established call.

    ``by``: "caller", "destination", "controller" or "limit" (its time was over) for ENDED, else "".
    ``attempt`` is the number of the dialling that it is about, 0 for none; ``target`` which of its targets rings or
    has answered.
    """

    sequence: Sequence
    progress: Progress
    status: int = 0
    phrase: str = ""
    by: str = ""
    attempt: int = 0
    target: int | None = None


class AckResult(StrEnum):
    """What a command to the edge really did."""

    DONE = "done"
    CANCELLED = "cancelled"  #: the caller had cancelled before
    LAPSED = "lapsed"  #: the guard timer had applied the default before
    UNKNOWN = "unknown"  #: the edge has no such call (any more)
    FAILED = "failed"  #: the edge tried and could not; ``status`` is what the caller got
    UNANSWERED = "unanswered"  #: sent twice, and the edge did not acknowledge


class Ack(msgspec.Struct, frozen=True, gc=False):
    """The edge's acknowledgement of one command. ``status`` is the SIP status sent to the caller, 0 if none was."""

    result: AckResult
    status: int = 0
