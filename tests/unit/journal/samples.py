"""Calls and events to write to the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count

from callgate.core.calls import Call, Caller, VerdictRecord, call_id
from callgate.core.events import CallEvent, Delivery, Kind, VerdictEvent
from callgate.core.states import State
from callgate.core.verdicts import Accept, Decider, Verdict, refuse

#: When the first sample call was received, in Unix seconds.
START = 1_790_000_000.25
CLIENT = Decider("yeastar", "client-1")

_sequences = count(1)


def a_call(
    received: float = START,
    *,
    trunk: str = "carrier",
    route: str = "main",
    number: str = "+4930123",
    dialled: str = "2002",
) -> Call:
    """A held call."""
    sequence = next(_sequences)
    return Call(
        id=call_id(received, sequence, 4711),
        sequence=sequence,
        trunk=trunk,
        route=route,
        dialled=dialled,
        destination="sip:2002@192.0.2.20",
        caller=Caller(
            number=number,
            name="Alice",
            uri=f"sip:{number}@192.0.2.1",
            request_uri=f"sip:{dialled}@192.0.2.10",
            from_header=f'"Alice" <sip:{number}@192.0.2.1>',
            to_header=f"<sip:{dialled}@192.0.2.10>",
            source="192.0.2.1:5060",
            sip_call_id=f"{sequence}@192.0.2.1",
        ),
        window=10.0,
        lapse=Accept(),
        state=State.HELD,
        received=received,
        deadline=received + 10.0,
        routes_to="sip:2002@192.0.2.20",
    )


def refused(call: Call, by: Decider = CLIENT) -> Call:
    """The call after a refusal, one second after it was received."""
    call.told, call.decided, call.ended = call.received + 0.001, call.received + 1.0, call.received + 1.002
    call.state, call.status, call.phrase = State.REFUSED, 603, "Decline"
    call.record = VerdictRecord(refuse(), by, call.received + 1.0)
    return call


def held_event(call: Call) -> CallEvent:
    return CallEvent(Kind.HELD, call, call.received)


def refused_event(call: Call) -> CallEvent:
    return CallEvent(Kind.REFUSED, call, call.received + 1.002)


def verdict_event(
    call: Call | None,
    result: str = "applied",
    *,
    at: float = START,
    verdict: Verdict | None = None,
    by: Decider = CLIENT,
) -> VerdictEvent:
    return VerdictEvent(call.id if call else None, verdict or refuse(), by, result, at, 0.002)


def delivery(
    call: Call | None, result: str = "delivered", *, at: float = START, application: str = "client-1"
) -> Delivery:
    return Delivery(call.id if call else None, "yeastar", application, "webhook", "30016", result, at, 0.05)


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for something that is bound to happen."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # what is waited for sets no event
            await asyncio.sleep(0.01)
