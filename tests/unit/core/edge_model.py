"""What the edge does to a call, in few lines: the truth that the gate's answers are held against.

At most one of command, guard and CANCEL gets hold of a held call. What the edge tells waits in :attr:`Edge.told` until
a test delivers it, in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from callgate.core.calls import Sequence
from callgate.core.reports import Ack, AckResult, Incoming, Progress, Report
from callgate.core.states import State
from callgate.core.verdicts import GUARD, Accept, Decider, Redirect, Refuse, Verdict

from .calls import incoming


@dataclass(frozen=True)
class Command:
    """A verdict on its way to the edge."""

    number: int
    sequence: Sequence
    verdict: Verdict
    decider: Decider


@dataclass(frozen=True)
class Acknowledgement:
    command: Command
    ack: Ack


Told = Incoming | Report | Acknowledgement


@dataclass
class EdgeCall:
    """What really became of a call. ``decider`` and ``verdict`` are whose was applied, and which."""

    incoming: Incoming
    lapse: Verdict
    held: bool
    ringing: bool = False
    answered: bool = False
    decider: Decider | None = None
    verdict: Verdict | None = None
    by: Command | None = None
    ending: State | None = None

    @property
    def goes_on(self) -> bool:
        """Let go to its destination, and not over."""
        return not self.held and self.ending is None


@dataclass
class Edge:
    calls: dict[Sequence, EdgeCall] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)

    def receive(self, sequence: Sequence, at: float, lapse: Verdict, *, controlled: bool) -> EdgeCall:
        arrived = incoming(sequence, at, controlled=controlled)
        self.calls[sequence] = call = EdgeCall(arrived, lapse, held=controlled)
        self.told.append(arrived)
        return call

    # --- the three that may get hold of a held call --------------------------------------------------------------

    def execute(self, command: Command, *, able: bool = True) -> None:
        """A command arrives; the edge does it if the call is still held, and says what came of it."""
        self.told.append(Acknowledgement(command, self._execute(command, able=able)))

    def _execute(self, command: Command, *, able: bool) -> Ack:
        call = self.calls.get(command.sequence)
        if call is None:
            return Ack(AckResult.UNKNOWN)
        if not call.held:
            if call.decider is GUARD:
                return Ack(AckResult.LAPSED)
            return Ack(AckResult.CANCELLED, 487) if call.decider is None else Ack(AckResult.UNKNOWN)
        call.held = False
        call.decider, call.verdict, call.by = command.decider, command.verdict, command
        match command.verdict:
            case Refuse(status=status):
                call.ending = State.REFUSED
                return Ack(AckResult.DONE, status)
            case Redirect(mode="contact"):
                call.ending = State.REDIRECTED
                return Ack(AckResult.DONE, 302)
        if not able:
            call.ending = State.FAILED
            return Ack(AckResult.FAILED, 500)
        return Ack(AckResult.DONE)

    def guard(self, call: EdgeCall) -> None:
        """The guard timer applies the default."""
        call.held = False
        call.decider = GUARD
        if isinstance(call.lapse, Refuse):
            call.verdict, call.ending = call.lapse, State.REFUSED
            self._report(call, Progress.REFUSED, call.lapse.status, call.lapse.phrase)
        else:
            call.verdict = Accept()
            self._report(call, Progress.ROUTED)

    def cancel(self, call: EdgeCall) -> None:
        """The caller cancels: a held call, or one that the destination has not answered yet."""
        call.held = False
        call.ending = State.CANCELLED
        self._report(call, Progress.CANCELLED, 487)

    # --- what becomes of a call that was let go ------------------------------------------------------------------

    def ring(self, call: EdgeCall) -> None:
        call.ringing = True
        self._report(call, Progress.RINGING, 180)

    def answer(self, call: EdgeCall) -> None:
        call.answered = True
        self._report(call, Progress.ANSWERED, 200)

    def fail(self, call: EdgeCall) -> None:
        call.ending = State.FAILED
        self._report(call, Progress.FAILED, 486, "Busy Here")

    def end(self, call: EdgeCall, by: str) -> None:
        call.ending = State.COMPLETED
        self._report(call, Progress.ENDED, by=by)

    def _report(self, call: EdgeCall, progress: Progress, status: int = 0, phrase: str = "", by: str = "") -> None:
        self.told.append(Report(call.incoming.sequence, progress, status, phrase, by))
