"""The statuses of a call: which one follows from what, and each of them told once."""

from __future__ import annotations

from callgate.core.calls import Call, CallId
from callgate.core.events import Kind
from callgate.core.verdicts import Refuse, refusal, refuse
from callgate.dialects.rcml import parameters
from callgate.dialects.rcml.binding import Binding
from callgate.dialects.rcml.model import FINAL_STATUSES, Callbacks, CallRecord, DocumentRequest, Log, Status
from callgate.dialects.rcml.sids import call_sid

#: SIP statuses of those who are busy, and of those who do not answer, when they were dialled. 603 is what the phone
#: of somebody who does not want to take a call says: the open source counts it as busy.
_BUSY = frozenset({486, 600, 603})
_NO_ANSWER = frozenset({0, 408, 480, 487})


def of_dialled(status: int) -> Status:
    """The status of a dialled call that failed with this SIP status (0: nobody answered in time)."""
    if status in _BUSY:
        return "busy"
    return "no-answer" if status in _NO_ANSWER else "failed"


def of_refused(status: int) -> Status:
    """The status of a call whose caller was refused with this SIP status: 603 is "no-answer", as for a Reject."""
    if status == 603:
        return "no-answer"
    return of_dialled(status)


def refusal_of(status: int) -> Refuse:
    """What the caller gets when what was dialled for him failed with this SIP status.

    408 and 487 are about the dialled side's transaction, so the caller's is 480; 401 and 407 would ask him for
    credentials, and 503 would have his network avoid Callgate (RFC 3261 section 16.7 step 6): they are 500.
    """
    if status in _NO_ANSWER:
        return refusal("temporarily_unavailable")
    if status == 486:
        return refusal("busy")
    if not 400 <= status <= 699 or status in (401, 407, 503):
        return refuse(status=500)
    return refuse(status=status)


def of_end(kind: Kind, call: Call) -> Status:
    """The last status of a call that has ended so, if nothing else is known of it."""
    match kind:
        case Kind.ENDED:
            return "completed"
        case Kind.CANCELLED:
            return "canceled"
        case Kind.REFUSED:
            return of_refused(call.status or 0)
        case Kind.REDIRECTED:
            return "no-answer"
    return "failed" if call.answered is not None or not call.status else of_dialled(call.status)


class Statuses:
    """Tells the statuses of one call: to the log, and to the application that wants to know them."""

    def __init__(self, call: Call, binding: Binding, log: Log, callbacks: Callbacks, instance: str) -> None:
        self._call = call
        self._binding = binding
        self._log = log
        self._callbacks = callbacks
        self._instance = instance
        self._told: set[Status] = set()
        self.current: Status = "queued"
        #: The sid of what was dialled last.
        self.outbound: str | None = None

    def tell(self, status: Status, at: float) -> None:
        """The call has this status since ``at``. One that it had before, or after its last, changes nothing."""
        if status in self._told or self.current in FINAL_STATUSES:
            return
        self._told.add(status)
        self.current = status
        self._log.call(self._record(status, at))
        callback = self._binding.status_callback
        if callback is not None:
            account = self._binding.account
            told = parameters.of_call(self._call, account, status, instance=self._instance, outbound=self.outbound)
            request = DocumentRequest(callback.url, callback.method, told, self._binding.token)
            self._callbacks.tell(CallId(self._call.id), account.name, request, status)

    def _record(self, status: Status, at: float) -> CallRecord:
        call = self._call
        rang_until = call.answered if call.answered is not None else call.ended
        return CallRecord(
            sid=call_sid(call.id),
            account_sid=self._binding.account.sid,
            parent_sid=None,
            phone_number_sid=self._binding.number.sid,
            from_=parameters.from_number(call),
            to=call.dialled,
            direction="inbound",
            status=status,
            caller_name=parameters.caller_name(call),
            forwarded_from=parameters.forwarded_from(call),
            created=call.received,
            updated=at,
            started=call.answered,
            ended=call.ended,
            ring_seconds=None if rang_until is None else int(rang_until - call.received),
        )
