"""What the journal holds, typed: the same shapes are written and read.

The fields of a record are the columns of its table (:mod:`callgate.journal.tables`), in their order. Times are Unix
seconds. A record is immutable, so making one of a call is the snapshot of the call.
"""

from __future__ import annotations

import msgspec

from callgate.core.calls import Call, CallId
from callgate.core.events import Delivery, VerdictEvent
from callgate.core.states import State
from callgate.core.verdicts import Accept, Dial, Redirect, Refuse, Verdict

#: The word for each kind of verdict.
ACTIONS: dict[type, str] = {Accept: "accept", Refuse: "refuse", Redirect: "redirect", Dial: "dial"}


class CallRecord(msgspec.Struct, frozen=True, gc=False):
    """One call as it was last told of; what has not happened is ``None``.

    ``caller_number`` and ``caller_name`` are those of the From header, ``source`` is where the INVITE came from.
    ``action`` is the verdict that counted ("accept", "refuse", "redirect", "dial") and ``reason`` its name, if it has
    one; ``dialect`` and ``application`` say who gave it: "callgate" and "window", or "edge" and "guard", when the
    window ran out. ``status`` and ``phrase`` are the last that the caller got.
    """

    id: CallId
    trunk: str
    route: str
    dialled: str
    caller_number: str
    caller_name: str
    source: str
    sip_call_id: str
    destination: str
    state: State
    controlled: bool
    received: float
    told: float | None
    ringing: float | None
    decided: float | None
    answered: float | None
    ended: float | None
    action: str | None
    reason: str | None
    dialect: str | None
    application: str | None
    status: int | None
    phrase: str | None
    hung_up_by: str | None

    @classmethod
    def of(cls, call: Call) -> CallRecord:
        """The record of a call as it is now."""
        caller, record = call.caller, call.record
        action = reason = dialect = application = None
        if record is not None:
            verdict, decider = record.verdict, record.decider
            action = ACTIONS[type(verdict)]
            reason = verdict.reason if isinstance(verdict, Refuse) else None
            dialect, application = decider.dialect, decider.application
        return cls(  # by position, which is a third of the time: this runs for every event of every call
            call.id,
            call.trunk,
            call.route,
            call.dialled,
            caller.number,
            caller.name,
            caller.source,
            caller.sip_call_id,
            call.destination,
            call.state,
            call.controlled,
            call.received,
            call.told,
            call.ringing,
            call.decided,
            call.answered,
            call.ended,
            action,
            reason,
            dialect,
            application,
            call.status,
            call.phrase,
            call.hung_up_by,
        )


class VerdictEntry(msgspec.Struct, frozen=True, gc=False):
    """One verdict that was given, whatever came of it.

    ``result`` is a name of :data:`callgate.core.answers.RESULT_NAMES`; ``call`` is ``None`` when there is no such
    call. ``seconds`` is how long the decision took, from its arrival to the edge's acknowledgement.
    """

    id: int
    call: CallId | None
    at: float
    seconds: float
    dialect: str
    application: str
    result: str
    verdict: Verdict

    @classmethod
    def of(cls, number: int, event: VerdictEvent) -> VerdictEntry:
        decider = event.decider
        return cls(
            number,
            event.call,
            event.at,
            event.seconds,
            decider.dialect,
            decider.application,
            event.result,
            event.verdict,
        )


class DeliveryEntry(msgspec.Struct, frozen=True, gc=False):
    """One try to deliver an event to an application, in the words of :class:`callgate.core.events.Delivery`."""

    id: int
    call: CallId | None
    at: float
    seconds: float
    dialect: str
    application: str
    channel: str
    event: str
    result: str

    @classmethod
    def of(cls, number: int, delivery: Delivery) -> DeliveryEntry:
        return cls(
            number,
            delivery.call,
            delivery.at,
            delivery.seconds,
            delivery.dialect,
            delivery.application,
            delivery.channel,
            delivery.event,
            delivery.result,
        )


#: Whatever is written to the journal.
Entry = CallRecord | VerdictEntry | DeliveryEntry


class CallHistory(msgspec.Struct, frozen=True):
    """A call with every verdict that was given for it and every delivery about it, oldest first."""

    call: CallRecord
    verdicts: list[VerdictEntry]
    deliveries: list[DeliveryEntry]
