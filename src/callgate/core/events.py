"""What the gate tells its listeners: the dialects, the journal, the metrics."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from callgate.core.calls import Call, CallId
from callgate.core.verdicts import Decider, Verdict


class Kind(StrEnum):
    """What happened to the call.

    ``PASSED``: a call that was not held went straight on. ``RETURNED``: nobody who was dialled answered, and it is held
    again.
    """

    HELD = "held"
    PASSED = "passed"
    ROUTED = "routed"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    CANCELLED = "cancelled"
    RINGING = "ringing"
    ANSWERED = "answered"
    FAILED = "failed"
    ENDED = "ended"
    RETURNED = "returned"


class CallEvent(msgspec.Struct, frozen=True, gc=False):
    """Something happened to a call at ``at`` (Unix seconds).

    ``call`` is the gate's own object and goes on changing: a listener takes what it needs before it returns.
    ``resumed`` marks a held call that a restarted controller found again on the edge. ``status`` is the SIP status that
    a destination gave (RINGING, ANSWERED, RETURNED, FAILED), 0 where there is none. ``phrase`` is RETURNED's, for the
    call itself keeps what its caller has heard; "Too Many Targets" says that the edge has no room to dial any more.
    """

    kind: Kind
    call: Call
    at: float
    resumed: bool = False
    status: int = 0
    phrase: str = ""


class VerdictEvent(msgspec.Struct, frozen=True, gc=False):
    """A verdict was given and ended in ``result`` (a name of :data:`callgate.core.answers.RESULT_NAMES`).

    Every one is told, also the late, the duplicate and those for unknown calls (``call`` is then ``None``).
    ``seconds`` is how long the decision took, from its arrival to the edge's acknowledgement.
    """

    call: CallId | None
    verdict: Verdict
    decider: Decider
    result: str
    at: float
    seconds: float


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """One try to deliver an event to an application: to whom, how (``websocket``, ``webhook``), and what came of it.

    ``result`` is "delivered" or says what failed in a few words; ``seconds`` is how long it took.
    """

    call: CallId | None
    dialect: str
    application: str
    channel: str
    event: str
    result: str
    at: float
    seconds: float


class PhoneEvent(msgspec.Struct, frozen=True, gc=False):
    """A phone has registered, is registered elsewhere or in another number of places, or is gone (no ``contacts``).

    After a new link to the edge, each phone that is registered then is told again, and each one that is gone.
    """

    login: str
    contacts: int
    at: float


class Synced(msgspec.Struct, frozen=True, gc=False):
    """A new link to the edge is up, and all that the edge knows of calls and phones has been told.

    Before the first one, a call that is told as HELD may be one that was let go, which is told next.
    """

    at: float


#: What is told of calls and of the applications that decide them.
CallStory = CallEvent | VerdictEvent | Delivery

Event = CallStory | PhoneEvent | Synced
