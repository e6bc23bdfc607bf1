"""The gate, walked through every order of decisions, acknowledgements, reports, cancels, lapses and losses.

Beside it runs a model of the edge (:mod:`.edge_model`), which is the truth: what the gate answers and tells is held
against what the model did. Where the truth could not be known (a command without an acknowledgement, reports that were
lost with the link), the call is ``blurred`` and less is asked, but never less than one final outcome.
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
    NotHeld,
    UnknownCall,
)
from callgate.core.calls import Call, Sequence, VerdictRecord
from callgate.core.events import CallEvent, Kind
from callgate.core.gate import Claim, Gate, InFlight, Terms
from callgate.core.reports import Ack, AckResult, Incoming, Progress, Report
from callgate.core.states import FINAL, UNDECIDED, State
from callgate.core.verdicts import EARLIER, GUARD, WINDOW, Accept, Decider, Verdict

from .calls import ALICE, BOB, BUSY, DECLINE, DESTINATION, RELAYED, VERDICTS, snapshot
from .edge_model import Acknowledgement, Command, Edge, EdgeCall, Told

WINDOW_SECONDS, GUARD_SECONDS = 10.0, 12.0
REMEMBERED = 3
#: So many calls live at once: few, so that much happens to each.
LIVING = 2
TERMINAL = {Kind.REFUSED, Kind.REDIRECTED, Kind.CANCELLED, Kind.FAILED, Kind.ENDED}
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
    applied: int = 0


@dataclass
class Sent:
    """A claim whose acknowledgement is awaited, and the deciders that wait for what comes of it."""

    command: Command
    claim: Claim
    waiting: list[Decider] = field(default_factory=list)


class GateMachine(RuleBasedStateMachine):
    @initialize(rough=st.booleans())
    def begin(self, rough: bool) -> None:
        #: Whether links break and processes die; in calm runs every call is followed sharply to its end.
        self.rough = rough
        self.now = 1_000.0
        self.gate = Gate(remember=REMEMBERED)
        self.edge = Edge()
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

    @precondition(lambda self: len(self._of_edge(lambda call: call.ending is None)) < LIVING)
    @rule(controlled=st.sampled_from([True, True, True, False]), lapse=st.sampled_from([Accept(), BUSY]))
    def a_call_arrives(self, controlled: bool, lapse: Verdict) -> None:
        sequence = len(self.truths)
        self.truths[sequence] = self.edge.receive(sequence, self._later(), lapse, controlled=controlled)

    @precondition(lambda self: self._of_edge(lambda call: call.ending is None and not call.answered))
    @rule(data=st.data())
    def the_caller_cancels(self, data: st.DataObject) -> None:
        call = self._pick(data, lambda call: call.ending is None and not call.answered)
        if not call.held:
            self._hear_of(call)
        self.edge.cancel(call)  # of a held call, that may be heard before the call itself

    @precondition(lambda self: self._of_edge(lambda call: call.goes_on and not call.answered))
    @rule(data=st.data(), what=st.sampled_from(["ring", "answer", "fail"]))
    def the_destination_responds(self, data: st.DataObject, what: str) -> None:
        call = self._pick(data, lambda call: call.goes_on and not call.answered)
        self._hear_of(call)
        {"ring": self.edge.ring, "answer": self.edge.answer, "fail": self.edge.fail}[what](call)

    @precondition(lambda self: self._of_edge(lambda call: call.goes_on and call.answered))
    @rule(data=st.data(), by=st.sampled_from(["caller", "destination", "controller"]))
    def an_established_call_ends(self, data: st.DataObject, by: str) -> None:
        self.edge.end(self._pick(data, lambda call: call.goes_on and call.answered), by)

    @precondition(lambda self: self._of_edge(lambda call: call.held))
    @rule(data=st.data())
    def the_guard_fires(self, data: st.DataObject) -> None:
        call = self._pick(data, lambda call: call.held)
        self.now = max(self.now, call.incoming.received + GUARD_SECONDS)
        self._hear_of(call)
        self.edge.guard(call)

    # --- what applications and the window do ---------------------------------------------------------------------

    @precondition(lambda self: self.truths)
    @rule(data=st.data(), verdict=st.sampled_from(VERDICTS), decider=st.sampled_from([ALICE, BOB]))
    def an_application_decides(self, data: st.DataObject, verdict: Verdict, decider: Decider) -> None:
        self._decide(data.draw(st.sampled_from(sorted(self.truths))), verdict, decider)

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

    # --- the link ------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.travelling)
    @rule(data=st.data(), able=st.sampled_from([True, True, False]))
    def a_command_reaches_the_edge(self, data: st.DataObject, able: bool) -> None:
        command = data.draw(st.sampled_from(self.travelling), "command")
        self.travelling.remove(command)
        self.edge.execute(command, able=able)

    @precondition(lambda self: self.edge.told)
    @rule(data=st.data())
    def the_edge_is_heard(self, data: st.DataObject) -> None:
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
            self.edge = Edge()
        self._hear_snapshot()

    # --- what cannot be ------------------------------------------------------------------------------------------

    @rule(data=st.data(), progress=st.sampled_from(Progress))
    def a_report_that_cannot_be_true_changes_nothing(self, data: st.DataObject, progress: Progress) -> None:
        known = [None, *(one.call for one in self.followed.values())]
        call = data.draw(st.sampled_from(known), "call")
        report = Report(999_999 if call is None else call.sequence, progress, 499, "Odd", "destination")
        if call is None:
            assert self.gate.report(report, self.now) == []
        elif self._impossible(call, progress):
            before = snapshot(call)
            assert self.gate.report(report, self.now) == []
            assert snapshot(call) == before

    def _impossible(self, call: Call, progress: Progress) -> bool:
        if call.state in FINAL or not any(call is live for live in self.gate.live()):
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
                waited_for = [sent for sent in self.sent.values() if sent.claim.call is call]
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
        assert followed.claims == 1, "a call is claimed once"
        assert claim.call.state is State.DECIDED
        self.commands += 1
        command = Command(self.commands, claim.call.sequence, claim.record.verdict, claim.record.decider)
        self.sent[command.number] = Sent(command, claim)
        self.travelling.append(command)

    def _hear_of(self, call: EdgeCall) -> None:
        """What happens seconds after the call arrived is never heard before the call."""
        if call.incoming in self.edge.told:
            self.edge.told.remove(call.incoming)
            self._hear(call.incoming)

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
        events = self.gate.admit(told, Terms(DESTINATION, WINDOW_SECONDS, truth.lapse), self._later())
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
            self._check_late(sent.claim.call)

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
            if not truth.held:
                self._take(self.gate.resume(followed.call, self._later(), answered=truth.answered))
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
                assert truth.by is command
                followed.applied += 1
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
            case EdgeFailed():
                assert followed.blurred or (truth.ending is State.FAILED and truth.by is not None)
            case EdgeSilent():
                assert followed.blurred

    def _check_record(self, record: VerdictRecord, followed: Followed) -> None:
        truth = followed.truth
        assert truth.verdict is not None, "a verdict is told that never took effect"
        assert routes(record.verdict) is routes(truth.verdict)
        if not followed.blurred:
            assert (record.decider, record.verdict) == (truth.decider, truth.verdict)

    def _check_end(self, followed: Followed) -> None:
        """All has been heard: the gate's record is the truth."""
        call, truth = followed.call, followed.truth
        assert call.state in FINAL
        assert [kind for kind in followed.events if kind in TERMINAL] == [
            kind for kind, state in STATE_TOLD_BY.items() if state is call.state
        ]
        assert followed.events[0] is (Kind.HELD if call.controlled else Kind.PASSED)
        assert max(Counter(followed.events).values()) == 1, "nothing is told twice"
        assert followed.applied <= 1
        if call.record is None:
            assert followed.blurred or truth.decider is None or truth.ending is State.CANCELLED
        elif not (followed.blurred and truth.ending is State.CANCELLED):
            assert call.record.at == call.decided
            self._check_record(call.record, followed)
        if followed.blurred:
            return
        assert call.state is truth.ending
        if truth.verdict == RELAYED and truth.ending is not State.FAILED:
            assert call.destination == RELAYED.uri

    @invariant()
    def times_are_in_order(self) -> None:
        for followed in self.followed.values():
            call = followed.call
            times = (call.received, call.decided, call.ringing, call.answered, call.ended)
            happened = [time for time in times if time is not None]
            assert happened == sorted(happened)
            assert (call.ended is not None) is (call.state in FINAL)

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
                self.now = max(self.now, truth.incoming.received + GUARD_SECONDS)
                self.edge.guard(truth)
            if truth.goes_on:
                if not truth.answered:
                    self.edge.answer(truth)
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
    return verdict in (Accept(), RELAYED)


TestGate = GateMachine.TestCase
TestGate.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
