"""The life of one call that an RCML application decides: its events, its statuses, and the task of its documents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

import structlog

from callgate.core.answers import Applied, EdgeFailed, EdgeSilent, HungUp
from callgate.core.calls import Call
from callgate.core.events import CallEvent, Kind
from callgate.core.states import FINAL, State
from callgate.core.verdicts import STOP, refuse
from callgate.dialects.rcml.binding import Binding, Source
from callgate.dialects.rcml.failures import Code
from callgate.dialects.rcml.interpreter import Interpreter
from callgate.dialects.rcml.interruption import Interrupted
from callgate.dialects.rcml.model import NotConfirmed, Status, Unsupported
from callgate.dialects.rcml.notices import Notices
from callgate.dialects.rcml.parts import Parts
from callgate.dialects.rcml.sids import call_sid
from callgate.dialects.rcml.statuses import Statuses, of_end

log = structlog.get_logger(__name__)

_ANSWERED = "the call was answered: a document can only decide a call that is not"
_LET_GO = "the call was let go to its destination: a document can only decide a call that is held"


class _Replacement:
    """Another document, that a REST client wants the call to start. ``taken``: false if the call was over before."""

    def __init__(self, source: Source, fallback: Source | None) -> None:
        self.source = source
        self.fallback = fallback
        self.taken: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def settle(self, outcome: bool | Exception) -> None:
        if self.taken.done():
            return
        if isinstance(outcome, Exception):
            self.taken.set_exception(outcome)
        else:
            self.taken.set_result(outcome)


class Session:
    """One call. ``finished`` is called when nothing more is to be done for it."""

    def __init__(self, parts: Parts, call: Call, binding: Binding, finished: Callable[[Session], None]) -> None:
        self.call = call
        self._parts = parts
        self._binding = binding
        self._finished = finished
        self._notices = Notices(parts.log, binding.account.sid, call_sid(call.id), parts.control.now)
        self._statuses = Statuses(call, binding, parts.log, parts.callbacks, parts.instance)
        self._interpreter = Interpreter(parts, call, binding, self._statuses, self._notices)
        self._task: asyncio.Task[None] | None = None
        self._replacement: _Replacement | None = None
        #: The status that a REST client has ended the call with.
        self._ended_as: Status | None = None

    @property
    def status(self) -> Status:
        return self._statuses.current

    def start(self) -> None:
        """Begin with the first document."""
        self._statuses.tell("ringing", self._parts.control.now())
        self._task = asyncio.create_task(self._run(), name=f"rcml call {self.call.id}")
        self._task.add_done_callback(self._done)

    async def stop(self) -> None:
        """End the task. A held call gets its default now, and not from the gate a moment later: so it can be told."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._is_held():
            await self._parts.control.decide(self.call.id, self.call.lapse, STOP)

    # --- events ------------------------------------------------------------------------------------------------------

    def hear(self, event: CallEvent) -> None:
        """What has become of the call."""
        dialling = self._interpreter.dialling
        match event.kind:
            case Kind.ROUTED:
                self._check_decider()
            case Kind.RINGING:
                if dialling is not None:
                    dialling.rings(event.at)
            case Kind.ANSWERED:
                if dialling is not None:
                    dialling.answered(event.at)
                    self._statuses.outbound = dialling.sid
                    self._interpreter.interruption.clear()  # its action is told when it ends
                else:
                    self._interpreter.stop()
                self._statuses.tell("in-progress", event.at)
                self._drop_replacement(Unsupported(_ANSWERED))
            case Kind.RETURNED:
                if dialling is not None:
                    dialling.returned(event.status, event.at, withdrawn=self._replacement is not None)
                elif self._task is None or self._task.done():
                    # Dialled through a controller that was there before: where its document was is not known.
                    self._interpreter.interruption.clear()
                    self.start()
            case _ if self.call.state in FINAL:
                self._over(event)

    def _over(self, event: CallEvent) -> None:
        """The call is over."""
        if event.kind in (Kind.REFUSED, Kind.REDIRECTED):
            self._check_decider()
        dialling = self._interpreter.dialling
        if dialling is not None:
            dialling.ended(event.kind, event.at)
        if self.call.answered is None:
            self._interpreter.interruption.ask()
        self._statuses.tell(self._last_status(event.kind), event.at)
        self._drop_replacement(False)
        if self._task is None or self._task.done():
            self._finished(self)

    def _last_status(self, kind: Kind) -> Status:
        record = self.call.record
        if record is not None and self._interpreter.decisions.is_ours(record):
            planned = self._interpreter.decisions.status_of(record)
            if kind is Kind.REFUSED and planned is not None:
                return planned
            if kind in (Kind.REFUSED, Kind.FAILED) and self._ended_as is not None:
                return self._ended_as
        return of_end(kind, self.call)

    def _check_decider(self) -> None:
        """Stop if it was somebody else who decided, and tell who."""
        record = self.call.record
        if record is None or self._interpreter.decisions.is_ours(record):
            return
        self._interpreter.stop()
        self._drop_replacement(Unsupported(_LET_GO))
        self._interpreter.decisions.overtaken(record)

    # --- the REST side -----------------------------------------------------------------------------------------------

    async def end(self, status: Literal["canceled", "completed"]) -> bool:
        """As :meth:`callgate.dialects.rcml.model.LiveCalls.end`."""
        if self.call.ended is not None:
            return False
        if status == "canceled" and self.call.state is State.ANSWERED:
            return True
        self._ended_as = status
        answer = await self._parts.control.hang_up(self.call.id, self._binding.decider)
        match answer:
            case HungUp():
                return True
            case EdgeFailed() | EdgeSilent():
                raise NotConfirmed("the SIP side did not confirm it: whether the call has ended is not known yet")
        return False

    async def replace(self, source: Source, fallback: Source | None) -> bool:
        """As :meth:`callgate.dialects.rcml.model.LiveCalls.run`."""
        if self.call.ended is not None:
            return False
        if self.call.state is State.ANSWERED:
            raise Unsupported(_ANSWERED)
        if self._task is None or self._task.done():
            raise Unsupported(_LET_GO)
        self._drop_replacement(True)  # a later one goes before it
        self._replacement = replacement = _Replacement(source, fallback)
        self._interpreter.interruption.ask()
        if self._interpreter.dialling is not None:
            # It is held again by an event; if somebody answers in that very moment, another event says so.
            answer = await self._parts.control.withdraw(self.call.id)
            if isinstance(answer, EdgeFailed | EdgeSilent) and self._replacement is replacement:
                self._interpreter.interruption.clear()
                self._drop_replacement(NotConfirmed("the SIP side did not confirm that it cancels what was dialled"))
        return await replacement.taken

    def _drop_replacement(self, outcome: bool | Exception) -> None:
        replacement, self._replacement = self._replacement, None
        if replacement is not None:
            replacement.settle(outcome)

    # --- the task ----------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            await self._documents()
        except Interrupted:
            pass
        except Exception as error:
            log.exception("a call's documents could not be done", call=self.call.id)
            self._notices.error(
                Code.INTERNAL, f"a fault of Callgate ({type(error).__name__}) ended the document: please report it"
            )
            await self._give_up()
        finally:
            self._drop_replacement(False if self.call.ended is not None else Unsupported(_LET_GO))

    async def _documents(self) -> None:
        if self._binding.account.status != "active":
            self._notices.error(Code.ACCOUNT, "account is not active: the call is refused")
            await self._interpreter.decide(refuse(status=403, phrase="Account is not ACTIVE"), "failed")
            return
        source, fallback = self._binding.voice, self._binding.fallback
        while True:
            try:
                await self._interpreter.run(source, fallback)
                return
            except Interrupted:
                replacement = await self._next()
                if replacement is None:
                    return
                source, fallback = replacement.source, replacement.fallback

    async def _next(self) -> _Replacement | None:
        """What the call starts in place of its document, with a whole window; ``None``: nothing."""
        if self._replacement is None or not self._is_held():
            return None
        replacement, self._replacement = self._replacement, None
        self._interpreter.interruption.clear()
        answer = await self._parts.control.hold_on(self.call.id, self.call.window)
        if not self._is_held():
            replacement.settle(False if self.call.ended is not None else Unsupported(_LET_GO))
            return None
        if not isinstance(answer, Applied):
            log.warning("the edge did not hold a call for its new document", call=self.call.id, answer=repr(answer))
        replacement.settle(True)
        return replacement

    def _is_held(self) -> bool:
        return self.call.state is State.HELD

    async def _give_up(self) -> None:
        try:
            await self._interpreter.give_up()
        except Interrupted:
            pass
        except Exception:
            log.exception("a call could not be refused, it has its window's default", call=self.call.id)

    def _done(self, task: asyncio.Task[None]) -> None:
        if self.call.ended is not None:
            self._finished(self)
