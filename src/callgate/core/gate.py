"""The gate: one verdict a call, the first.

The gate is fed with what the edge reports and with what applications decide, each with the time it happened at, and
answers with what is to be done and told. It does no I/O: whoever owns it sends the commands and brings back the
acknowledgements.

A decision goes in three steps: :meth:`Gate.decide` claims the call (or says why not), the owner sends the verdict to
the edge, :meth:`Gate.settle` takes the acknowledgement and gives the final answer.

Reports and acknowledgements come in any order, and none of them ever raises: what contradicts what is known already
changes nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

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
from callgate.core.calls import Call, CallId, Sequence, VerdictRecord, call_id
from callgate.core.events import CallEvent, Kind
from callgate.core.reasons import cause_of
from callgate.core.reports import Ack, AckResult, Incoming, Progress, Report
from callgate.core.states import FINAL, TRANSITIONS, UNDECIDED, Move, State, after
from callgate.core.verdicts import EARLIER, GUARD, STOP, WINDOW, Accept, Decider, Dial, Redirect, Refuse, Verdict


class Claim(msgspec.Struct, frozen=True, gc=False):
    """The verdict is the first: send it to the edge, then :meth:`Gate.settle`."""

    call: Call
    record: VerdictRecord


class InFlight(msgspec.Struct, frozen=True):
    """Another verdict was first, and what came of it is not known yet; ask :meth:`Gate.answer_for_late` after that."""

    call: Call


class Terms(msgspec.Struct, frozen=True, gc=False):
    """What the inbound route says about a call: where it goes ("": nowhere), how long it is held (seconds), what then."""

    destination: str
    window: float
    lapse: Verdict


#: The call was let go to a destination.
_WENT_ON = frozenset({State.ROUTED, State.RINGING, State.ANSWERED, State.COMPLETED})

#: How an edge's report moves a call, and the event that tells it.
_PROGRESS: dict[Progress, tuple[Move, Kind]] = {
    Progress.ROUTED: (Move.ROUTE, Kind.ROUTED),
    Progress.REFUSED: (Move.REFUSE, Kind.REFUSED),
    Progress.CANCELLED: (Move.CANCEL, Kind.CANCELLED),
    Progress.RINGING: (Move.RING, Kind.RINGING),
    Progress.ANSWERED: (Move.ANSWER, Kind.ANSWERED),
    Progress.FAILED: (Move.FAIL, Kind.FAILED),
    Progress.ENDED: (Move.END, Kind.ENDED),
    Progress.RETURNED: (Move.RETURN, Kind.RETURNED),
}


class Gate:
    """All calls of one controller.

    Args:
        remember: how many ended calls are kept, so that a late decision is told what became of the call.
    """

    def __init__(self, *, remember: int = 50_000) -> None:
        self._by_sequence: dict[Sequence, Call] = {}
        self._by_id: dict[CallId, Call] = {}
        self._live: dict[Sequence, Call] = {}
        self._ended: deque[Call] = deque()
        self._remember = remember
        #: Claims that the edge has not acknowledged: their verdict may not be the one that was applied.
        self._claims: dict[Sequence, Claim] = {}

    # --- looking -----------------------------------------------------------------------------------------------

    def find(self, call: CallId) -> Call | None:
        return self._by_id.get(call)

    def find_sequence(self, sequence: Sequence) -> Call | None:
        return self._by_sequence.get(sequence)

    def live(self) -> Iterable[Call]:
        return self._live.values()

    # --- what the edge reports ---------------------------------------------------------------------------------

    def admit(self, incoming: Incoming, terms: Terms, now: float) -> list[CallEvent]:
        """A call has arrived, or was found on the edge by a controller that connected. A known one changes nothing."""
        identity = call_id(incoming.received, incoming.sequence, incoming.edge)
        known = self._by_sequence.get(incoming.sequence)
        # Sequence numbers come again after a day, and an ended call of the day before may still be remembered.
        if known is not None and (known.id == identity or known.state not in FINAL):
            return []
        call = Call(
            id=identity,
            sequence=incoming.sequence,
            trunk=incoming.trunk,
            route=incoming.route,
            dialled=incoming.dialled,
            destination=terms.destination,
            caller=incoming.caller,
            window=terms.window,
            lapse=terms.lapse,
            state=State.HELD if incoming.controlled else State.ROUTED,
            received=incoming.received,
            controlled=incoming.controlled,
        )
        self._by_sequence[call.sequence] = call
        self._by_id[call.id] = call
        self._live[call.sequence] = call
        return [CallEvent(Kind.HELD if call.controlled else Kind.PASSED, call, now)]

    def report(self, report: Report, now: float) -> list[CallEvent]:
        """The edge tells what became of a call.

        Reports on unknown calls, on ended ones, on a dialling that is over, and those that cannot be true change nothing.
        """
        call = self._live.get(report.sequence)
        if call is None or (report.attempt and report.attempt != call.attempt):
            return []
        move, kind = _PROGRESS[report.progress]
        if after(call.state, move) is None:
            return []
        open_to_guard = call.state in UNDECIDED or self._claimed(call)
        match report.progress:
            case Progress.ROUTED | Progress.REFUSED if not open_to_guard:
                return []
            case Progress.ROUTED:
                self._decided_by_guard(call, Accept(), now)
            case Progress.REFUSED:
                self._decided_by_guard(call, _default_refusal(call, report), now)
            case Progress.RETURNED:
                return self._take_back(call, report, now)
            case Progress.CANCELLED:
                if call.record is not None and not _routes(call.record.verdict):
                    self._withdraw(call)
            case _:
                self._let_go(call, now)
        if report.by:
            call.hung_up_by = report.by
        if report.target is not None:
            self._answered_by(call, report.target)
        return self._move(call, move, kind, now, status=report.status, phrase=report.phrase)

    def _take_back(self, call: Call, report: Report, now: float) -> list[CallEvent]:
        """Nobody who was dialled has answered: the call is as it was before, with a whole window."""
        if call.attempt == 0:
            return []
        self._withdraw(call)
        self._claims.pop(call.sequence, None)  # its acknowledgement may be read behind this
        call.ringing = None
        call.deadline = now + call.window
        call.state = TRANSITIONS[call.state][Move.RETURN]
        return [CallEvent(Kind.RETURNED, call, now, status=report.status)]

    def _answered_by(self, call: Call, index: int) -> None:
        if call.record is not None and isinstance(call.record.verdict, Dial):
            targets = call.record.verdict.targets
            if index < len(targets):
                call.target = targets[index]
                call.destination = str(call.target)

    def extend(self, call: Call, seconds: float, now: float) -> None:
        """The edge holds the call for so long from now on."""
        call.deadline = now + seconds

    def resume(self, call: Call, now: float, *, answered: bool, attempt: int = 0) -> list[CallEvent]:
        """The edge says at connect that the call is let go, and maybe answered: by whom it was is not known here."""
        events = []
        call.attempt = attempt
        call.attempts = max(call.attempts, attempt)
        if call.state in UNDECIDED:
            if call.record is None:
                call.record = VerdictRecord(Accept(), EARLIER, now)
                call.decided = now
            self._let_go(call, now)
            events += self._move(call, Move.ROUTE, Kind.ROUTED, now)
        if answered:
            events += self._move(call, Move.ANSWER, Kind.ANSWERED, now)
        return events

    def lose(self, call: Call, now: float) -> list[CallEvent]:
        """The edge does not have the call any more (it was restarted, or never told the end)."""
        if call.state is State.DECIDED and self._claimed(call):
            self._withdraw(call)  # nothing says that the verdict was ever applied
        return self._move(call, Move.FAIL, Kind.FAILED, now)

    def _let_go(self, call: Call, now: float) -> None:
        """The destination has been heard of: if no verdict from here can have led to that, the guard's default did."""
        if call.state in UNDECIDED and (call.record is None or not _routes(call.record.verdict)):
            self._decided_by_guard(call, Accept(), now)

    def _decided_by_guard(self, call: Call, verdict: Verdict, now: float) -> None:
        # What the guard's default led to may have been read before.
        at = min([now, *(time for time in (call.ringing, call.answered, call.ended) if time is not None)])
        call.record = VerdictRecord(verdict, GUARD, at)
        call.decided = at

    # --- decisions ---------------------------------------------------------------------------------------------

    def decide(self, call: Call | None, verdict: Verdict, decider: Decider, now: float) -> Claim | InFlight | Answer:
        """Claim the call for this verdict, or say why it comes too late."""
        if call is None:
            return UnknownCall()
        if call.state is State.DECIDED or self._claimed(call):
            return InFlight(call)
        if call.state is not State.HELD:
            return self.answer_for_late(call)
        if isinstance(verdict, Accept) and not call.destination:
            return NoDestination(call)
        return self._claim(call, verdict, decider, now)

    def lapse(self, call: Call, now: float, why: Decider = WINDOW) -> Claim | None:
        """The window is over, or Callgate stops: claim the call for its default, unless it was decided before."""
        return self._claim(call, call.lapse, why, now) if call.state is State.HELD else None

    def _claim(self, call: Call, verdict: Verdict, decider: Decider, now: float) -> Claim:
        call.state = TRANSITIONS[call.state][Move.DECIDE]
        call.record = VerdictRecord(verdict, decider, now)
        call.decided = now
        if isinstance(verdict, Dial):
            call.attempts += 1
            call.attempt = call.attempts
        self._claims[call.sequence] = claim = Claim(call, call.record)
        return claim

    def _claimed(self, call: Call) -> bool:
        claim = self._claims.get(call.sequence)
        return claim is not None and claim.call is call

    def settle(self, claim: Claim, ack: Ack, now: float) -> tuple[Answer, list[CallEvent]]:
        """The edge has acknowledged the claim's command, or has not: the final answer, and what is to be told."""
        call = claim.call
        if ack.result is AckResult.UNANSWERED:
            return EdgeSilent(call), []
        if self._claims.get(call.sequence) is claim:
            del self._claims[call.sequence]
        first = call.record is claim.record
        match ack.result:
            case AckResult.DONE if isinstance(claim.record.verdict, Dial) and not first:
                return Applied(call), []  # what was dialled has returned before this was read
            case AckResult.DONE:
                return Applied(call, ack.status), self._carried_out(call, claim.record.verdict, now)
            case AckResult.CANCELLED:
                if first:
                    self._withdraw(call)
                return CancelledByCaller(call), self._move(
                    call, Move.CANCEL, Kind.CANCELLED, now, status=487, phrase="Request canceled"
                )
            case AckResult.LAPSED:
                if first:  # else the guard's own report was read before; if it comes later, it says the same
                    self._decided_by_guard(call, call.lapse if call.state in UNDECIDED else Accept(), now)
                return self.answer_for_late(call), []
            case AckResult.FAILED:
                undecided = call.state in UNDECIDED
                return EdgeFailed(call, ack.status), (
                    self._move(call, Move.FAIL, Kind.FAILED, now, status=ack.status) if undecided else []
                )
            case AckResult.UNKNOWN:
                if first:
                    self._withdraw(call)
                    if call.state in _WENT_ON:
                        call.record = VerdictRecord(Accept(), EARLIER, now)
                if call.state in UNDECIDED:
                    return EdgeFailed(call), self.lose(call, now)
                return self.answer_for_late(call), []

    def _carried_out(self, call: Call, verdict: Verdict, now: float) -> list[CallEvent]:
        match verdict:
            case Refuse(status=status, phrase=phrase):
                return self._move(call, Move.REFUSE, Kind.REFUSED, now, status=status, phrase=phrase)
            case Redirect(mode="contact"):
                return self._move(call, Move.REDIRECT, Kind.REDIRECTED, now, status=302, phrase="Moved Temporarily")
            case Redirect(uri=uri):
                call.destination = uri
            case Dial(targets=targets) if call.target is None:
                call.destination = ", ".join(map(str, targets))
        return self._move(call, Move.ROUTE, Kind.ROUTED, now)

    def _withdraw(self, call: Call) -> None:
        """The verdict never took effect, or what it had dialled did not answer."""
        call.record = call.decided = None
        call.attempt = 0

    def answer_for_late(self, call: Call) -> Answer:
        """What a decision that did not come first is told, by what the call has become."""
        if not call.controlled:
            return NotHeld(call)
        if call.state is State.CANCELLED and (call.record is None or self._claimed(call)):
            return CancelledByCaller(call)
        if call.record is None:
            return EdgeFailed(call, call.status or 0)
        if call.record.decider in (WINDOW, GUARD, STOP):
            return Lapsed(call, call.record)
        return AlreadyDecided(call, call.record)

    # --- moving ------------------------------------------------------------------------------------------------

    def _move(
        self, call: Call, move: Move, kind: Kind, now: float, *, status: int = 0, phrase: str = ""
    ) -> list[CallEvent]:
        before = call.state
        following = after(before, move)
        if following is None:
            return []
        if status and not before is following is State.ANSWERED:  # a 180 that is read behind the 200
            call.status, call.phrase = status, phrase
        if following is before:
            return []
        call.state = following
        if following is State.RINGING:
            call.ringing = now
        elif following is State.ANSWERED:
            call.answered = now
        elif following in FINAL:
            call.ended = now
            self._retire(call)
        return [CallEvent(kind, call, now, status=status)]

    def _retire(self, call: Call) -> None:
        del self._live[call.sequence]
        self._ended.append(call)
        while len(self._ended) > self._remember:
            oldest = self._ended.popleft()
            if self._by_sequence.get(oldest.sequence) is oldest:
                del self._by_sequence[oldest.sequence]
            self._by_id.pop(oldest.id, None)
            if self._claimed(oldest):
                del self._claims[oldest.sequence]


def _routes(verdict: Verdict) -> bool:
    """Whether the verdict has the edge send the INVITE to a destination."""
    return isinstance(verdict, Accept | Dial) or (isinstance(verdict, Redirect) and verdict.mode == "relay")


def _default_refusal(call: Call, report: Report) -> Verdict:
    """The default that the guard refused with: the route's, unless the directory was changed since the edge read it."""
    if isinstance(call.lapse, Refuse) and report.status in (0, call.lapse.status):
        return call.lapse
    return Refuse(report.status, report.phrase, cause_of(report.status))
