"""The gate: one verdict a call, the first.

The gate is fed with what the edge reports and with what applications decide, each with the time it happened at, and
answers with what is to be done and told. It does no I/O: whoever owns it sends the commands and brings back the
acknowledgements.

A decision goes in three steps: :meth:`Gate.decide` claims the call (or says why not), the owner sends the verdict to
the edge, :meth:`Gate.settle` takes the acknowledgement and gives the final answer.
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
    NotHeld,
    UnknownCall,
)
from callgate.core.calls import Call, CallId, Sequence, VerdictRecord, call_id
from callgate.core.events import CallEvent, Kind
from callgate.core.reports import Ack, AckResult, Incoming, Progress, Report
from callgate.core.states import FINAL, UNDECIDED, Move, State, after
from callgate.core.verdicts import EARLIER, GUARD, WINDOW, Accept, Decider, Redirect, Refuse, Verdict


class Claim(msgspec.Struct, frozen=True, gc=False):
    """The verdict is the first: send it to the edge, then :meth:`Gate.settle`."""

    call: Call
    record: VerdictRecord


class InFlight(msgspec.Struct, frozen=True):
    """Another verdict was first and its acknowledgement is awaited; ask :meth:`Gate.answer_for_late` after that."""

    call: Call


class Terms(msgspec.Struct, frozen=True, gc=False):
    """What the inbound route says about a call: where it goes, for how long it is held (seconds), what then."""

    destination: str
    window: float
    lapse: Verdict


#: How an edge's report moves a call, and the event that tells it.
_PROGRESS: dict[Progress, tuple[Move, Kind]] = {
    Progress.ROUTED: (Move.ROUTE, Kind.ROUTED),
    Progress.REFUSED: (Move.REFUSE, Kind.REFUSED),
    Progress.CANCELLED: (Move.CANCEL, Kind.CANCELLED),
    Progress.RINGING: (Move.RING, Kind.RINGING),
    Progress.ANSWERED: (Move.ANSWER, Kind.ANSWERED),
    Progress.FAILED: (Move.FAIL, Kind.FAILED),
    Progress.ENDED: (Move.END, Kind.ENDED),
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
        if incoming.sequence in self._by_sequence:
            return []
        call = Call(
            id=call_id(incoming.received, incoming.sequence, incoming.edge),
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
        """The edge tells what became of a call. Reports on unknown calls, and on ended ones, change nothing."""
        call = self._live.get(report.sequence)
        if call is None:
            return []
        move, kind = _PROGRESS[report.progress]
        if report.progress in (Progress.ROUTED, Progress.REFUSED):
            call.record = VerdictRecord(call.lapse, GUARD, now)
            call.decided = now
        if report.status:
            call.status, call.phrase = report.status, report.phrase
        if report.by:
            call.hung_up_by = report.by
        return self._move(call, move, kind, now)

    def resume(self, call: Call, now: float) -> list[CallEvent]:
        """The edge says that the call was let go before this controller connected: by whom is not known here."""
        if call.state not in UNDECIDED:
            return []
        if call.record is None:
            call.record = VerdictRecord(Accept(), EARLIER, now)
            call.decided = now
        return self._move(call, Move.ROUTE, Kind.ROUTED, now)

    def lose(self, call: Call, now: float) -> list[CallEvent]:
        """The edge does not have the call any more (it was restarted, or never told the end)."""
        return [] if call.state in FINAL else self._move(call, Move.FAIL, Kind.FAILED, now)

    # --- decisions ---------------------------------------------------------------------------------------------

    def decide(self, call: Call | None, verdict: Verdict, decider: Decider, now: float) -> Claim | InFlight | Answer:
        """Claim the call for this verdict, or say why it comes too late."""
        if call is None:
            return UnknownCall()
        if call.state is State.DECIDED:
            return InFlight(call)
        if call.state is not State.HELD:
            return self.answer_for_late(call)
        return self._claim(call, verdict, decider, now)

    def lapse(self, call: Call, now: float) -> Claim | None:
        """The window is over: claim the call for its default, unless it was decided before."""
        return self._claim(call, call.lapse, WINDOW, now) if call.state is State.HELD else None

    def _claim(self, call: Call, verdict: Verdict, decider: Decider, now: float) -> Claim:
        call.state = after(call.state, Move.DECIDE)
        call.record = VerdictRecord(verdict, decider, now)
        call.decided = now
        return Claim(call, call.record)

    def settle(self, claim: Claim, ack: Ack, now: float) -> tuple[Answer, list[CallEvent]]:
        """The edge has acknowledged the claim's command, or has not: the final answer, and what is to be told."""
        call = claim.call
        match ack.result:
            case AckResult.DONE:
                return self._settle_done(claim, ack, now)
            case AckResult.CANCELLED:
                call.record = call.decided = None  # the verdict never took effect
                events = [] if call.state in FINAL else self._cancelled(call, now)
                return CancelledByCaller(call), events
            case AckResult.LAPSED:
                # The guard's own report tells what was applied; it may be read after this acknowledgement.
                if call.record is claim.record:
                    call.record = VerdictRecord(call.lapse, GUARD, now)
                return self.answer_for_late(call), []
            case AckResult.FAILED:
                call.status = ack.status or call.status
                return EdgeFailed(call, ack.status), self.lose(call, now)
            case AckResult.UNKNOWN:
                if call.state in FINAL:
                    return self.answer_for_late(call), []
                return EdgeFailed(call), self.lose(call, now)
            case AckResult.UNANSWERED:
                return EdgeSilent(call), []

    def _settle_done(self, claim: Claim, ack: Ack, now: float) -> tuple[Answer, list[CallEvent]]:
        call = claim.call
        answer = Applied(call, ack.status)
        if call.state in FINAL:
            return answer, []  # routed, and ended since
        match claim.record.verdict:
            case Refuse(status=status, phrase=phrase):
                call.status, call.phrase = status, phrase
                return answer, self._move(call, Move.REFUSE, Kind.REFUSED, now)
            case Redirect(mode="contact"):
                call.status, call.phrase = 302, "Moved Temporarily"
                return answer, self._move(call, Move.REDIRECT, Kind.REDIRECTED, now)
            case Redirect(uri=uri):
                call.destination = uri
        events = self._move(call, Move.ROUTE, Kind.ROUTED, now)
        return answer, events

    def _cancelled(self, call: Call, now: float) -> list[CallEvent]:
        call.status, call.phrase = 487, "Request Terminated"
        return self._move(call, Move.CANCEL, Kind.CANCELLED, now)

    def answer_for_late(self, call: Call) -> Answer:
        """What a decision that did not come first is told, by what the call has become."""
        if not call.controlled:
            return NotHeld(call)
        if call.record is None:
            return CancelledByCaller(call) if call.state is State.CANCELLED else EdgeFailed(call, call.status or 0)
        if call.record.decider in (WINDOW, GUARD):
            return Lapsed(call, call.record)
        return AlreadyDecided(call, call.record)

    # --- moving ------------------------------------------------------------------------------------------------

    def _move(self, call: Call, move: Move, kind: Kind, now: float) -> list[CallEvent]:
        before = call.state
        call.state = after(before, move)
        if call.state is before and move is not Move.RING:
            return []
        match move:
            case Move.RING:
                if call.ringing is not None:
                    return []
                call.ringing = now
            case Move.ANSWER:
                call.answered = now
        if call.state in FINAL:
            call.ended = now
            self._retire(call)
        return [CallEvent(kind, call, now)]

    def _retire(self, call: Call) -> None:
        del self._live[call.sequence]
        self._ended.append(call)
        while len(self._ended) > self._remember:
            oldest = self._ended.popleft()
            if self._by_sequence.get(oldest.sequence) is oldest:
                del self._by_sequence[oldest.sequence]
            self._by_id.pop(oldest.id, None)
