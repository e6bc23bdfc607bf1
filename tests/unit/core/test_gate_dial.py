"""The gate and diallings: one frees the call when nobody answers, and what is told of it later touches nothing."""

from __future__ import annotations

import pytest

from callgate.core.answers import (
    AlreadyDecided,
    Applied,
    CancelledByCaller,
    EdgeFailed,
    EdgeSilent,
    Lapsed,
    NoDestination,
)
from callgate.core.calls import VerdictRecord
from callgate.core.events import Kind
from callgate.core.gate import Gate, InFlight
from callgate.core.reports import Ack, AckResult, Progress, Report
from callgate.core.states import FINAL, State
from callgate.core.verdicts import EARLIER, GUARD, WINDOW, Accept, Verdict

from .calls import (
    ACCEPT,
    ALICE,
    BOB,
    BOTH,
    BUSY,
    DECLINE,
    DESTINATION,
    FIRST,
    ONE,
    RELAYED,
    SECOND,
    THIRD,
    VERDICTS,
    admitted,
    snapshot,
)
from .deciding import (
    CANCELLED,
    DONE,
    LAPSED,
    UNANSWERED,
    UNKNOWN,
    carried_out,
    claimed,
    claimed_record,
    kinds,
    report,
    returned,
)

# --- dialled, and answered or not ------------------------------------------------------------------------------------


def test_a_dial_is_applied_when_the_invites_are_out(gate: Gate) -> None:
    call = admitted(gate)
    answer, events = gate.settle(claimed(gate, call, BOTH), DONE, 1_002.0)
    assert answer == Applied(call)
    assert kinds(events) == [Kind.ROUTED]
    assert (call.state, call.attempt, call.attempts, call.target) == (State.ROUTED, 1, 1, None)
    assert call.destination == "sip:2101@192.0.2.40, phone:anna"


@pytest.mark.parametrize(("index", "target"), [(0, FIRST), (1, SECOND)])
@pytest.mark.parametrize("acknowledged_first", [True, False])
def test_who_answers_has_the_call(gate: Gate, index: int, target: object, acknowledged_first: bool) -> None:
    call = admitted(gate)
    claim = claimed(gate, call, BOTH)
    if acknowledged_first:
        gate.settle(claim, DONE, 1_002.0)
    events = report(gate, call, Progress.ANSWERED, 200, attempt=1, target=index)
    assert kinds(events) == [Kind.ANSWERED]
    if not acknowledged_first:
        assert gate.settle(claim, DONE, 1_004.0) == (Applied(call), [])
    assert (call.state, call.target, call.destination) == (State.ANSWERED, target, str(target))


def test_who_rings_has_not_answered(gate: Gate) -> None:
    call = admitted(gate)
    carried_out(gate, call, BOTH)
    assert kinds(report(gate, call, Progress.RINGING, 180, attempt=1, target=1)) == [Kind.RINGING]
    assert snapshot(call)[-1] is None
    report(gate, call, Progress.ANSWERED, 200, attempt=1, target=0)
    report(gate, call, Progress.RINGING, 180, attempt=1, target=1)
    assert (call.target, call.destination) == (FIRST, str(FIRST))


@pytest.mark.parametrize("index", [-1, 2, 99])
def test_a_target_that_was_never_dialled_is_nobody(gate: Gate, index: int) -> None:
    call = admitted(gate)
    carried_out(gate, call, BOTH)
    assert kinds(report(gate, call, Progress.ANSWERED, 200, attempt=1, target=index)) == [Kind.ANSWERED]
    assert call.target is None


@pytest.mark.parametrize("rung", [True, False])
def test_a_call_that_nobody_answers_is_held_again_as_it_was_before(gate: Gate, rung: bool) -> None:
    call = admitted(gate)
    carried_out(gate, call, BOTH)
    if rung:
        report(gate, call, Progress.RINGING, 180, attempt=1)
    (event,) = returned(gate, call, status=486, now=1_030.0)
    assert (event.kind, event.status, event.call) == (Kind.RETURNED, 486, call)
    assert (call.state, call.record, call.decided, call.ringing) == (State.HELD, None, None, None)
    assert (call.deadline, call.destination, call.attempt, call.attempts) == (1_040.0, DESTINATION, 0, 1)
    assert list(gate.live()) == [call]


def test_a_return_says_why_and_leaves_what_the_caller_has_heard(gate: Gate) -> None:
    call = admitted(gate)
    carried_out(gate, call, BOTH)
    (event,) = gate.report(Report(call.sequence, Progress.RETURNED, 500, "Too Many Targets", attempt=1), 1_005.0)
    assert (event.status, event.phrase, call.phrase) == (500, "Too Many Targets", None)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_verdict_after_a_return_is_the_first_again(gate: Gate, verdict: Verdict) -> None:
    call = admitted(gate)
    carried_out(gate, call, BOTH, ALICE)
    returned(gate, call)
    assert carried_out(gate, call, verdict, BOB) == Applied(call)
    assert claimed_record(call).decider == BOB
    assert isinstance(gate.decide(call, ACCEPT, ALICE, 1_040.0), AlreadyDecided)


def test_a_second_dialling_has_the_next_number(gate: Gate) -> None:
    call = admitted(gate)
    carried_out(gate, call, BOTH)
    returned(gate, call)
    carried_out(gate, call, ONE)
    assert (call.attempt, call.attempts, call.destination) == (2, 2, str(THIRD))
    assert returned(gate, call, attempt=1) == []
    assert kinds(returned(gate, call, attempt=2)) == [Kind.RETURNED]


def test_while_it_is_dialled_nobody_else_decides(gate: Gate) -> None:
    call = admitted(gate)
    claim = claimed(gate, call, BOTH)
    assert gate.decide(call, DECLINE, BOB, 1_001.5) == InFlight(call)
    gate.settle(claim, DONE, 1_002.0)
    assert gate.decide(call, DECLINE, BOB, 1_003.0) == AlreadyDecided(call, claim.record)


def test_a_call_that_has_returned_lapses_at_the_end_of_its_new_window(gate: Gate) -> None:
    call = admitted(gate, lapse=BUSY)
    carried_out(gate, call, BOTH)
    assert gate.lapse(call, 1_010.0) is None
    returned(gate, call, now=1_030.0)
    claim = gate.lapse(call, call.deadline)
    assert claim is not None
    assert claim.record == VerdictRecord(BUSY, WINDOW, 1_040.0)


@pytest.mark.parametrize("progress", [Progress.ROUTED, Progress.REFUSED])
def test_the_guard_has_the_call_again_that_has_returned(gate: Gate, progress: Progress) -> None:
    call = admitted(gate, lapse=BUSY)
    carried_out(gate, call, BOTH)
    returned(gate, call)
    assert len(report(gate, call, progress, 486, now=1_042.0)) == 1
    assert claimed_record(call).decider == GUARD
    assert isinstance(gate.decide(call, ACCEPT, BOB, 1_043.0), Lapsed)


@pytest.mark.parametrize("state", [state for state in State if state not in FINAL | {State.DECIDED, State.ROUTED}])
def test_only_what_is_dialled_returns(gate: Gate, state: State) -> None:
    call = admitted(gate)
    if state is not State.HELD:
        carried_out(gate, call, ACCEPT)
        report(gate, call, Progress.RINGING, 180)
    if state is State.ANSWERED:
        report(gate, call, Progress.ANSWERED, 200)
    assert call.state is state
    before = snapshot(call)
    assert report(gate, call, Progress.RETURNED, 486) == []
    assert snapshot(call) == before
    assert returned(gate, call) == []
    assert call.state is state


def test_what_is_answered_does_not_return(gate: Gate) -> None:
    call = admitted(gate)
    carried_out(gate, call, BOTH)
    report(gate, call, Progress.ANSWERED, 200, attempt=1, target=0)
    before = snapshot(call)
    assert returned(gate, call) == []
    assert snapshot(call) == before


# --- what is told of a dialling that is over -------------------------------------------------------------------------


@pytest.mark.parametrize("progress", [Progress.RINGING, Progress.ANSWERED, Progress.RETURNED])
@pytest.mark.parametrize("then", [None, *VERDICTS])
def test_what_is_read_behind_the_return_changes_nothing(gate: Gate, progress: Progress, then: Verdict | None) -> None:
    call = admitted(gate)
    carried_out(gate, call, BOTH)
    returned(gate, call)
    if then is not None:
        claimed(gate, call, then)
    before = snapshot(call)
    assert report(gate, call, progress, 180, attempt=1, target=0) == []
    assert snapshot(call) == before


@pytest.mark.parametrize(
    ("progress", "state"),
    [(Progress.CANCELLED, State.CANCELLED), (Progress.FAILED, State.FAILED), (Progress.ENDED, State.COMPLETED)],
)
@pytest.mark.parametrize("attempt", [0, 1, 2])
def test_the_end_of_the_call_is_its_end_whatever_dialling_it_is_told_of(
    gate: Gate, progress: Progress, state: State, attempt: int
) -> None:
    call = admitted(gate)
    carried_out(gate, call, BOTH)
    returned(gate, call)
    carried_out(gate, call, ONE)
    report(gate, call, progress, 487, attempt=attempt)
    assert call.state is state


def test_a_cancel_that_is_read_before_the_return_is_the_end(gate: Gate) -> None:
    call = admitted(gate)
    claim = claimed(gate, call, BOTH)
    gate.settle(claim, DONE, 1_002.0)
    report(gate, call, Progress.CANCELLED, 487)
    assert returned(gate, call) == []
    assert gate.decide(call, DECLINE, BOB, 1_031.0) == AlreadyDecided(call, claim.record)


def test_a_cancel_behind_the_return_leaves_no_verdict(gate: Gate) -> None:
    call = admitted(gate)
    carried_out(gate, call, BOTH)
    returned(gate, call)
    report(gate, call, Progress.CANCELLED, 487)
    assert (call.record, call.destination) == (None, DESTINATION)
    assert gate.decide(call, DECLINE, BOB, 1_031.0) == CancelledByCaller(call)


# --- acknowledgements that are read late -----------------------------------------------------------------------------


@pytest.mark.parametrize("result", AckResult)
@pytest.mark.parametrize("then", [None, *VERDICTS])
def test_the_acknowledgement_of_a_dialling_that_has_returned_says_what_it_did_and_touches_nothing(
    gate: Gate, result: AckResult, then: Verdict | None
) -> None:
    call = admitted(gate)
    first = claimed(gate, call, BOTH, ALICE)
    returned(gate, call)
    second = None if then is None else claimed(gate, call, then, BOB)
    before = snapshot(call)
    assert gate.settle(first, Ack(result, 499), 1_031.0) == (Applied(call), [])
    assert gate.answer_for_waiting(first) == AlreadyDecided(call, first.record)
    assert snapshot(call) == before
    if second is not None:
        assert gate.decide(call, DECLINE, ALICE, 1_031.5) == InFlight(call), "the second is on its way still"
        answer, _ = gate.settle(second, DONE, 1_032.0)
        assert answer == Applied(call)
        assert claimed_record(call) is second.record


def test_the_second_dialling_may_be_acknowledged_before_the_first(gate: Gate) -> None:
    call = admitted(gate)
    first = claimed(gate, call, BOTH)
    returned(gate, call)
    second = claimed(gate, call, ONE, BOB)
    answer, events = gate.settle(second, DONE, 1_031.0)
    assert (answer, kinds(events)) == (Applied(call), [Kind.ROUTED])
    assert gate.settle(first, DONE, 1_032.0) == (Applied(call), [])
    assert (call.destination, call.attempt) == (str(THIRD), 2)


def test_both_may_return_before_either_is_acknowledged(gate: Gate) -> None:
    call = admitted(gate)
    first = claimed(gate, call, BOTH)
    returned(gate, call, 1)
    second = claimed(gate, call, ONE)
    returned(gate, call, 2, now=1_060.0)
    assert gate.settle(first, DONE, 1_061.0) == gate.settle(second, DONE, 1_062.0) == (Applied(call), [])
    assert (call.state, call.deadline) == (State.HELD, 1_070.0)


def test_a_dialling_that_was_never_acknowledged_frees_the_call_all_the_same(gate: Gate) -> None:
    call = admitted(gate)
    first = claimed(gate, call, BOTH)
    assert gate.settle(first, UNANSWERED, 1_003.0) == (EdgeSilent(call), [])
    assert gate.answer_for_waiting(first) == EdgeSilent(call)
    returned(gate, call)
    assert carried_out(gate, call, DECLINE, BOB) == Applied(call)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_guard_that_was_quicker_than_a_dial_was_no_dialling(gate: Gate, verdict: Verdict) -> None:
    call = admitted(gate)
    answer, _ = gate.settle(claimed(gate, call, BOTH), LAPSED, 1_012.0)
    assert isinstance(answer, Lapsed)
    assert gate.decide(call, verdict, BOB, 1_012.1) == answer
    assert kinds(report(gate, call, Progress.ROUTED)) == [Kind.ROUTED]
    assert (call.attempt, call.destination) == (0, DESTINATION)
    assert returned(gate, call) == []
    assert kinds(report(gate, call, Progress.RINGING, 180)) == [Kind.RINGING]


def test_a_dial_that_the_cancel_overtook_has_dialled_nobody(gate: Gate) -> None:
    call = admitted(gate)
    answer, events = gate.settle(claimed(gate, call, BOTH), CANCELLED, 1_002.0)
    assert (answer, kinds(events)) == (CancelledByCaller(call), [Kind.CANCELLED])
    assert (call.record, call.attempt, call.destination) == (None, 0, DESTINATION)


def test_a_dialling_that_is_heard_of_is_followed_though_the_edge_did_not_know_the_call(gate: Gate) -> None:
    call = admitted(gate)
    claim = claimed(gate, call, BOTH)
    report(gate, call, Progress.RINGING, 180, attempt=1)
    gate.settle(claim, UNKNOWN, 1_004.0)
    assert kinds(returned(gate, call)) == [Kind.RETURNED]
    assert call.state is State.HELD


def test_a_call_that_was_lost_while_it_was_held_again_was_refused_with_nothing(gate: Gate) -> None:
    call = admitted(gate)
    carried_out(gate, call, BOTH)
    report(gate, call, Progress.RINGING, 180, attempt=1)
    returned(gate, call)
    gate.lose(call, 1_031.0)
    assert gate.decide(call, DECLINE, BOB, 1_032.0) == EdgeFailed(call), "180 is no answer"


# --- no destination --------------------------------------------------------------------------------------------------


def test_a_call_without_a_destination_is_not_accepted_and_stays_held(gate: Gate) -> None:
    call = admitted(gate, destination="", lapse=BUSY)
    before = snapshot(call)
    assert gate.decide(call, ACCEPT, ALICE, 1_001.0) == NoDestination(call)
    assert snapshot(call) == before
    assert carried_out(gate, call, RELAYED) == Applied(call)


def test_a_call_without_a_destination_has_none_after_a_return_either(gate: Gate) -> None:
    call = admitted(gate, destination="", lapse=BUSY)
    carried_out(gate, call, BOTH)
    returned(gate, call)
    assert gate.decide(call, ACCEPT, BOB, 1_031.0) == NoDestination(call)
    assert call.destination == ""


def test_a_call_whose_destination_only_the_edge_knows_is_accepted(gate: Gate) -> None:
    call = admitted(gate, destination=None)
    assert call.destination == ""
    assert carried_out(gate, call, ACCEPT) == Applied(call)


@pytest.mark.parametrize("state", [State.ROUTED, State.REFUSED])
def test_who_comes_too_late_is_told_so_also_where_there_is_no_destination(gate: Gate, state: State) -> None:
    call = admitted(gate, destination="", lapse=BUSY)
    carried_out(gate, call, RELAYED if state is State.ROUTED else DECLINE)
    assert isinstance(gate.decide(call, ACCEPT, BOB, 1_003.0), AlreadyDecided)


# --- held on ---------------------------------------------------------------------------------------------------------


def test_a_call_that_is_held_on_has_a_window_from_then_on(gate: Gate) -> None:
    call = admitted(gate)
    gate.extend(call, 30.0, 1_005.0)
    assert (call.state, call.deadline, call.status) == (State.HELD, 1_035.0, None)
    gate.extend(call, 5.0, 1_006.0, status=183, phrase="Session Progress")
    assert (call.deadline, call.status, call.phrase) == (1_011.0, 183, "Session Progress")


@pytest.mark.parametrize(
    ("ack", "answer"),
    [(UNANSWERED, EdgeSilent), (CANCELLED, CancelledByCaller), (LAPSED, Lapsed), (UNKNOWN, EdgeFailed)],
)
def test_why_a_call_is_not_held_on_is_said_and_its_end_is_told_by_the_edge(gate: Gate, ack: Ack, answer: type) -> None:
    call = admitted(gate)
    before = snapshot(call)
    assert type(gate.answer_for_unheld(call, ack, 1_012.0)) is answer
    assert snapshot(call) == before


# --- overdue ---------------------------------------------------------------------------------------------------------


def test_a_call_is_overdue_some_time_after_its_window(gate: Gate) -> None:
    call, going_on = admitted(gate), admitted(gate, 8)
    carried_out(gate, going_on, ACCEPT)
    assert gate.overdue(1_017.0, 7.0) == []
    assert gate.overdue(1_017.1, 7.0) == [call]
    gate.extend(call, 30.0, 1_005.0)
    assert gate.overdue(1_042.0, 7.0) == []


def test_a_dial_that_nobody_acknowledged_may_ring_to_its_end(gate: Gate) -> None:
    call = admitted(gate)
    gate.settle(claimed(gate, call, ONE, now=1_001.0), UNANSWERED, 1_003.0)
    assert gate.overdue(1_061.0 + 7.0, 7.0) == []
    assert gate.overdue(1_061.1 + 7.0, 7.0) == [call]


def test_a_call_that_has_returned_is_overdue_after_its_new_window(gate: Gate) -> None:
    call = admitted(gate)
    carried_out(gate, call, ONE)
    assert gate.overdue(9_999.0, 7.0) == [], "what rings is ended by the edge"
    returned(gate, call, now=1_050.0)
    assert gate.overdue(1_067.0, 7.0) == []
    assert gate.overdue(1_067.1, 7.0) == [call]


# --- a controller that connects again --------------------------------------------------------------------------------


def test_the_dialling_of_an_earlier_controller_is_understood(gate: Gate) -> None:
    call = admitted(gate)
    assert kinds(gate.resume(call, 1_020.0, answered=False, attempt=3)) == [Kind.ROUTED]
    assert (call.attempt, call.attempts, claimed_record(call).decider) == (3, 3, EARLIER)
    assert kinds(report(gate, call, Progress.RINGING, 180, now=1_021.0, attempt=3)) == [Kind.RINGING]
    assert kinds(returned(gate, call, 3)) == [Kind.RETURNED]
    assert (call.state, call.record, call.deadline) == (State.HELD, None, 1_040.0)
    carried_out(gate, call, BOTH)
    assert call.attempt == 4


def test_who_answered_an_earlier_controllers_dialling_is_not_known(gate: Gate) -> None:
    call = admitted(gate)
    gate.resume(call, 1_020.0, answered=False, attempt=1)
    assert kinds(report(gate, call, Progress.ANSWERED, 200, now=1_021.0, attempt=1, target=0)) == [Kind.ANSWERED]
    assert call.target is None
    assert gate.report(Report(call.sequence, Progress.ENDED, by="limit", attempt=1), 1_030.0)
    assert (call.state, call.hung_up_by) == (State.COMPLETED, "limit")


def test_a_dialling_that_was_answered_while_nobody_listened_goes_on(gate: Gate) -> None:
    call = admitted(gate)
    carried_out(gate, call, BOTH)
    assert kinds(gate.resume(call, 1_020.0, answered=True, attempt=1)) == [Kind.ANSWERED]
    assert kinds(report(gate, call, Progress.ENDED, now=1_030.0, attempt=1)) == [Kind.ENDED]
    assert claimed_record(call).verdict == BOTH


def test_a_dialling_that_goes_on_is_not_told_again(gate: Gate) -> None:
    call = admitted(gate)
    carried_out(gate, call, BOTH)
    before = snapshot(call)
    assert gate.resume(call, 1_020.0, answered=False, attempt=1) == []
    assert snapshot(call) == before


def test_a_dial_without_its_acknowledgement_is_applied_if_the_edge_tells_its_number(gate: Gate) -> None:
    call = admitted(gate)
    gate.settle(claimed(gate, call, BOTH), UNANSWERED, 1_003.0)
    assert kinds(gate.resume(call, 1_005.0, answered=False, attempt=1)) == [Kind.ROUTED]
    assert claimed_record(call).verdict == BOTH


@pytest.mark.parametrize("acknowledged", [True, False])
def test_a_call_that_goes_on_undialled_has_returned_before_that(gate: Gate, acknowledged: bool) -> None:
    call = admitted(gate)
    gate.settle(claimed(gate, call, BOTH), DONE if acknowledged else UNANSWERED, 1_003.0)
    assert kinds(gate.resume(call, 1_020.0, answered=False)) == [Kind.RETURNED, Kind.ROUTED]
    assert (call.attempt, call.destination, call.record) == (
        0, DESTINATION, VerdictRecord(Accept(), EARLIER, 1_020.0)
    )  # fmt: skip


def test_a_dialling_that_is_over_is_not_resumed(gate: Gate) -> None:
    call = admitted(gate)
    carried_out(gate, call, BOTH)
    returned(gate, call)
    before = snapshot(call)
    assert gate.resume(call, 1_031.0, answered=False, attempt=1) == []
    assert snapshot(call) == before


def test_an_earlier_controllers_dialling_that_is_told_as_over_first_is_not_resumed(gate: Gate) -> None:
    call = admitted(gate)
    assert returned(gate, call, 2) == []
    assert gate.resume(call, 1_031.0, answered=False, attempt=2) == []
    assert call.state is State.HELD
    carried_out(gate, call, ONE)
    assert call.attempt == 3


def test_a_verdict_that_an_earlier_controllers_dialling_overtook_touches_nothing_later(gate: Gate) -> None:
    call = admitted(gate)
    claim = claimed(gate, call, DECLINE)
    assert kinds(gate.resume(call, 1_020.0, answered=False, attempt=1)) == [Kind.ROUTED]
    earlier = claimed_record(call)
    assert earlier.decider == EARLIER
    returned(gate, call)
    second = claimed(gate, call, ONE, BOB)
    before = snapshot(call)
    assert gate.settle(claim, UNKNOWN, 1_031.0) == (AlreadyDecided(call, earlier), [])
    assert gate.answer_for_waiting(claim) == AlreadyDecided(call, earlier)
    assert snapshot(call) == before
    assert gate.settle(second, DONE, 1_032.0)[0] == Applied(call)


def test_a_dialling_that_ended_while_nobody_listened_is_told_as_returned_when_the_edge_is_back(gate: Gate) -> None:
    call = admitted(gate)
    gate.settle(claimed(gate, call, BOTH), UNANSWERED, 1_003.0)
    assert kinds(returned(gate, call, status=408)) == [Kind.RETURNED]
    assert returned(gate, call, status=408) == [], "it is told at each new connection"
    assert (call.state, call.attempt, call.deadline) == (State.HELD, 0, 1_040.0)


@pytest.mark.parametrize("returns_first", [True, False])
def test_a_call_that_is_hung_up_in_the_moment_it_returns_has_no_verdict(gate: Gate, returns_first: bool) -> None:
    call = admitted(gate)
    carried_out(gate, call, BOTH)
    if returns_first:
        returned(gate, call)
    events = gate.report(Report(call.sequence, Progress.FAILED, 603, by="controller"), 1_031.0)
    assert kinds(events) == [Kind.FAILED]
    assert (call.status, call.hung_up_by) == (603, "controller")
    assert (call.record is None) is returns_first
