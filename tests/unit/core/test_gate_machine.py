"""The gate, walked through every order of decisions, acknowledgements, reports, cancels, lapses and losses.

Beside it runs a model of the edge (:mod:`.edge_model`), which is the truth: what the gate answers and tells is held
against what the model did. Where the truth could not be known (a command without an acknowledgement, reports that were
lost with the link), the call is ``blurred`` and less is asked, but never less than one final outcome.

One verdict at a time, the first: a call is claimed once, and once more for each dialling that has returned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from callgate.core.answers import (
    AlreadyDecided,
    Answer,
    Applied,
    CancelledByCaller,
    EdgeFailed,
    EdgeSilent,
    Lapsed,
    NoDestination,
    NotHeld,
    UnknownCall,
)
from callgate.core.calls import Call, Sequence, VerdictRecord
from callgate.core.events import CallEvent, Kind
from callgate.core.gate import Claim, Gate, InFlight, Terms
from callgate.core.reports import Ack, AckResult, Incoming, Progress, Report
from callgate.core.states import FINAL, UNDECIDED, State
from callgate.core.verdicts import EARLIER, GUARD, WINDOW, Accept, Decider, Dial, Verdict

from .calls import ACCEPT, ALICE, BOB, BOTH, BUSY, DECLINE, DESTINATION, ONE, RELAYED, VERDICTS, snapshot
from .edge_model import Acknowledgement, Command, Edge, EdgeCall, Told

WINDOW_SECONDS, GUARD_SECONDS = 10.0, 12.0
REMEMBERED = 3
#: So many calls live at once: few, so that much happens to each.
LIVING = 2
TERMINAL = {Kind.REFUSED, Kind.REDIRECTED, Kind.CANCELLED, Kind.FAILED, Kind.ENDED}
#: What is told of one dialling, and of no other.
OF_A_DIALLING = {Progress.RINGING, Progress.ANSWERED, Progress.RETURNED}
STATE_TOLD_BY = {
    Kind.REFUSED: State.REFUSED,
    Kind.REDIRECTED: State.REDIRECTED,
    Kind.CANCELLED: State.CANCELLED,
    Kind.FAILED: State.FAILED,
    Kind.ENDED: State.COMPLETED,
}


@dataclass
class Followed:
    """One call as one gate knows it, with all that the gate said about it."""

    call: Call
    truth: EdgeCall
    blurred: bool = False
    events: list[Kind] = field(default_factory=list)
    claims: int = 0
    applied: set[int] = field(default_factory=set)

    @property
    def returns(self) -> int:
        """How often the gate has told that the call was held again."""
        return self.events.count(Kind.RETURNED)


@dataclass
class Sent:
    """A claim whose acknowledgement is awaited, and the deciders that wait for what comes of it."""

    command: Command
    claim: Claim
    waiting: list[Decider] = field(default_factory=list)


class GateMachine(RuleBasedStateMachine):
    @initialize(rough=st.booleans(), patient=st.booleans(), numbers_ends=st.booleans())
    def begin(self, rough: bool, patient: bool, numbers_ends: bool) -> None:
        #: Whether links break and processes die; in calm runs every call is followed sharply to its end.
        self.rough = rough
        #: Whether callers wait for as long as it takes, so that more happens to their calls.
        self.patient = patient
        self.now = 1_000.0
        self.gate = Gate(remember=REMEMBERED)
        self.edge = Edge(numbers_ends=numbers_ends)
        self.truths: dict[Sequence, EdgeCall] = {}
        self.followed: dict[Sequence, Followed] = {}
        self.ended: list[Sequence] = []
        #: Commands on their way to the edge.
        self.travelling: list[Command] = []
        #: Claims the link still waits for, by the command's number.
        self.sent: dict[int, Sent] = {}
        #: Claims that the link gave up, whose acknowledgement may yet be told.
        self.given_up: dict[int, Sent] = {}
        self.commands = 0

    # --- what callers and destinations do ------------------------------------------------------------------------

    def _has_room(self) -> bool:
        return len(self._of_edge(lambda call: call.ending is None)) < LIVING

    @precondition(lambda self: self._has_room())
    @rule(
        controlled=st.sampled_from([True, True, True, False]),
        terms=st.sampled_from([(DESTINATION, ACCEPT), (DESTINATION, BUSY), ("", BUSY)]),
    )
    def a_call_arrives(self, controlled: bool, terms: tuple[str, Verdict]) -> None:
        sequence = len(self.truths)
        self.truths[sequence] = self.edge.receive(
            sequence, self._later(), terms[1], controlled=controlled, destination=terms[0], hold=GUARD_SECONDS
        )

    @precondition(lambda self: not self.patient)
    @precondition(lambda self: self._of_edge(lambda call: call.ending is None and not call.answered))
    @rule(data=st.data())
    def the_caller_cancels(self, data: st.DataObject) -> None:
        call = self._pick(data, lambda call: call.ending is None and not call.answered)
        if not call.held:
            self._hear_of(call)
        self.edge.cancel(call)  # of a held call, that may be heard before the call itself

    @precondition(lambda self: self._of_edge(lambda call: call.goes_on and not call.answered and not call.dialled))
    @rule(data=st.data(), what=st.sampled_from(["ring", "answer", "fail"]))
    def the_destination_responds(self, data: st.DataObject, what: str) -> None:
        call = self._pick(data, lambda call: call.goes_on and not call.answered and not call.dialled)
        self._hear_of(call)
        {"ring": self.edge.ring, "answer": self.edge.answer, "fail": self.edge.fail}[what](call)

    @precondition(lambda self: self._of_edge(lambda call: call.dialled))
    @rule(data=st.data(), what=st.sampled_from(["ring", "fail", "fail", "answer"]))
    def a_target_responds(self, data: st.DataObject, what: str) -> None:
        call = self._pick(data, lambda call: call.dialled)
        target = data.draw(st.sampled_from(sorted(call.ringing_at)), "target")
        match what:
            case "ring":
                self.edge.ring(call, target)
            case "fail":
                self.edge.fail_at(call, target, GUARD_SECONDS, self._later())
            case "answer":
                self.edge.answer(call, target)

    @precondition(lambda self: self._of_edge(lambda call: call.dialled))
    @rule(data=st.data(), how=st.sampled_from(["ring time", "withdrawn", "hung up"]))
    def a_dialling_ends_by_itself(self, data: st.DataObject, how: str) -> None:
        call = self._pick(data, lambda call: call.dialled)
        if how == "hung up":
            self.edge.fail(call)
        else:
            self.edge.give_back(call, GUARD_SECONDS, self._later(), 408 if how == "ring time" else 487)

    @precondition(lambda self: self._of_edge(lambda call: call.goes_on and call.answered))
    @rule(data=st.data(), by=st.sampled_from(["caller", "destination", "controller"]))
    def an_established_call_ends(self, data: st.DataObject, by: str) -> None:
        self.edge.end(self._pick(data, lambda call: call.goes_on and call.answered), by)

    @precondition(lambda self: self._of_edge(lambda call: call.held))
    @rule(data=st.data())
    def the_guard_fires(self, data: st.DataObject) -> None:
        call = self._pick(data, lambda call: call.held)
        self.now = max(self.now, call.guard_at)
        self._hear_all_of(call)
        self.edge.guard(call)

    # --- what applications and the window do ---------------------------------------------------------------------

    @precondition(lambda self: self.truths)
    @rule(data=st.data(), verdict=st.sampled_from([*VERDICTS, BOTH, ONE]), decider=st.sampled_from([ALICE, BOB]))
    def an_application_decides(self, data: st.DataObject, verdict: Verdict, decider: Decider) -> None:
        self._decide(data.draw(st.sampled_from(sorted(self.truths))), verdict, decider)

    @precondition(lambda self: self._can_be_dialled() or self._has_room())
    @rule(data=st.data(), verdict=st.sampled_from([BOTH, ONE]), decider=st.sampled_from([ALICE, BOB]))
    def an_application_dials_and_the_edge_does_it_at_once(
        self, data: st.DataObject, verdict: Verdict, decider: Decider
    ) -> None:
        """What could happen by other rules too, but seldom would: diallings that follow each other."""
        if not self._can_be_dialled():
            self.a_call_arrives(True, (DESTINATION, BUSY))
            self._hear_of(self.edge.calls[len(self.truths) - 1])
        sequence = data.draw(st.sampled_from(self._can_be_dialled()), "call").sequence
        self._decide(sequence, verdict, decider)
        self.edge.execute(self.travelling.pop())

    def _can_be_dialled(self) -> list[Call]:
        return [call for call in self._in_gate(State.HELD) if self.truths[call.sequence].held]

    @rule(decider=st.sampled_from([ALICE, BOB]))
    def an_application_decides_a_call_that_never_was(self, decider: Decider) -> None:
        assert self.gate.decide(self.gate.find_sequence(999_999), DECLINE, decider, self.now) == UnknownCall()

    @precondition(lambda self: self._in_gate(State.HELD))
    @rule(data=st.data())
    def a_window_ends(self, data: st.DataObject) -> None:
        call = data.draw(st.sampled_from(self._in_gate(State.HELD)), "call")
        self.now = max(self.now, call.deadline)
        claim = self.gate.lapse(call, self.now)
        assert claim is not None
        self._claimed(claim)

    @precondition(lambda self: self._in_gate(State.HELD))
    @rule(data=st.data(), seconds=st.sampled_from([5.0, 30.0]))
    def a_held_call_is_held_on(self, data: st.DataObject, seconds: float) -> None:
        call = data.draw(st.sampled_from(self._in_gate(State.HELD)), "call")
        truth = self.truths[call.sequence]
        if truth.held:
            truth.guard_at = self._later() + seconds + GUARD_SECONDS - WINDOW_SECONDS
            self.gate.extend(call, seconds, self.now)

    # --- the link ------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.travelling)
    @rule(data=st.data(), able=st.sampled_from([True, True, False]), again=st.sampled_from([False, False, True]))
    def a_command_reaches_the_edge(self, data: st.DataObject, able: bool, again: bool) -> None:
        command = data.draw(st.sampled_from(self.travelling), "command")
        if not again:
            self.travelling.remove(command)
        self.edge.execute(command, able=able)

    @precondition(lambda self: self.edge.told)
    @rule(data=st.data(), frames=st.integers(1, 4))
    def the_edge_is_heard(self, data: st.DataObject, frames: int) -> None:
        for _ in range(min(frames, len(self.edge.told))):
            self._hear(self.edge.told.pop(data.draw(st.integers(0, len(self.edge.told) - 1), "which")))

    @precondition(lambda self: self.rough and self.sent)
    @rule(data=st.data())
    def a_command_is_given_up(self, data: st.DataObject) -> None:
        self._give_up(data.draw(st.sampled_from(sorted(self.sent)), "command"))

    @precondition(lambda self: self.rough)
    @rule(arriving=st.booleans(), dies=st.sampled_from(["link", "controller", "edge"]))
    def something_breaks(self, arriving: bool, dies: str) -> None:
        """All that was on its way is lost; the commands may have arrived before."""
        for number in sorted(self.sent):
            self._give_up(number)
        for command in self.travelling if arriving else []:
            self.edge.execute(command)
        self.travelling.clear()
        self.edge.told.clear()
        if dies == "controller":
            self.gate = Gate(remember=REMEMBERED)
            self.followed.clear()
            self.ended.clear()
            self.given_up.clear()
        elif dies == "edge":
            self.edge = Edge(numbers_ends=self.edge.numbers_ends)
        self._hear_snapshot()

    # --- what cannot be ------------------------------------------------------------------------------------------

    @rule(data=st.data(), progress=st.sampled_from(Progress))
    def a_report_that_cannot_be_true_changes_nothing(self, data: st.DataObject, progress: Progress) -> None:
        known = [None, *(one.call for one in self.followed.values())]
        call = data.draw(st.sampled_from(known), "call")
        attempt = data.draw(st.integers(0, 1 if call is None else call.attempts), "attempt")
        sequence = 999_999 if call is None else call.sequence
        report = Report(sequence, progress, 499, "Odd", "destination", attempt, 0)
        if call is None:
            assert self.gate.report(report, self.now) == []
        elif self._impossible(call, progress, attempt):
            before = snapshot(call)
            assert self.gate.report(report, self.now) == []
            assert snapshot(call) == before

    def _impossible(self, call: Call, progress: Progress, attempt: int) -> bool:
        if call.state in FINAL or not any(call is live for live in self.gate.live()):
            return True
        if attempt != call.attempt and attempt and progress in OF_A_DIALLING:
            return True
        if progress is Progress.RETURNED and (attempt == 0 or call.state is State.ANSWERED):
            return True
        settled = call.state not in UNDECIDED and not self._open(call)
        if progress is Progress.ROUTED:
            return settled
        return progress is Progress.REFUSED and call.state not in UNDECIDED

    @precondition(lambda self: self.truths)
    @rule(data=st.data())
    def a_call_told_twice_changes_nothing(self, data: st.DataObject) -> None:
        sequence = data.draw(st.sampled_from(sorted(self.truths)))
        if self.gate.find_sequence(sequence) is not None:
            assert self._admit(self.truths[sequence].incoming) == []

    # --- carrying out --------------------------------------------------------------------------------------------

    def _decide(self, sequence: Sequence, verdict: Verdict, decider: Decider) -> None:
        call = self.gate.find_sequence(sequence)
        outcome = self.gate.decide(call, verdict, decider, self._later())
        match outcome:
            case Claim():
                self._claimed(outcome)
            case InFlight(call=claimed):
                assert claimed is call
                claims = [sent for sent in self.sent.values() if sent.claim.call is call]
                waited_for = [sent for sent in claims if sent.claim.returned is None]
                if waited_for:
                    waited_for[0].waiting.append(decider)
                else:
                    self._check_late(claimed)
            case UnknownCall():
                assert call is None
            case _:
                assert call is not None
                self._check(outcome, self.followed[sequence], None)

    def _claimed(self, claim: Claim) -> None:
        followed = self.followed[claim.call.sequence]
        followed.claims += 1
        assert followed.claims <= 1 + followed.returns, "a call is claimed once, and once more for each return"
        assert claim.call.state is State.DECIDED
        self.commands += 1
        call, record = claim.call, claim.record
        command = Command(self.commands, call.sequence, record.verdict, record.decider, call.attempt)
        assert (call.attempt > 0) is isinstance(record.verdict, Dial)
        self.sent[command.number] = Sent(command, claim)
        self.travelling.append(command)

    def _hear_of(self, call: EdgeCall) -> None:
        """What happens seconds after the call arrived is never heard before the call."""
        if call.incoming in self.edge.told:
            self.edge.told.remove(call.incoming)
            self._hear(call.incoming)

    def _hear_all_of(self, call: EdgeCall) -> None:
        """What happened to a call seconds ago has been heard; acknowledgements may yet be under way."""
        self._hear_of(call)
        for told in list(self.edge.told):
            if isinstance(told, Report) and told.sequence == call.incoming.sequence:
                self.edge.told.remove(told)
                self._hear(told)

    def _hear(self, told: Told) -> None:
        match told:
            case Incoming():
                self._take(self._admit(told))
            case Report():
                self._take(self.gate.report(told, self._later()))
            case Acknowledgement(command=command, ack=ack):
                sent = self.sent.pop(command.number, None) or self.given_up.pop(command.number, None)
                if sent is not None:
                    self._settle(sent, ack)

    def _admit(self, told: Incoming) -> list[CallEvent]:
        truth = self.truths[told.sequence]
        events = self.gate.admit(told, Terms(truth.destination, WINDOW_SECONDS, truth.lapse), self._later())
        for event in events:
            event.call.told = self.now
            self.followed[told.sequence] = Followed(event.call, truth)
        return events

    def _settle(self, sent: Sent, ack: Ack) -> None:
        followed = self.followed[sent.command.sequence]
        answer, events = self.gate.settle(sent.claim, ack, self._later())
        self._take(events)
        self._check(answer, followed, sent.command)
        for _ in sent.waiting:
            late = self.gate.answer_for_waiting(sent.claim)
            if sent.claim.returned is None:
                self._check(late, followed, None)
            else:
                assert isinstance(late, AlreadyDecided)
                assert followed.blurred or late.first is sent.claim.record

    def _check_late(self, call: Call) -> None:
        if call.state is not State.DECIDED:  # else its decider is told that nothing is known yet
            self._check(self.gate.answer_for_late(call), self.followed[call.sequence], None)

    def _give_up(self, number: int) -> None:
        sent = self.given_up[number] = self.sent.pop(number)
        self.followed[sent.command.sequence].blurred = True
        self._settle(sent, Ack(AckResult.UNANSWERED))

    def _hear_snapshot(self) -> None:
        there = {sequence: call for sequence, call in self.edge.calls.items() if call.ending is None}
        for sequence, truth in there.items():
            self._take(self._admit(truth.incoming))
            followed = self.followed[sequence]
            followed.blurred = True
            if truth.held and truth.returned:
                told = Report(sequence, Progress.RETURNED, 408, attempt=truth.returned)
                self._take(self.gate.report(told, self._later()))
            elif not truth.held:
                self._take(
                    self.gate.resume(followed.call, self._later(), answered=truth.answered, attempt=truth.attempt)
                )
        for call in list(self.gate.live()):
            if call.sequence not in there:
                self._lose(call)

    def _lose(self, call: Call) -> None:
        self.followed[call.sequence].blurred = True
        self._take(self.gate.lose(call, self._later()))

    def _take(self, events: list[CallEvent]) -> None:
        for event in events:
            followed = self.followed[event.call.sequence]
            assert followed.call is event.call
            followed.events.append(event.kind)
            if event.kind is Kind.RETURNED:
                assert event.call.deadline == self.now + WINDOW_SECONDS
            if event.kind in TERMINAL:
                assert event.call.state is STATE_TOLD_BY[event.kind]
                self.ended.append(event.call.sequence)

    # --- truth ---------------------------------------------------------------------------------------------------

    def _check(self, answer: Answer, followed: Followed, command: Command | None) -> None:
        """What an application is told is what the edge did. ``command`` is its own, if it was the first."""
        truth = followed.truth
        match answer:
            case Applied():
                assert command is not None
                assert command in [applied.by for applied in truth.applied]
                followed.applied.add(command.number)
            case AlreadyDecided(first=first):
                assert first.decider not in (WINDOW, GUARD)
                assert command is None or first.decider is EARLIER, "nobody is told to have come before himself"
                self._check_record(first, followed)
            case Lapsed(default=default):
                assert default.decider in (WINDOW, GUARD)
                self._check_record(default, followed)
            case CancelledByCaller():
                assert truth.ending is State.CANCELLED
            case NotHeld():
                assert not truth.incoming.controlled
            case NoDestination():
                assert (followed.call.state, followed.call.destination, truth.destination) == (State.HELD, "", "")
            case EdgeFailed():
                assert followed.blurred or (truth.ending is State.FAILED and truth.applied[-1].by is not None)
            case EdgeSilent():
                assert followed.blurred

    def _check_record(self, record: VerdictRecord, followed: Followed) -> None:
        applied = followed.truth.applied
        assert applied, "a verdict is told that never took effect"
        if followed.blurred:
            assert routes(record.verdict) in [routes(one.verdict) for one in applied]
            return
        assert len(applied) > followed.returns, "a verdict is told that has returned"
        last = applied[followed.returns]  # as far as was heard
        assert (record.decider, record.verdict) == (last.decider, last.verdict)

    def _check_end(self, followed: Followed) -> None:
        """All has been heard: the gate's record is the truth."""
        call, truth = followed.call, followed.truth
        assert call.state in FINAL
        assert [kind for kind in followed.events if kind in TERMINAL] == [
            kind for kind, state in STATE_TOLD_BY.items() if state is call.state
        ]
        assert followed.events[0] is (Kind.HELD if call.controlled else Kind.PASSED)
        for told in _between_returns(followed.events):
            assert max(Counter(told).values(), default=0) <= 1, "nothing is told twice"
        assert len(followed.applied) <= 1 + followed.returns
        if call.record is None:
            assert followed.blurred or truth.last is None or truth.ending is State.CANCELLED
        elif not (followed.blurred and truth.ending is State.CANCELLED):
            assert call.record.at == call.decided
            self._check_record(call.record, followed)
        if followed.blurred:
            return
        assert call.state is truth.ending
        assert followed.returns == truth.returns or truth.ending is State.CANCELLED, "the CANCEL was heard first"
        if followed.returns == truth.returns:
            self._check_destination(followed)

    def _check_destination(self, followed: Followed) -> None:
        call, truth = followed.call, followed.truth
        verdict = None if truth.last is None or truth.ending is State.FAILED else truth.last.verdict
        match verdict:
            case Dial(targets=targets):
                told = Kind.ANSWERED in followed.events  # else the end was heard first
                target = targets[truth.answered_by] if truth.answered_by is not None and told else None
                assert call.target is target
                assert call.destination == (", ".join(map(str, targets)) if target is None else str(target))
            case None:
                pass
            case _:
                assert call.destination == (RELAYED.uri if verdict == RELAYED else truth.destination)

    @invariant()
    def times_are_in_order(self) -> None:
        for followed in self.followed.values():
            call = followed.call
            times = (call.received, call.decided, call.ringing, call.answered, call.ended)
            happened = [time for time in times if time is not None]
            assert happened == sorted(happened)
            assert (call.ended is not None) is (call.state in FINAL)

    @invariant()
    def only_a_dial_has_a_number(self) -> None:
        for followed in self.followed.values():
            record, attempt = followed.call.record, followed.call.attempt
            assert 0 <= attempt <= followed.call.attempts
            dials = record is not None and isinstance(record.verdict, Dial)
            assert (attempt > 0) is dials or (record is not None and record.decider is EARLIER)

    @invariant()
    def the_last_ended_calls_are_remembered_and_no_others(self) -> None:
        kept = self.ended[-REMEMBERED:]
        for sequence, followed in self.followed.items():
            found = followed.call if followed.call.state not in FINAL or sequence in kept else None
            assert self.gate.find_sequence(sequence) is found
            assert self.gate.find(followed.call.id) is found

    @invariant()
    def a_call_lives_until_it_ends(self) -> None:
        living = {one.call.sequence for one in self.followed.values() if one.call.state not in FINAL}
        assert {call.sequence for call in self.gate.live()} == living

    def teardown(self) -> None:
        """Everything on its way arrives; then every call has ended."""
        for command in self.travelling:
            self.edge.execute(command)
        for truth in self.edge.calls.values():
            if truth.held:
                self.now = max(self.now, truth.guard_at)
                self._hear_all_of(truth)
                self.edge.guard(truth)
            if truth.goes_on:
                if not truth.answered:
                    self.edge.answer(truth, min(truth.ringing_at) if truth.dialled else None)
                self.edge.end(truth, "caller")
        self._hear_all()
        for call in self._in_gate(State.HELD):  # it was cancelled before it was heard of
            self.now = max(self.now, call.deadline)
            claim = self.gate.lapse(call, self.now)
            assert claim is not None
            self._claimed(claim)
            self.edge.execute(self.travelling.pop())
            self._hear_all()
        for call in list(self.gate.live()):  # the sweep: the edge told nothing, or what it told was lost
            followed = self.followed[call.sequence]
            assert followed.blurred or call.state is State.DECIDED or not call.controlled
            self._lose(call)
        assert not list(self.gate.live())
        for followed in self.followed.values():
            self._check_end(followed)

    def _hear_all(self) -> None:
        while self.edge.told:
            self._hear(self.edge.told.pop(0))
        assert not self.sent

    # --- looking -------------------------------------------------------------------------------------------------

    def _later(self) -> float:
        self.now += 0.125
        return self.now

    def _of_edge(self, holds: Callable[[EdgeCall], bool]) -> list[EdgeCall]:
        return [call for call in self.edge.calls.values() if holds(call)]

    def _pick(self, data: st.DataObject, holds: Callable[[EdgeCall], bool]) -> EdgeCall:
        return data.draw(st.sampled_from(self._of_edge(holds)), "call")

    def _in_gate(self, state: State) -> list[Call]:
        return [call for call in self.gate.live() if call.state is state]

    def _open(self, call: Call) -> bool:
        """A verdict was claimed for it, and no acknowledgement has been heard."""
        return any(sent.claim.call is call for sent in (*self.sent.values(), *self.given_up.values()))


def routes(verdict: Verdict) -> bool:
    """Whether a verdict lets the call go to a destination."""
    return verdict in (Accept(), RELAYED, BOTH, ONE)


def _between_returns(events: list[Kind]) -> list[list[Kind]]:
    parts: list[list[Kind]] = [[]]
    for kind in events:
        if kind is Kind.RETURNED:
            parts.append([])
        else:
            parts[-1].append(kind)
    return parts


TestGate = GateMachine.TestCase
TestGate.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
