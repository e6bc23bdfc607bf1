"""The gate: what it makes of reports, of calls it finds again, and of those it forgets."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import msgspec
import pytest

from callgate.core.answers import (
    RESULT_NAMES,
    AlreadyDecided,
    CancelledByCaller,
)
from callgate.core.calls import Call, VerdictRecord
from callgate.core.events import Kind
from callgate.core.gate import Gate, Terms
from callgate.core.reports import Ack, AckResult, Progress, Report
from callgate.core.states import FINAL, State
from callgate.core.verdicts import EARLIER, GUARD, Accept, Verdict

from .calls import (
    ALICE,
    DECLINE,
    DESTINATION,
    EDGE,
    MOVED,
    VERDICTS,
    admitted,
    incoming,
    snapshot,
)
from .deciding import (
    CANCELLED,
    UNANSWERED,
    carried_out,
    claimed,
    claimed_record,
    kinds,
    report,
)

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
