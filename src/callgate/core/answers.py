"""How a decision ended: each ending is its own type, and each dialect has its own words for it."""

from __future__ import annotations

import msgspec

from callgate.core.calls import Call, VerdictRecord


class Applied(msgspec.Struct, frozen=True, gc=False):
    """The edge has carried the verdict out; ``status`` is the SIP status the caller got (0: the call was routed on)."""

    call: Call
    status: int = 0


class AlreadyDecided(msgspec.Struct, frozen=True):
    """Another verdict came first: ``first`` says whose and which."""

    call: Call
    first: VerdictRecord


class Lapsed(msgspec.Struct, frozen=True):
    """The window was over: ``default`` has been applied, by the controller or by the edge's guard."""

    call: Call
    default: VerdictRecord


class CancelledByCaller(msgspec.Struct, frozen=True):
    """The caller hung up before the verdict took effect."""

    call: Call


class NotHeld(msgspec.Struct, frozen=True):
    """The call was never held: its trunk's *Control Inbound Call* is off, or no controller was there."""

    call: Call


class UnknownCall(msgspec.Struct, frozen=True):
    """No such call, or one so old that it is forgotten, or one that this application may not see."""


class NoDestination(msgspec.Struct, frozen=True):
    """The call cannot be accepted: its inbound route has no destination. It is still held."""

    call: Call


class EdgeFailed(msgspec.Struct, frozen=True):
    """The edge could not do it; ``status`` is what the caller got instead (0: nothing that is known here)."""

    call: Call
    status: int = 0


class EdgeSilent(msgspec.Struct, frozen=True):
    """The edge did not acknowledge the command, which was sent twice. What the caller heard is not known yet."""

    call: Call


Answer = (
    Applied
    | AlreadyDecided
    | Lapsed
    | CancelledByCaller
    | NotHeld
    | UnknownCall
    | NoDestination
    | EdgeFailed
    | EdgeSilent
)


class HungUp(msgspec.Struct, frozen=True):
    """The edge has ended the call: BYE both ways, or a final response if it was not answered yet."""

    call: Call


class NotLive(msgspec.Struct, frozen=True):
    """The call is over already, or not in the state that this needs; nothing was done."""

    call: Call


class Withdrawn(msgspec.Struct, frozen=True):
    """The edge cancels what was dialled; that the call is held again, or was answered before, is an event."""

    call: Call


class Talked(msgspec.Struct, frozen=True, gc=False):
    """The phone that rings has taken the order to answer; that it has answered is an event."""

    call: Call


class Transferred(msgspec.Struct, frozen=True, gc=False):
    """The caller's side has taken the order to call elsewhere, and the other side of the call gets its BYE."""

    call: Call


WithdrawAnswer = Withdrawn | NotLive | UnknownCall | EdgeFailed | EdgeSilent

HangUpAnswer = HungUp | NotLive | UnknownCall | EdgeFailed | EdgeSilent

#: ``EdgeFailed`` has the status that was replied here, 408 for none.
TalkAnswer = Talked | NotLive | UnknownCall | EdgeFailed | EdgeSilent

#: ``EdgeFailed`` has the status that was replied here, 408 for none.
TransferAnswer = Transferred | NotLive | UnknownCall | EdgeFailed | EdgeSilent

#: The short name of each answer, for logs, metrics and the journal.
RESULT_NAMES: dict[type, str] = {
    Applied: "applied",
    AlreadyDecided: "already_decided",
    Lapsed: "lapsed",
    CancelledByCaller: "cancelled",
    NotHeld: "not_held",
    UnknownCall: "unknown",
    NoDestination: "no_destination",
    EdgeFailed: "edge_failed",
    EdgeSilent: "edge_silent",
    HungUp: "hung_up",
    NotLive: "not_live",
    Withdrawn: "withdrawn",
    Talked: "talked",
    Transferred: "transferred",
}
