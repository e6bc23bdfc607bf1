"""Calls, verdicts and deciders that the tests of the core share."""

from __future__ import annotations

from callgate.core.calls import Call, Caller
from callgate.core.gate import Gate, Terms
from callgate.core.reports import Incoming
from callgate.core.states import State
from callgate.core.verdicts import Accept, Decider, Verdict, dial, redirect, refuse, target

EDGE = 0x2AB_CDEF_0123
DESTINATION = "sip:192.0.2.20:5060"
CALLER = Caller(
    number="5503301",
    name="",
    uri="sip:5503301@192.0.2.10",
    request_uri="sip:5503302@192.0.2.1",
    from_header="<sip:5503301@192.0.2.10>;tag=1",
    to_header="<sip:5503302@192.0.2.1>",
    source="192.0.2.10:5060",
    sip_call_id="3848276298220188511@192.0.2.10",
)
ALICE, BOB = Decider("native", "alice"), Decider("yeastar", "bob")
DECLINE, BUSY = refuse("rejected"), refuse("busy")
RELAYED, MOVED = redirect("sip:2002@192.0.2.30"), redirect("sip:2002@192.0.2.30", "contact")
ACCEPT = Accept()
#: Two ring at once, then a third alone.
FIRST, SECOND, THIRD = target("sip:2101@192.0.2.40"), target(phone="anna"), target("sip:2102@192.0.2.40")
BOTH, ONE = dial([FIRST, SECOND]), dial([THIRD], ring_seconds=60.0)
#: One of each way a verdict can go.
VERDICTS: tuple[Verdict, ...] = (ACCEPT, DECLINE, RELAYED, MOVED, BOTH)


def incoming(sequence: int = 7, received: float = 1_000.0, *, controlled: bool = True, edge: int = EDGE) -> Incoming:
    return Incoming(sequence, edge, received, "carrier", "sales", "5503302", CALLER, controlled)


def admitted(
    gate: Gate,
    sequence: int = 7,
    received: float = 1_000.0,
    *,
    controlled: bool = True,
    lapse: Verdict = ACCEPT,
    destination: str | None = DESTINATION,
) -> Call:
    """A call that has just arrived."""
    terms = Terms(destination, 10.0, lapse)
    (event,) = gate.admit(incoming(sequence, received, controlled=controlled), terms, received)
    return event.call


def snapshot(call: Call) -> tuple[object, ...]:
    """All that can change of a call."""
    return (call.state, call.record, call.decided, call.ringing, call.answered, call.ended, call.status, call.phrase,
            call.hung_up_by, call.destination, call.deadline, call.attempts, call.attempt, call.target)  # fmt: skip


#: The states in which a call still lives.
LIVE = [state for state in State if state not in {"refused", "redirected", "cancelled", "failed", "completed"}]
