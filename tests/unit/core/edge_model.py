"""What the edge does to a call, in few lines: the truth that the gate's answers are held against.

At most one of command, guard and CANCEL gets hold of a held call; a dialling that nobody answers gives it back. What
the edge tells waits in :attr:`Edge.told` until a test delivers it, in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from callgate.core.calls import Sequence
from callgate.core.reports import Ack, AckResult, Incoming, Progress, Report
from callgate.core.states import State
from callgate.core.verdicts import GUARD, Accept, Decider, Dial, Redirect, Refuse, Verdict

from .calls import incoming


@dataclass(frozen=True)
class Command:
    """A verdict on its way to the edge; ``attempt`` is the number of the dialling, 0 if it is none."""

    number: int
    sequence: Sequence
    verdict: Verdict
    decider: Decider
    attempt: int


@dataclass(frozen=True)
class Acknowledgement:
    command: Command
    ack: Ack


Told = Incoming | Report | Acknowledgement


@dataclass(frozen=True)
class Applied:
    """A verdict that took effect: whose, which, and by which command (``None``: the guard's)."""

    decider: Decider
    verdict: Verdict
    by: Command | None


@dataclass
class EdgeCall:
    """What really became of a call.

    ``applied`` are the verdicts that took effect, one after the other: each but the last was a dialling that returned,
    and that too if the call is held again. ``attempt`` and ``returned`` are the numbers of the dialling that it is in
    and of the last that has returned, ``ringing_at`` are the targets that have not failed. ``guard_at`` is when the
    guard fires.
    """

    incoming: Incoming
    lapse: Verdict
    held: bool
    guard_at: float
    destination: str
    answered: bool = False
    applied: list[Applied] = field(default_factory=list)
    returns: int = 0
    attempt: int = 0
    returned: int = 0
    ringing_at: set[int] = field(default_factory=set)
    answered_by: int | None = None
    ending: State | None = None

    @property
    def goes_on(self) -> bool:
        """Let go to its destination, and not over."""
        return not self.held and self.ending is None

    @property
    def dialled(self) -> bool:
        """Ringing at targets that may all fail."""
        return self.goes_on and not self.answered and self.attempt > 0

    @property
    def last(self) -> Applied | None:
        """The verdict that has effect now."""
        return self.applied[-1] if len(self.applied) > self.returns else None


@dataclass
class Edge:
    calls: dict[Sequence, EdgeCall] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    #: Whether the end of a call that was dialled is told with the dialling's number.
    numbers_ends: bool = True
    _acknowledged: dict[int, Ack] = field(default_factory=dict)

    def receive(
        self, sequence: Sequence, at: float, lapse: Verdict, *, controlled: bool, destination: str, hold: float
    ) -> EdgeCall:
        arrived = incoming(sequence, at, controlled=controlled)
        self.calls[sequence] = call = EdgeCall(arrived, lapse, controlled, at + hold, destination)
        self.told.append(arrived)
        return call

    # --- the three that may get hold of a held call --------------------------------------------------------------

    def execute(self, command: Command, *, able: bool = True) -> None:
        """A command arrives: it is done if the call is held, and acknowledged; if it comes twice, that is repeated."""
        if command.number not in self._acknowledged:
            self._acknowledged[command.number] = self._execute(command, able=able)
        self.told.append(Acknowledgement(command, self._acknowledged[command.number]))

    def _execute(self, command: Command, *, able: bool) -> Ack:
        call = self.calls.get(command.sequence)
        if call is None:
            return Ack(AckResult.UNKNOWN)
        if not call.held:
            if call.last is not None and call.last.decider is GUARD:
                return Ack(AckResult.LAPSED)
            return Ack(AckResult.CANCELLED, 487) if call.last is None else Ack(AckResult.UNKNOWN)
        call.held = False
        call.applied.append(Applied(command.decider, command.verdict, command))
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
        if isinstance(command.verdict, Dial):
            call.attempt = command.attempt
            call.ringing_at = set(range(len(command.verdict.targets)))
        return Ack(AckResult.DONE)

    def guard(self, call: EdgeCall) -> None:
        """The guard timer applies the default."""
        call.held = False
        if isinstance(call.lapse, Refuse):
            call.applied.append(Applied(GUARD, call.lapse, None))
            call.ending = State.REFUSED
            self._report(call, Progress.REFUSED, call.lapse.status, call.lapse.phrase)
        else:
            call.applied.append(Applied(GUARD, Accept(), None))
            self._report(call, Progress.ROUTED)

    def cancel(self, call: EdgeCall) -> None:
        """The caller cancels: a held call, or one that the destination has not answered yet."""
        call.held = False
        call.ending = State.CANCELLED
        self._report(call, Progress.CANCELLED, 487)

    # --- what becomes of a call that was let go ------------------------------------------------------------------

    def ring(self, call: EdgeCall, target: int | None = None) -> None:
        self._report(call, Progress.RINGING, 180, target=target)

    def answer(self, call: EdgeCall, target: int | None = None) -> None:
        call.answered, call.answered_by = True, target
        self._report(call, Progress.ANSWERED, 200, target=target)

    def fail_at(self, call: EdgeCall, target: int, hold: float, now: float) -> None:
        """One of those who are dialled refuses: if it was the last, the call is held again for so long."""
        call.ringing_at.remove(target)
        if not call.ringing_at:
            self.give_back(call, hold, now, 486)

    def give_back(self, call: EdgeCall, hold: float, now: float, status: int) -> None:
        """Nobody has answered in time, or the dialling is withdrawn."""
        self._report(call, Progress.RETURNED, status)
        call.held, call.guard_at = True, now + hold
        call.returned, call.attempt = call.attempt, 0
        call.returns += 1

    def fail(self, call: EdgeCall) -> None:
        call.ending = State.FAILED
        self._report(call, Progress.FAILED, 486, "Busy Here")

    def end(self, call: EdgeCall, by: str) -> None:
        call.ending = State.COMPLETED
        self._report(call, Progress.ENDED, by=by)

    def _report(
        self,
        call: EdgeCall,
        progress: Progress,
        status: int = 0,
        phrase: str = "",
        *,
        by: str = "",
        target: int | None = None,
    ) -> None:
        ends = progress in (Progress.CANCELLED, Progress.FAILED, Progress.ENDED)
        attempt = 0 if ends and not self.numbers_ends else call.attempt
        self.told.append(Report(call.incoming.sequence, progress, status, phrase, by, attempt, target))
