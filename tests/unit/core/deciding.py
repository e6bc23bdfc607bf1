"""Verdicts, acknowledgements and reports on their way through a gate, in a word each."""

from __future__ import annotations

from callgate.core.answers import Answer
from callgate.core.calls import Call, VerdictRecord
from callgate.core.events import CallEvent, Kind
from callgate.core.gate import Claim, Gate
from callgate.core.reports import Ack, AckResult, Progress, Report
from callgate.core.verdicts import Decider, Verdict

from .calls import ALICE

DONE, LAPSED, UNKNOWN = Ack(AckResult.DONE), Ack(AckResult.LAPSED), Ack(AckResult.UNKNOWN)
CANCELLED, FAILED, UNANSWERED = Ack(AckResult.CANCELLED, 487), Ack(AckResult.FAILED, 500), Ack(AckResult.UNANSWERED)


def claimed(gate: Gate, call: Call, verdict: Verdict, decider: Decider = ALICE, now: float = 1_001.0) -> Claim:
    """The first verdict for a call, on its way to the edge."""
    claim = gate.decide(call, verdict, decider, now)
    assert isinstance(claim, Claim)
    return claim


def carried_out(gate: Gate, call: Call, verdict: Verdict, decider: Decider = ALICE) -> Answer:
    """The first verdict for a call, done by the edge."""
    answer, _ = gate.settle(claimed(gate, call, verdict, decider), DONE, 1_002.0)
    return answer


def report(
    gate: Gate,
    call: Call,
    progress: Progress,
    status: int = 0,
    now: float = 1_003.0,
    *,
    attempt: int = 0,
    target: int | None = None,
) -> list[CallEvent]:
    told = Report(call.sequence, progress, status, "Phrase" if status else "", attempt=attempt, target=target)
    return gate.report(told, now)


def returned(gate: Gate, call: Call, attempt: int = 1, status: int = 486, now: float = 1_030.0) -> list[CallEvent]:
    """Nobody who was dialled has answered."""
    return report(gate, call, Progress.RETURNED, status, now, attempt=attempt)


def kinds(events: list[CallEvent]) -> list[Kind]:
    return [event.kind for event in events]


def claimed_record(call: Call) -> VerdictRecord:
    assert call.record is not None
    return call.record
