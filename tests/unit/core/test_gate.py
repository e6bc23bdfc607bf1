"""The gate: one verdict a call, the first; each decider is told what became of his."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import msgspec
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
from callgate.core.calls import Call, VerdictRecord
from callgate.core.events import CallEvent, Kind
from callgate.core.gate import Claim, Gate, InFlight, Terms
from callgate.core.reports import Ack, AckResult, Progress, Report
from callgate.core.states import FINAL, State
from callgate.core.verdicts import EARLIER, GUARD, WINDOW, Accept, Decider, Refuse, Verdict

from .calls import (
    ALICE,
    BOB,
    BUSY,
    DECLINE,
    DESTINATION,
    EDGE,
    MOVED,
    RELAYED,
    VERDICTS,
    admitted,
    incoming,
    snapshot,
)

DONE, LAPSED, UNKNOWN = Ack(AckResult.DONE), Ack(AckResult.LAPSED), Ack(AckResult.UNKNOWN)
CANCELLED, FAILED, UNANSWERED = Ack(AckResult.CANCELLED, 487), Ack(AckResult.FAILED, 500), Ack(AckResult.UNANSWERED)


@pytest.fixture
def gate() -> Gate:
    return Gate()


def claimed(gate: Gate, call: Call, verdict: Verdict, decider: Decider = ALICE, now: float = 1_001.0) -> Claim:
    """The first verdict for a call, on its way to the edge."""
    claim = gate.decide(call, verdict, decider, now)
    assert isinstance(claim, Claim)
    return claim


def carried_out(gate: Gate, call: Call, verdict: Verdict, decider: Decider = ALICE) -> Answer:
    """The first verdict for a call, done by the edge."""
    answer, _ = gate.settle(claimed(gate, call, verdict, decider), DONE, 1_002.0)
    return answer


def report(gate: Gate, call: Call, progress: Progress, status: int = 0, now: float = 1_003.0) -> list[CallEvent]:
    return gate.report(Report(call.sequence, progress, status, "Phrase" if status else ""), now)


def kinds(events: list[CallEvent]) -> list[Kind]:
    return [event.kind for event in events]


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


def claimed_record(call: Call) -> VerdictRecord:
    assert call.record is not None
    return call.record


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


# --- a controller that connects again --------------------------------------------------------------------------------


@pytest.mark.parametrize(("answered", "state"), [(False, State.ROUTED), (True, State.ANSWERED)])
def test_a_call_found_let_go_was_decided_while_nobody_listened(gate: Gate, answered: bool, state: State) -> None:
    call = admitted(gate)
    events = gate.resume(call, 1_005.0, answered=answered)
    assert kinds(events) == [Kind.ROUTED, Kind.ANSWERED][: 1 + answered]
    assert call.state is state
    assert gate.decide(call, DECLINE, ALICE, 1_006.0) == AlreadyDecided(call, VerdictRecord(Accept(), EARLIER, 1_005.0))


def test_a_call_found_let_go_keeps_the_verdict_that_can_have_led_to_it(gate: Gate) -> None:
    accepted, refused = admitted(gate, 1), admitted(gate, 2)
    gate.settle(claimed(gate, accepted, Accept()), UNANSWERED, 1_003.0)
    gate.settle(claimed(gate, refused, DECLINE), UNANSWERED, 1_003.0)
    gate.resume(accepted, 1_005.0, answered=False)
    gate.resume(refused, 1_005.0, answered=False)
    assert claimed_record(accepted) == VerdictRecord(Accept(), ALICE, 1_001.0)
    assert claimed_record(refused) == VerdictRecord(Accept(), GUARD, 1_005.0)


def test_what_is_known_of_a_call_is_not_told_again_when_it_is_found(gate: Gate) -> None:
    call = admitted(gate)
    carried_out(gate, call, Accept())
    report(gate, call, Progress.ANSWERED, 200)
    before = snapshot(call)
    assert gate.admit(incoming(), Terms(DESTINATION, 10.0, Accept()), 1_005.0) == []
    assert gate.resume(call, 1_005.0, answered=True) == []
    assert snapshot(call) == before


def test_an_ended_call_is_not_resumed(gate: Gate) -> None:
    call = admitted(gate)
    carried_out(gate, call, DECLINE)
    assert gate.resume(call, 1_005.0, answered=True) == []
    assert call.state is State.REFUSED


def test_a_sequence_number_that_comes_again_after_a_day_is_a_new_call(gate: Gate) -> None:
    yesterday = admitted(gate, 7, 1_000.0)
    carried_out(gate, yesterday, DECLINE)
    today = admitted(gate, 7, 87_400.0)
    assert today.id != yesterday.id
    assert gate.find_sequence(7) is today
    assert gate.find(yesterday.id) is yesterday


# --- reports ---------------------------------------------------------------------------------------------------------


def test_a_180_that_is_read_behind_the_200_changes_nothing(gate: Gate) -> None:
    call = admitted(gate)
    carried_out(gate, call, Accept())
    report(gate, call, Progress.ANSWERED, 200)
    assert report(gate, call, Progress.RINGING, 180, now=1_004.0) == []
    assert (call.state, call.status, call.ringing) == (State.ANSWERED, 200, None)


def test_ringing_is_told_once(gate: Gate) -> None:
    call = admitted(gate)
    carried_out(gate, call, Accept())
    assert kinds(report(gate, call, Progress.RINGING, 180)) == [Kind.RINGING]
    assert report(gate, call, Progress.RINGING, 183, now=1_004.0) == []
    assert (call.status, call.ringing) == (183, 1_003.0)


def test_the_destinations_failure_reaches_the_record_unchanged(gate: Gate) -> None:
    call = admitted(gate)
    carried_out(gate, call, Accept())
    assert kinds(report(gate, call, Progress.FAILED, 486)) == [Kind.FAILED]
    assert (call.status, call.phrase, call.ended) == (486, "Phrase", 1_003.0)


def test_who_hung_up_is_kept(gate: Gate) -> None:
    call = admitted(gate)
    carried_out(gate, call, Accept())
    report(gate, call, Progress.ANSWERED, 200)
    gate.report(Report(call.sequence, Progress.ENDED, by="destination"), 1_060.0)
    assert (call.state, call.hung_up_by, call.ended) == (State.COMPLETED, "destination", 1_060.0)


def test_a_report_on_an_unknown_call_is_ignored(gate: Gate) -> None:
    assert gate.report(Report(99, Progress.RINGING, 180), 1_000.0) == []


#: A call in each state, by the shortest way there.
WAYS: dict[State, Callable[[Gate, Call], object]] = {
    State.HELD: lambda gate, call: None,
    State.DECIDED: lambda gate, call: claimed(gate, call, Accept()),
    State.ROUTED: lambda gate, call: carried_out(gate, call, Accept()),
    State.RINGING: lambda gate, call: report(gate, call, Progress.RINGING, 180),
    State.ANSWERED: lambda gate, call: report(gate, call, Progress.ANSWERED, 200),
    State.REFUSED: lambda gate, call: carried_out(gate, call, DECLINE),
    State.REDIRECTED: lambda gate, call: carried_out(gate, call, MOVED),
    State.CANCELLED: lambda gate, call: report(gate, call, Progress.CANCELLED, 487),
    State.FAILED: lambda gate, call: gate.lose(call, 1_002.0),
    State.COMPLETED: lambda gate, call: report(gate, call, Progress.ENDED),
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("progress", Progress)
def test_no_report_raises_in_any_state_and_an_end_stays_the_end(gate: Gate, state: State, progress: Progress) -> None:
    call = admitted(gate)
    WAYS[state](gate, call)
    assert call.state is state
    events = report(gate, call, progress, 499, now=1_005.0)
    if state in FINAL:
        assert events == []
        assert call.state is state
    assert len(events) <= 1


@pytest.mark.parametrize("state", [state for state in State if state is not State.HELD])
@pytest.mark.parametrize("result", AckResult)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_no_acknowledgement_raises_in_any_state_and_an_end_stays_the_end(
    gate: Gate, state: State, result: AckResult, verdict: Verdict
) -> None:
    call = admitted(gate)
    claim = claimed(gate, call, verdict)
    times = count(1_002)
    if state is not State.DECIDED:
        progress = {
            State.ROUTED: Progress.ROUTED,
            State.RINGING: Progress.RINGING,
            State.ANSWERED: Progress.ANSWERED,
            State.REFUSED: Progress.REFUSED,
            State.CANCELLED: Progress.CANCELLED,
            State.FAILED: Progress.FAILED,
            State.COMPLETED: Progress.ENDED,
        }.get(state)
        if progress is None:
            gate.settle(claim, Ack(AckResult.DONE), next(times))
        else:
            report(gate, call, progress, 499, now=next(times))
    was = call.state
    answer, events = gate.settle(claim, Ack(result, 499), next(times))
    assert type(answer) in RESULT_NAMES
    assert len(events) <= 1
    if was in FINAL:
        assert (events, call.state) == ([], was)


# --- memory ----------------------------------------------------------------------------------------------------------


def test_so_many_ended_calls_are_remembered_and_older_ones_are_forgotten() -> None:
    gate = Gate(remember=2)
    calls = [admitted(gate, sequence) for sequence in range(4)]
    for call in calls[:3]:
        carried_out(gate, call, DECLINE)
    assert gate.find(calls[0].id) is gate.find_sequence(0) is None
    assert [gate.find(call.id) for call in calls[1:]] == calls[1:]
    assert list(gate.live()) == [calls[3]]


def test_a_forgotten_call_leaves_nothing_behind() -> None:
    gate = Gate(remember=1)
    for sequence in range(100):
        call = admitted(gate, sequence)
        gate.settle(claimed(gate, call, Accept()), UNANSWERED, 1_003.0)
        gate.lose(call, 1_004.0)
    held = [len(value) for value in vars(gate).values() if hasattr(value, "__len__")]
    assert max(held) == 1


def test_a_verdict_that_was_on_its_way_when_its_call_was_forgotten_is_still_answered() -> None:
    gate = Gate(remember=1)
    call = admitted(gate, 1)
    claim = claimed(gate, call, Accept())
    report(gate, call, Progress.CANCELLED, 487)
    carried_out(gate, admitted(gate, 2), DECLINE)
    assert gate.find(call.id) is None
    assert gate.settle(claim, CANCELLED, 1_004.0) == (CancelledByCaller(call), [])


def test_a_call_is_named_by_the_edge_that_received_it(gate: Gate) -> None:
    here, there = admitted(gate, 1), msgspec.structs.replace(incoming(2), edge=EDGE + 1)
    (event,) = gate.admit(there, Terms(DESTINATION, 10.0, Accept()), 1_000.0)
    assert here.id != event.call.id
    assert gate.find(event.call.id) is event.call
