"""What applications are told, and how: the gate's events as 30016, 30011, 30012 and 30015.

Source: Yeastar P-Series developer guide, the pages of the four events. :func:`topics` says which of them an event of
the gate becomes, :func:`encode` makes the frame, once for all who get it. Both are on the way of every call.
"""

from __future__ import annotations

import time

import msgspec

from callgate.core.calls import Call
from callgate.core.events import CallEvent, Kind
from callgate.core.reasons import phrase_of
from callgate.core.states import FINAL, State
from callgate.core.verdicts import Refuse
from callgate.dialects.yeastar.spelling import call_id_of, channel_of, destination_number, extension_channel_of
from callgate.dialects.yeastar.wire import (
    CallEnd,
    CallFailure,
    CallMembers,
    EndStatus,
    ExtensionLeg,
    ExtensionMember,
    InboundLeg,
    InboundMember,
    Member,
    MemberStatus,
    Pushed,
)

INCOMING_CALL_REQUEST = 30016
CALL_STATE_CHANGED = 30011
CALL_END_DETAILS = 30012
CALL_FAILURE_REPORT = 30015

#: The events that are told.
TOLD = (CALL_STATE_CHANGED, CALL_END_DETAILS, CALL_FAILURE_REPORT, INCOMING_CALL_REQUEST)
#: Every event of the vendor's catalogue: an application may subscribe to those too, they just never happen here.
CATALOGUE = frozenset({*range(30005, 30037), 30038})

_OVER = (CALL_STATE_CHANGED, CALL_END_DETAILS)
_UNREACHABLE = (CALL_FAILURE_REPORT, *_OVER)
_TOPICS: dict[Kind, tuple[int, ...]] = {
    Kind.HELD: (INCOMING_CALL_REQUEST,),
    Kind.PASSED: (),
    Kind.ROUTED: (),
    Kind.RINGING: (CALL_STATE_CHANGED,),
    Kind.ANSWERED: (CALL_STATE_CHANGED,),
    Kind.REFUSED: _OVER,
    Kind.REDIRECTED: _OVER,
    Kind.CANCELLED: _OVER,
    Kind.FAILED: _OVER,
    Kind.ENDED: _OVER,
    Kind.RETURNED: (),
}

#: The documented reason texts of 30015, with the vendor's spelling, by the destination's SIP status.
_FAILURE_REASONS = {
    404: "404 NOT found",
    408: "408 Request Time",
    410: "410 Gone",
    480: "480 Temporatily Unavailable",
    484: "484 Address incomplete",
    486: "486 Busy here",
    503: "Circuit/channel congestion",
    600: "User Busy",
    603: "603 Declined",
}

_BUSY = (486, 600)
_json = msgspec.json.Encoder()


def topics(event: CallEvent) -> tuple[int, ...]:
    """The events that an event of the gate becomes, in the order in which they are told."""
    if event.kind is Kind.FAILED and _destination_failed(event.call):
        return _UNREACHABLE
    return _TOPICS[event.kind]


def encode(topic: int, call: Call, serial: str) -> str:
    """The frame of one event: ``{"type":…,"sn":…,"msg":"…"}``, as the call is now."""
    message: CallMembers | CallEnd | CallFailure
    if topic == CALL_END_DETAILS:
        message = call_end(call)
    elif topic == CALL_FAILURE_REPORT:
        message = CallFailure(call_id_of(call), failure_reason(call), members(call))
    else:
        message = CallMembers(call_id_of(call), members(call))
    return frame(topic, serial, message)


def frame(topic: int, serial: str, message: CallMembers | CallEnd | CallFailure) -> str:
    """The outer object with ``message`` as a JSON string in it."""
    return _json.encode(Pushed(topic, serial, _json.encode(message).decode())).decode()


def members(call: Call) -> list[Member]:
    """The parties of a call and what they are doing; the destination only if it has rung or answered."""
    if call.state in FINAL:
        caller, callee = MemberStatus.BYE, MemberStatus.BYE
    elif call.state is State.ANSWERED:
        caller, callee = MemberStatus.ANSWERED, MemberStatus.ANSWER
    else:
        caller, callee = MemberStatus.ALERT, MemberStatus.RING
    inbound = InboundMember(InboundLeg(call.caller.number, call.dialled, call.trunk, channel_of(call), caller))
    if call.ringing is None and call.answered is None:
        return [inbound]
    return [inbound, ExtensionMember(ExtensionLeg(destination_number(call), extension_channel_of(call), callee))]


def call_end(call: Call) -> CallEnd:
    """Call End Details of a call that is over."""
    ended = call.ended if call.ended is not None else call.received
    talk = 0
    status: EndStatus = "BUSY" if call.status in _BUSY else "NO ANSWER"
    if call.answered is not None:
        talk, status = int(ended - call.answered), "ANSWERED"
    return CallEnd(
        call_id=call_id_of(call),
        time_start=local_time(call.received),
        call_from=call.caller.number,
        call_to=destination_number(call),
        call_duration=int(ended - call.received),
        talk_duration=talk,
        src_trunk_name=call.trunk,
        status=status,
        did_number=call.dialled,
    )


def failure_reason(call: Call) -> str:
    """Why the destination could not be reached, in the vendor's words where it has some."""
    if not call.status:
        return "Line Unreachable"
    return _FAILURE_REASONS.get(call.status) or f"{call.status} {call.phrase or phrase_of(call.status)}"


def local_time(at: float) -> str:
    """A time as the vendor writes it, in this machine's time zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _destination_failed(call: Call) -> bool:
    """The call was let go and not answered: it was the destination that failed."""
    if call.answered is not None:
        return False
    if call.record is None:
        return not call.controlled
    return not isinstance(call.record.verdict, Refuse)
