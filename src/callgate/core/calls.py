"""A call as the gate knows it, and its identity.

What is kept of every call is kept out of the garbage collector's sight (``gc=False``): none of it is part of a cycle,
and walking over tens of thousands of remembered calls would hold up the ones that wait.
"""

from __future__ import annotations

from typing import NewType

import msgspec

from callgate.core.states import State
from callgate.core.verdicts import Decider, Target, Verdict

#: One id for one call in every dialect: a time-ordered UUID (version 7, RFC 9562) in its canonical text form.
CallId = NewType("CallId", str)

#: The edge's counter of calls: 32 bits, unique for at least a day, also across restarts of the edge.
Sequence = int


def call_id(received: float, sequence: Sequence, edge: int) -> CallId:
    """The id of the call that an edge received as its ``sequence``-th at ``received`` (Unix seconds).

    ``edge`` is the edge's own random number. The id is made from what the edge keeps, so that a controller that
    was restarted while the call was held finds the same id again.
    """
    milliseconds = int(received * 1000) & 0xFFFF_FFFF_FFFF
    value = (
        milliseconds << 80 | 0x7 << 76 | (edge >> 30 & 0xFFF) << 64 | 0b10 << 62 | (edge & 0x3FFF_FFFF) << 32 | sequence
    )
    text = f"{value:032x}"  # a quarter of the time that uuid.UUID takes for the same
    return CallId(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Who calls, in the SIP stack's own reading, and what of the INVITE may be told to an application.

    ``number`` and ``name`` are the From header's user part and display name, ``uri`` its URI. ``from_header`` …
    ``diversion`` are header values as received, with several values joined by ", ". ``headers`` are the ``X-…``
    headers in their order. ``source`` is the address and port the INVITE came from, ``cseq`` its CSeq number.
    Credentials (Authorization, Proxy-Authorization) never get here.
    """

    number: str
    name: str
    uri: str
    request_uri: str
    from_header: str
    to_header: str
    source: str
    sip_call_id: str
    cseq: int = 1
    asserted_identity: str = ""
    privacy: str = ""
    diversion: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class VerdictRecord(msgspec.Struct, frozen=True, gc=False):
    """A verdict with who gave it and when (Unix seconds)."""

    verdict: Verdict
    decider: Decider
    at: float


class Call(msgspec.Struct, gc=False):
    """One call. Only the gate changes it.

    ``window`` is how long (seconds) applications may decide, and ``deadline`` (Unix seconds) when that is over;
    ``lapse`` is the verdict that applies then. ``destination`` is where it goes: its inbound route's (``routes_to``: ""
    if that has none, ``None`` if only the edge knows), unless a verdict sends it elsewhere. ``attempts`` is how often
    somebody was dialled, ``attempt`` the number of the dialling that it is in (0: none), ``target`` who answered that.
    ``controlled`` is false for a call that was never held (its trunk's control is off).
    ``status`` is the last SIP status the caller got. The times are Unix seconds, ``None`` until it happened:
    ``received`` by the edge, ``told`` to the applications, ``decided``, ``answered`` by the destination, ``ended``.
    """

    id: CallId
    sequence: Sequence
    trunk: str
    route: str
    dialled: str
    destination: str
    caller: Caller
    window: float
    lapse: Verdict
    state: State
    received: float
    deadline: float
    routes_to: str | None
    controlled: bool = True
    told: float | None = None
    decided: float | None = None
    ringing: float | None = None
    answered: float | None = None
    ended: float | None = None
    record: VerdictRecord | None = None
    status: int | None = None
    phrase: str | None = None
    hung_up_by: str | None = None
    attempts: int = 0
    attempt: int = 0
    target: Target | None = None
