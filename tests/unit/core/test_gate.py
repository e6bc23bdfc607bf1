"""The gate: one verdict a call, the first; each decider is told what became of his."""

from __future__ import annotations

import pytest

from callgate.core.answers import (
    RESULT_NAMES,
    AlreadyDecided,
    Answer,
    Applied,
    CancelledByCaller,
    EdgeFailed,
    EdgeSilent,
    HangUpAnswer,
    Lapsed,
    NotHeld,
    UnknownCall,
)
from callgate.core.calls import VerdictRecord
from callgate.core.events import Kind
from callgate.core.gate import Gate, InFlight
from callgate.core.reports import Ack, AckResult, Progress
from callgate.core.states import State
from callgate.core.verdicts import EARLIER, GUARD, WINDOW, Accept, Refuse, Verdict

from .calls import (
    ALICE,
    BOB,
    BUSY,
    DECLINE,
    DESTINATION,
    MOVED,
    RELAYED,
    VERDICTS,
    admitted,
    snapshot,
)
from .deciding import (
    CANCELLED,
    DONE,
    FAILED,
    LAPSED,
    UNANSWERED,
    UNKNOWN,
    carried_out,
    claimed,
    claimed_record,
    kinds,
    report,
)

# --- one verdict, the first ------------------------------------------------------------------------------------------


def test_a_refusal_that_the_edge_has_done_is_the_end_of_the_call(gate: Gate) -> None:
    call = admitted(gate)
    answer, events = gate.settle(claimed(gate, call, DECLINE), Ack(AckResult.DONE, 603), 1_002.0)
    assert answer == Applied(call, 603)
    assert kinds(events) == [Kind.REFUSED]
    assert (call.state, call.status, call.phrase, call.ended) == (State.REFUSED, 603, "Decline", 1_002.0)
    assert list(gate.live()) == []


def test_a_redirection_by_contact_is_the_end_of_the_call(gate: Gate) -> None:
    call = admitted(gate)
    answer, events = gate.settle(claimed(gate, call, MOVED), Ack(AckResult.DONE, 302), 1_002.0)
    assert answer == Applied(call, 302)
    assert kinds(events) == [Kind.REDIRECTED]
    assert (call.state, call.status) == (State.REDIRECTED, 302)


@pytest.mark.parametrize(("verdict", "destination"), [(Accept(), DESTINATION), (RELAYED, RELAYED.uri)])
def test_an_accepted_call_goes_on_to_its_destination(gate: Gate, verdict: Verdict, destination: str) -> None:
    call = admitted(gate)
    answer, events = gate.settle(claimed(gate, call, verdict), DONE, 1_002.0)
    assert answer == Applied(call)
    assert kinds(events) == [Kind.ROUTED]
    assert (call.state, call.destination, call.ended) == (State.ROUTED, destination, None)


def test_the_second_to_decide_waits_for_what_comes_of_the_first(gate: Gate) -> None:
    call = admitted(gate)
    claim = claimed(gate, call, DECLINE, ALICE)
    assert gate.decide(call, Accept(), BOB, 1_001.5) == InFlight(call)
    gate.settle(claim, DONE, 1_002.0)
    assert gate.answer_for_late(call) == AlreadyDecided(call, VerdictRecord(DECLINE, ALICE, 1_001.0))


def test_the_same_decider_a_second_time_is_told_that_it_is_decided(gate: Gate) -> None:
    call = admitted(gate)
    carried_out(gate, call, DECLINE)
    before = snapshot(call)
    assert gate.decide(call, DECLINE, ALICE, 1_003.0) == AlreadyDecided(call, claimed_record(call))
    assert snapshot(call) == before


def test_a_decision_for_an_unknown_call_is_told_so(gate: Gate) -> None:
    assert gate.decide(None, DECLINE, ALICE, 1_000.0) == UnknownCall()


def test_a_call_that_was_never_held_cannot_be_decided(gate: Gate) -> None:
    call = admitted(gate, controlled=False)
    assert call.state is State.ROUTED
    assert gate.decide(call, DECLINE, ALICE, 1_001.0) == NotHeld(call)
    assert call.record is None


@pytest.mark.parametrize("lapse", [Accept(), BUSY])
def test_refuse_after_the_window_changes_nothing(gate: Gate, lapse: Verdict) -> None:
    call = admitted(gate, lapse=lapse)
    claim = gate.lapse(call, 1_010.0)
    assert claim is not None
    assert claim.record == VerdictRecord(lapse, WINDOW, 1_010.0)
    assert gate.decide(call, DECLINE, ALICE, 1_010.0) == InFlight(call)
    gate.settle(claim, DONE, 1_010.1)
    before = snapshot(call)
    assert gate.decide(call, DECLINE, ALICE, 1_010.2) == Lapsed(call, claim.record)
    assert snapshot(call) == before


def test_a_decided_call_does_not_lapse(gate: Gate) -> None:
    call = admitted(gate)
    claimed(gate, call, DECLINE)
    assert gate.lapse(call, 1_010.0) is None


@pytest.mark.parametrize("answer", [*Answer.__args__, *HangUpAnswer.__args__])
def test_every_answer_has_its_short_name(answer: type) -> None:
    assert RESULT_NAMES[answer]


# --- the caller cancels ----------------------------------------------------------------------------------------------


def test_a_decision_after_the_caller_cancelled_is_told_so(gate: Gate) -> None:
    call = admitted(gate)
    assert kinds(report(gate, call, Progress.CANCELLED, 487)) == [Kind.CANCELLED]
    assert gate.decide(call, DECLINE, ALICE, 1_004.0) == CancelledByCaller(call)
    assert (call.state, call.status, call.record) == (State.CANCELLED, 487, None)


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("report_first", [True, False])
def test_a_verdict_that_the_cancel_overtook_never_took_effect(gate: Gate, verdict: Verdict, report_first: bool) -> None:
    call = admitted(gate)
    claim = claimed(gate, call, verdict)
    told = kinds(report(gate, call, Progress.CANCELLED, 487)) if report_first else []
    answer, events = gate.settle(claim, CANCELLED, 1_003.0)
    told += kinds(events)
    told += kinds(report(gate, call, Progress.CANCELLED, 487))
    assert answer == CancelledByCaller(call)
    assert told == [Kind.CANCELLED]
    assert (call.state, call.record, call.decided) == (State.CANCELLED, None, None)
    assert gate.decide(call, DECLINE, BOB, 1_004.0) == CancelledByCaller(call)


def test_a_call_that_was_let_go_and_then_cancelled_keeps_who_decided(gate: Gate) -> None:
    call = admitted(gate)
    claim = claimed(gate, call, Accept())
    assert kinds(report(gate, call, Progress.CANCELLED, 487)) == [Kind.CANCELLED]
    assert gate.decide(call, DECLINE, BOB, 1_003.5) == InFlight(call), "the acknowledgement will tell which it was"
    assert gate.settle(claim, DONE, 1_004.0) == (Applied(call), [])
    assert gate.decide(call, DECLINE, BOB, 1_005.0) == AlreadyDecided(call, claim.record)


@pytest.mark.parametrize("verdict", [DECLINE, MOVED])
def test_a_refusal_is_no_verdict_of_a_cancelled_call_even_if_the_edge_stays_silent(
    gate: Gate, verdict: Verdict
) -> None:
    call = admitted(gate)
    gate.settle(claimed(gate, call, verdict), UNANSWERED, 1_003.0)
    report(gate, call, Progress.CANCELLED, 487)
    assert (call.record, call.decided) == (None, None)


def test_nobody_is_named_as_first_when_the_edge_stayed_silent_and_the_caller_cancelled(gate: Gate) -> None:
    call = admitted(gate)
    gate.settle(claimed(gate, call, Accept()), UNANSWERED, 1_003.0)
    report(gate, call, Progress.CANCELLED, 487)
    assert gate.answer_for_late(call) == CancelledByCaller(call)


# --- the guard -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("report_first", [True, False])
def test_a_verdict_behind_the_guard_is_told_that_the_window_is_over(gate: Gate, report_first: bool) -> None:
    call = admitted(gate)
    claim = claimed(gate, call, DECLINE)
    events = report(gate, call, Progress.ROUTED) if report_first else []
    answer, more = gate.settle(claim, LAPSED, 1_012.0)
    events += more
    if not report_first:
        assert call.state is State.DECIDED, "the report will tell what the guard did"
        events += report(gate, call, Progress.ROUTED, now=1_012.5)
    assert isinstance(answer, Lapsed)
    assert (answer.default.decider, answer.default.verdict) == (GUARD, Accept())
    assert kinds(events) == [Kind.ROUTED]
    assert claimed_record(call).decider == GUARD
    assert claimed_record(call).at == call.decided


def test_the_guards_refusal_is_the_end_of_the_call(gate: Gate) -> None:
    call = admitted(gate, lapse=BUSY)
    assert kinds(report(gate, call, Progress.REFUSED, 486)) == [Kind.REFUSED]
    assert (call.state, call.status, call.record) == (State.REFUSED, 486, VerdictRecord(BUSY, GUARD, 1_003.0))


def test_the_guard_is_on_record_with_what_it_did_and_not_with_what_the_directory_says_now(gate: Gate) -> None:
    refused, routed = admitted(gate, 1, lapse=Accept()), admitted(gate, 2, lapse=BUSY)
    report(gate, refused, Progress.REFUSED, 480)
    report(gate, routed, Progress.ROUTED)
    assert claimed_record(refused).verdict == Refuse(480, "Phrase", 18)
    assert claimed_record(routed).verdict == Accept()


@pytest.mark.parametrize("progress", [Progress.RINGING, Progress.ANSWERED, Progress.FAILED, Progress.ENDED])
def test_who_is_heard_from_before_the_guards_own_report_was_let_go_by_the_guard(gate: Gate, progress: Progress) -> None:
    call = admitted(gate)
    report(gate, call, progress, now=1_012.0)
    assert call.record == VerdictRecord(Accept(), GUARD, 1_012.0)
    assert gate.decide(call, DECLINE, ALICE, 1_012.1) == Lapsed(call, claimed_record(call))
    assert report(gate, call, Progress.ROUTED, now=1_012.2) == []
    assert call.record == VerdictRecord(Accept(), GUARD, 1_012.0)


def test_a_decision_waits_for_the_acknowledgement_also_when_the_destination_rings_already(gate: Gate) -> None:
    call = admitted(gate)
    claim = claimed(gate, call, Accept())
    report(gate, call, Progress.RINGING, 180)
    assert gate.decide(call, DECLINE, BOB, 1_003.5) == InFlight(call)
    answer, events = gate.settle(claim, LAPSED, 1_004.0)
    assert events == []
    assert answer == gate.decide(call, DECLINE, BOB, 1_004.5) == Lapsed(call, claimed_record(call))


def test_a_call_that_rings_was_not_refused_by_its_default(gate: Gate) -> None:
    call = admitted(gate, lapse=BUSY)
    claim = claimed(gate, call, Accept())
    report(gate, call, Progress.RINGING, 180)
    gate.settle(claim, LAPSED, 1_004.0)
    assert claimed_record(call) == VerdictRecord(Accept(), GUARD, 1_003.0)


def test_the_guards_report_replaces_a_verdict_that_the_edge_never_acknowledged(gate: Gate) -> None:
    call = admitted(gate)
    gate.settle(claimed(gate, call, Accept()), UNANSWERED, 1_003.0)
    report(gate, call, Progress.RINGING, 180, now=1_012.0)
    report(gate, call, Progress.ROUTED, now=1_012.5)
    assert claimed_record(call) == VerdictRecord(Accept(), GUARD, 1_012.0)
    assert call.decided == 1_012.0


@pytest.mark.parametrize("progress", [Progress.ROUTED, Progress.REFUSED])
@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_guard_did_nothing_to_a_call_whose_verdict_is_acknowledged(
    gate: Gate, verdict: Verdict, progress: Progress
) -> None:
    call = admitted(gate)
    carried_out(gate, call, verdict)
    before = snapshot(call)
    assert report(gate, call, progress, 486) == []
    assert snapshot(call) == before


# --- what the edge could not do --------------------------------------------------------------------------------------


def test_what_the_edge_could_not_do_ends_the_call_and_is_told(gate: Gate) -> None:
    call = admitted(gate)
    answer, events = gate.settle(claimed(gate, call, Accept()), FAILED, 1_002.0)
    assert answer == EdgeFailed(call, 500)
    assert kinds(events) == [Kind.FAILED]
    assert (call.state, call.status) == (State.FAILED, 500)


def test_a_call_that_the_edge_does_not_know_is_lost_and_has_no_verdict(gate: Gate) -> None:
    call = admitted(gate)
    answer, events = gate.settle(claimed(gate, call, Accept()), UNKNOWN, 1_002.0)
    assert answer == EdgeFailed(call)
    assert kinds(events) == [Kind.FAILED]
    assert call.record is None
    assert gate.decide(call, DECLINE, BOB, 1_003.0) == EdgeFailed(call)


def test_a_call_that_goes_on_although_the_edge_did_not_know_it_was_decided_through_another_controller(
    gate: Gate,
) -> None:
    call = admitted(gate)
    claim = claimed(gate, call, RELAYED)
    report(gate, call, Progress.RINGING, 180)
    answer, events = gate.settle(claim, UNKNOWN, 1_004.0)
    assert events == []
    assert answer == AlreadyDecided(call, VerdictRecord(Accept(), EARLIER, 1_004.0))
    assert call.state is State.RINGING


def test_of_a_silent_edge_nothing_is_known_until_it_is_heard_again(gate: Gate) -> None:
    call = admitted(gate)
    claim = claimed(gate, call, DECLINE)
    assert gate.settle(claim, UNANSWERED, 1_003.0) == (EdgeSilent(call), [])
    assert call.state is State.DECIDED
    assert gate.decide(call, Accept(), BOB, 1_004.0) == InFlight(call)
    answer, events = gate.settle(claim, DONE, 1_005.0)
    assert answer == Applied(call)
    assert kinds(events) == [Kind.REFUSED]
    assert gate.decide(call, Accept(), BOB, 1_006.0) == AlreadyDecided(call, claim.record)


def test_a_lost_call_whose_verdict_was_never_acknowledged_has_none(gate: Gate) -> None:
    call = admitted(gate)
    gate.settle(claimed(gate, call, DECLINE), UNANSWERED, 1_003.0)
    assert kinds(gate.lose(call, 1_020.0)) == [Kind.FAILED]
    assert call.record is None
    assert gate.answer_for_late(call) == EdgeFailed(call)


def test_a_call_is_lost_once(gate: Gate) -> None:
    call = admitted(gate)
    assert kinds(gate.lose(call, 1_001.0)) == [Kind.FAILED]
    assert gate.lose(call, 1_002.0) == []
    assert call.ended == 1_001.0
