"""The verdicts of one call: given to the gate, and explained to the account when they have no effect."""

from __future__ import annotations

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
from callgate.core.calls import Call, VerdictRecord
from callgate.core.control import CallControl
from callgate.core.verdicts import GUARD, STOP, WINDOW, Decider, Refuse, Verdict
from callgate.dialects.rcml.failures import Code
from callgate.dialects.rcml.interruption import Interrupted
from callgate.dialects.rcml.model import Status
from callgate.dialects.rcml.notices import Notices
from callgate.dialects.rcml.statuses import of_refused


class Decisions:
    """Decides one call."""

    def __init__(self, control: CallControl, call: Call, decider: Decider, notices: Notices) -> None:
        self._control = control
        self._call = call
        self._decider = decider
        self._notices = notices
        self._plan: tuple[Verdict, Status] | None = None
        self._overtaken = False

    def begin(self) -> None:
        """The call is held, whatever was decided before."""
        self._overtaken = False

    async def give(self, verdict: Verdict, status: Status | None = None) -> None:
        """Give the verdict; ``status`` is the call's then, if it is not what follows from the SIP status.

        Raises:
            Interrupted: it had no effect, and why has been told.
        """
        answer = await self.ask(verdict, status)
        if not isinstance(answer, Applied):
            self.explain(answer)
            raise Interrupted

    async def ask(self, verdict: Verdict, status: Status | None = None) -> Answer:
        """As :meth:`give`, but whatever came of it is the answer."""
        if status is None and isinstance(verdict, Refuse):
            status = of_refused(verdict.status)
        self._plan = None if status is None else (verdict, status)
        return await self._control.decide(self._call.id, verdict, self._decider)

    def is_ours(self, record: VerdictRecord) -> bool:
        """Whether a document or a REST client of this account decided so."""
        return record.decider == self._decider

    def status_of(self, record: VerdictRecord) -> Status | None:
        """The status of a call that was refused so, if it was by a verdict from here."""
        plan = self._plan
        return plan[1] if plan is not None and record.verdict is plan[0] and self.is_ours(record) else None

    def overtaken(self, record: VerdictRecord) -> None:
        """Tell once who has decided, if it was somebody else."""
        if self._overtaken or self.is_ours(record):
            return
        self._overtaken = True
        if record.decider == STOP:
            text = "Callgate was stopped before a document decided: the call's default was applied"
        elif record.decider in (WINDOW, GUARD):
            text = "the call's window was over before a document decided: its default was applied"
        else:
            by = f"{record.decider.dialect} {record.decider.application}"
            text = f"the document has no effect: the call was decided by {by}"
        self._notices.warn(Code.STATE, text)

    def explain(self, answer: Answer) -> None:
        """Why what was asked of the gate had no effect."""
        match answer:
            case AlreadyDecided(first=record) | Lapsed(default=record):
                self.overtaken(record)
            case NoDestination(call=call):
                self._notices.error(
                    Code.INTERNAL, f"inbound route {call.route} has no destination for the call to go on to"
                )
            case EdgeFailed(status=status):
                heard = f"the caller got {status}" if status else "the call is lost"
                self._notices.error(Code.INTERNAL, f"the SIP side could not do what the document says: {heard}")
            case EdgeSilent():
                self._notices.error(
                    Code.INTERNAL,
                    "the SIP side did not confirm what the document says: what the caller hears is not known yet",
                )
            case NotHeld():
                self._notices.warn(Code.STATE, "the document has no effect: the call was not held")
            case CancelledByCaller() | UnknownCall() | Applied():
                pass
