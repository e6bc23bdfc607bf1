"""The gate: one verdict a call at a time, the first.

The gate is fed with what the edge reports and with what applications decide, each with the time it happened at, and
answers with what is to be done and told. It does no I/O: whoever owns it sends the commands and brings back the
acknowledgements.

A decision goes in three steps: :meth:`Gate.decide` claims the call (or says why not), the owner sends the verdict to
the edge, :meth:`Gate.settle` takes the acknowledgement and gives the final answer.

A dialling that nobody answers frees the call: its verdict is withdrawn, the call is held again, and the next verdict is
the first. Each dialling of a call has its number, and what is told of one that is over changes nothing.

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


class Claim(msgspec.Struct, gc=False):
    """The verdict is the first: send it to the edge, then :meth:`Gate.settle`.

    ``returned`` is set when a dialling has freed the call before that: the call may have been claimed anew since.
    """

    call: Call
    record: VerdictRecord
    returned: VerdictRecord | None = None


class InFlight(msgspec.Struct, frozen=True):
    """Another verdict was first, and what came of it is not known yet.

    Ask :meth:`Gate.answer_for_waiting` when it is.
    """

    call: Call


class Terms(msgspec.Struct, frozen=True, gc=False):
    """What the inbound route says about a call: where it goes, how long it is held (seconds), and what then.

    ``destination`` is "" where the route has none, ``None`` where only the edge knows it.
    """

    destination: str | None
    window: float
    lapse: Verdict


#: A call that is dialled is in one of these, until somebody answers.
_DIALLED = frozenset({State.DECIDED, State.ROUTED, State.RINGING})
#: What can be told of one dialling after the call has gone on to the next.
_OF_ONE_DIALLING = frozenset({Progress.RINGING, Progress.ANSWERED, Progress.RETURNED})

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
        call = Call(  # by position, which is quicker
            identity,
            incoming.sequence,
            incoming.trunk,
            incoming.route,
            incoming.dialled,
            terms.destination or "",
            incoming.caller,
            terms.window,
            terms.lapse,
            State.HELD if incoming.controlled else State.ROUTED,
            incoming.received,
            incoming.received + terms.window,
            terms.destination,
            incoming.controlled,
        )
        self._by_sequence[call.sequence] = call
        self._by_id[call.id] = call
        self._live[call.sequence] = call
        return [CallEvent(Kind.HELD if call.controlled else Kind.PASSED, call, now)]

    def report(self, report: Report, now: float) -> list[CallEvent]:
        """The edge tells what became of a call.

        Reports on unknown calls, on ended ones, on diallings that are over, and what cannot be true, change nothing.
        """
        call = self._live.get(report.sequence)
        if call is None or (report.attempt != call.attempt and _of_another_dialling(call, report)):
            return []
        move, kind = _PROGRESS[report.progress]
        if after(call.state, move) is None:
            return []
        match report.progress:
            case Progress.RINGING | Progress.ANSWERED | Progress.ENDED:
                self._let_go(call, now)
            case Progress.FAILED:
                if not report.by:  # else it was hung up, maybe in the moment in which it was held again
                    self._let_go(call, now)
            case Progress.CANCELLED:
                if call.record is not None and not _routes(call.record.verdict):
                    self._withdraw(call)
            case Progress.RETURNED:
                return self._take_back(call, now, report.status, report.phrase) if report.attempt else []
            case _:
                if call.state not in UNDECIDED and not self._claimed(call):
                    return []
                routed = report.progress is Progress.ROUTED
                self._decided_by_guard(call, Accept() if routed else _default_refusal(call, report), now)
        if report.by:
            call.hung_up_by = report.by
        if report.target is not None and report.progress is Progress.ANSWERED:
            self._answered_by(call, report.target)
        return self._move(call, move, kind, now, status=report.status, phrase=report.phrase)

    def _take_back(self, call: Call, now: float, status: int = 0, phrase: str = "") -> list[CallEvent]:
        """Nobody who was dialled has answered: the call is as it was before, with a whole window."""
        if self._claimed(call):  # its acknowledgement is read behind this
            self._claims.pop(call.sequence).returned = call.record
        self._withdraw(call)
        call.ringing = None
        call.destination = call.routes_to or ""
        call.deadline = now + call.window
        call.state = TRANSITIONS[call.state][Move.RETURN]
        return [CallEvent(Kind.RETURNED, call, now, status=status, phrase=phrase)]

    def _answered_by(self, call: Call, index: int) -> None:
        if call.target is None and call.record is not None and isinstance(call.record.verdict, Dial):
            targets = call.record.verdict.targets
            if 0 <= index < len(targets):
                call.target = targets[index]
                call.destination = str(call.target)

    def extend(self, call: Call, seconds: float, now: float, *, status: int = 0, phrase: str = "") -> None:
        """The edge holds the call for so long from now on; with a ``status``, the caller got that response."""
        call.deadline = now + seconds
        if status:
            call.status, call.phrase = status, phrase

    def resume(self, call: Call, now: float, *, answered: bool, attempt: int = 0) -> list[CallEvent]:
        """The edge says at connect that the call is let go, and maybe answered: by whom it was is not known here.

        ``attempt`` is the number of the dialling that it is in, 0: it was not dialled.
        """
        if attempt and attempt != call.attempt and attempt <= call.attempts:
            return []  # that dialling has returned since
        events: list[CallEvent] = []
        if call.attempt and not attempt and not answered and call.state in _DIALLED:
            events += self._take_back(call, now)  # and went on then
        if attempt > call.attempts:
            call.attempt = call.attempts = attempt
            if call.state in UNDECIDED:
                self._decided_elsewhere(call, Accept(), EARLIER, now)
        if call.state in UNDECIDED:
            if call.record is None:
                self._decided_elsewhere(call, Accept(), EARLIER, now)
            self._let_go(call, now)
            events += self._move(call, Move.ROUTE, Kind.ROUTED, now)
        if answered:
            events += self._move(call, Move.ANSWER, Kind.ANSWERED, now)
        return events

    def overdue(self, now: float, patience: float) -> list[Call]:
        """The calls whose hold, or whose first acknowledgement, should have ended so long (seconds) ago."""
        return [call for call in self._live.values() if call.state in UNDECIDED and now > _hold_ends(call) + patience]

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
        self._decided_elsewhere(call, verdict, GUARD, now)
        call.attempt = 0

    def _decided_elsewhere(self, call: Call, verdict: Verdict, decider: Decider, now: float) -> None:
        # What it led to may have been read before.
        at = min([now, *(time for time in (call.ringing, call.answered, call.ended) if time is not None)])
        call.record = VerdictRecord(verdict, decider, at)
        call.decided = at

    # --- decisions ---------------------------------------------------------------------------------------------

    def decide(self, call: Call | None, verdict: Verdict, decider: Decider, now: float) -> Claim | InFlight | Answer:
        """Claim the call for this verdict, or say why it comes too late."""
        if call is None:
            return UnknownCall()
        if call.state is State.HELD:
            if call.routes_to == "" and isinstance(verdict, Accept):
                return NoDestination(call)
            return self._claim(call, verdict, decider, now)
        return InFlight(call) if self._claimed(call) else self.answer_for_late(call)

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
        if claim.returned is not None:
            return Applied(call) if claim.returned is claim.record else AlreadyDecided(call, claim.returned), []
        if ack.result is AckResult.UNANSWERED:
            return EdgeSilent(call), []
        if self._claims.get(call.sequence) is claim:
            del self._claims[call.sequence]
        first = call.record is claim.record
        match ack.result:
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
                return self._unknown_to_edge(call, first, now)

    def _unknown_to_edge(self, call: Call, first: bool, now: float) -> tuple[Answer, list[CallEvent]]:
        if first:
            attempt = call.attempt
            self._withdraw(call)
            if call.state in _WENT_ON:
                call.record = VerdictRecord(Accept(), EARLIER, now)
                call.attempt = attempt  # what it is in goes on being told
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

    def answer_for_waiting(self, claim: Claim) -> Answer:
        """What a decision is told that waited for what came of the claim; to be asked when that is settled."""
        if claim.returned is not None:
            return AlreadyDecided(claim.call, claim.returned)
        return self.answer_for_late(claim.call)

    def answer_for_late(self, call: Call) -> Answer:
        """What a decision that did not come first is told, by what the call has become."""
        if not call.controlled:
            return NotHeld(call)
        if call.state is State.DECIDED and self._claimed(call):
            return EdgeSilent(call)
        if call.state is State.CANCELLED and (call.record is None or self._claimed(call)):
            return CancelledByCaller(call)
        if call.record is None:
            return EdgeFailed(call, call.status if call.status is not None and call.status >= 300 else 0)
        if call.record.decider in (WINDOW, GUARD, STOP):
            return Lapsed(call, call.record)
        return AlreadyDecided(call, call.record)

    def answer_for_unheld(self, call: Call, ack: Ack, now: float) -> Answer:
        """Why the edge did not hold a held call on; what became of the call is told by the edge's own report."""
        match ack.result:
            case AckResult.UNANSWERED:
                return EdgeSilent(call)
            case AckResult.CANCELLED:
                return CancelledByCaller(call)
            case AckResult.LAPSED:
                return Lapsed(call, VerdictRecord(call.lapse, GUARD, now))
        return EdgeFailed(call, ack.status)

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


def _of_another_dialling(call: Call, report: Report) -> bool:
    """Whether the report is on a dialling that is over, or on an earlier controller's that is resumed behind this."""
    if report.attempt == 0 or report.progress not in _OF_ONE_DIALLING:
        return False
    if report.progress is Progress.RETURNED:
        call.attempts = max(call.attempts, report.attempt)  # nothing to resume any more
    return True


def _hold_ends(call: Call) -> float:
    """Until when a call is held, or rings at those who were dialled without that having been acknowledged."""
    record = call.record
    if record is not None and isinstance(record.verdict, Dial):
        return max(call.deadline, record.at + record.verdict.ring_seconds)
    return call.deadline


def _default_refusal(call: Call, report: Report) -> Verdict:
    """The default that the guard refused with: the route's, unless the directory was changed since the edge read it."""
    if isinstance(call.lapse, Refuse) and report.status in (0, call.lapse.status):
        return call.lapse
    return Refuse(report.status, report.phrase, cause_of(report.status))
