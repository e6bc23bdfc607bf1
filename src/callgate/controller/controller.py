"""The controller: the gate with its link to the edge, its clock and its listeners. Dialects see it as CallControl."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from callgate.clock import SteadyClock
from callgate.controller.claims import Claims
from callgate.controller.phones import RegisteredPhones
from callgate.controller.windows import Windows
from callgate.core.answers import (
    RESULT_NAMES,
    Answer,
    Applied,
    EdgeFailed,
    EdgeSilent,
    HangUpAnswer,
    HungUp,
    NotLive,
    TalkAnswer,
    Talked,
    TransferAnswer,
    Transferred,
    UnknownCall,
    WithdrawAnswer,
    Withdrawn,
)
from callgate.core.calls import Call, CallId, Sequence
from callgate.core.control import Health, Listener, PhoneStatus
from callgate.core.events import CallEvent, Delivery, Event, Kind, PhoneEvent, Synced, VerdictEvent
from callgate.core.gate import Claim, Gate, InFlight, Terms
from callgate.core.reports import Ack, AckResult, Incoming, Report
from callgate.core.states import UNDECIDED, State
from callgate.core.verdicts import STOP, WINDOW, Accept, Decider, Verdict, redirect, refuse
from callgate.directory.model import WINDOW_DEFAULT
from callgate.directory.service import DirectoryService
from callgate.edge.configuration import LinkAddress
from callgate.edge.rows import GUARD_MARGIN
from callgate.edge.standing import StandingLink
from callgate.settings import Settings

log = structlog.get_logger(__name__)

#: How often calls are looked for that the edge should have ended, in seconds, and how late it may be.
_SWEEP = 5.0
_GRACE = 5.0


class Backlog(Protocol):
    """What the health report wants to know of the journal."""

    @property
    def backlog(self) -> int: ...

    @property
    def dropped(self) -> int: ...


class Controller:
    """One gate, linked to one edge.

    It takes what the edge tells to the gate, what is decided to the edge, and what comes of it to the listeners; it
    lapses the windows, and keeps the link for as long as it runs.
    """

    def __init__(
        self,
        settings: Settings,
        directory: DirectoryService,
        journal: Backlog,
        *,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._journal = journal
        self.now: Callable[[], float] = clock or SteadyClock()
        self._gate = Gate(remember=settings.remember_calls)
        self._listeners: tuple[Listener, ...] = ()
        self._edge = StandingLink(self, directory, command_timeout=settings.edge.command_timeout)
        self._told_by_edge: set[Sequence] | None = None  # from a connection to the end of what the edge tells then
        self._windows = Windows(self.now, self._lapse)
        self._claims = Claims(self._gate, self._edge, self.now, self._tell_all)
        self._phones = RegisteredPhones()
        self._tasks: list[asyncio.Task[None]] = []

    # --- life --------------------------------------------------------------------------------------------------

    async def start(self, address: LinkAddress) -> None:
        """Link to the edge, now and again whenever the link is lost."""
        self._tasks = [
            asyncio.create_task(self._edge.keep(address), name="edge link"),
            asyncio.create_task(self._sweep(), name="sweep of overdue calls"),
        ]

    async def stop(self) -> None:
        """Give what is held its default, for the edge may be stopped next; then leave."""
        self._windows.end()
        letting_go = [self._carry_out(claim) for call in tuple(self._gate.live()) if (claim := self._default_of(call))]
        if letting_go:
            await asyncio.wait(letting_go, timeout=2 * self._settings.edge.command_timeout)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._edge.link is not None:
            self._edge.link.close()
        self._windows.close_all()

    @property
    def linked(self) -> asyncio.Event:
        """Set while there is a link and the edge has the directory."""
        return self._edge.up

    async def _sweep(self) -> None:
        """Every held call ends, even one whose end the edge never told."""
        while True:
            await asyncio.sleep(_SWEEP)
            now = self.now()
            for call in self._gate.overdue(now, GUARD_MARGIN + _GRACE):
                log.error("the edge never told what became of a call", call=call.id)
                self._tell_all(self._gate.lose(call, now))

    # --- what the edge tells (LinkEvents) ----------------------------------------------------------------------

    def on_connecting(self) -> None:
        self._told_by_edge = set()
        self._phones.connecting()

    def on_incoming(self, incoming: Incoming) -> None:
        now = self.now()
        if self._told_by_edge is not None:
            self._told_by_edge.add(incoming.sequence)
        for event in self._gate.admit(incoming, self._terms(incoming), now):
            call = event.call
            if event.kind is Kind.HELD:
                call.told = now
                if self._told_by_edge is None:  # else it may be one that is let go, which is told next
                    self._windows.open(call)
            self._tell(event)

    def _terms(self, incoming: Incoming) -> Terms:
        directory = self._directory.current
        route = directory.route_of(incoming.route)
        trunk = directory.trunk_of(incoming.trunk)
        if route is None or trunk is None:
            # Removed while the call was on its way; the edge still has the destination it matched.
            return Terms(None, WINDOW_DEFAULT, Accept())
        return Terms(route.destination, route.window, directory.lapse_of(route, trunk))

    def on_report(self, report: Report) -> None:
        events = self._gate.report(report, self.now())
        if events:
            self._windows.close(report.sequence)
            if events[0].kind is Kind.RETURNED:
                self._windows.open(events[0].call)
            self._tell_all(events)

    def on_resumed(self, sequence: Sequence, answered: bool, attempt: int) -> None:
        call = self._gate.find_sequence(sequence)
        if call is not None:
            events = self._gate.resume(call, self.now(), answered=answered, attempt=attempt)
            if call.state is not State.HELD:
                self._windows.close(sequence)
            self._tell_all(events)

    def on_phone(self, login: str, contacts: int, source: str) -> None:
        if self._phones.tell(login, contacts, source):
            self._tell(PhoneEvent(login, contacts, self.now()))

    def on_synced(self) -> None:
        """What the edge did not tell is gone: it was restarted, or that ended while nobody listened."""
        told, self._told_by_edge = self._told_by_edge or set(), None
        now = self.now()
        for call in tuple(self._gate.live()):
            if call.sequence not in told:
                self._windows.close(call.sequence)
                self._tell_all(self._gate.lose(call, now))
            elif call.state is State.HELD and call.sequence not in self._windows:
                self._windows.open(call)
        for login in self._phones.untold():
            self.on_phone(login, 0, "")
        self._tell(Synced(now))

    def on_lost(self) -> None:
        self._edge.lost()

    # --- CallControl -------------------------------------------------------------------------------------------

    def find(self, call: CallId) -> Call | None:
        return self._gate.find(call)

    def find_sequence(self, sequence: Sequence) -> Call | None:
        return self._gate.find_sequence(sequence)

    def live(self) -> Iterable[Call]:
        return self._gate.live()

    async def decide(self, call: CallId | None, verdict: Verdict, decider: Decider) -> Answer:
        began = self.now()
        found = None if call is None else self._gate.find(call)
        if found is not None:
            self._lapse_if_over(found)
        outcome = self._gate.decide(found, verdict, decider, began)
        match outcome:
            case Claim():
                answer = await self._carry_out(outcome)
            case InFlight(call=claimed):
                answer = await self._claims.after_first(claimed)
            case _:
                answer = outcome
        now = self.now()
        known = None if found is None else found.id
        self._tell(VerdictEvent(known, verdict, decider, RESULT_NAMES[type(answer)], now, now - began))
        return answer

    async def hang_up(self, call: CallId, decider: Decider) -> HangUpAnswer:
        found = self._gate.find(call)
        if found is None:
            return UnknownCall()
        while True:
            if found.state in UNDECIDED:
                answer = await self.decide(call, refuse(), decider)
                match answer:
                    case Applied():
                        return HungUp(found)
                    case EdgeFailed() | EdgeSilent():
                        return answer
            if found.ended is not None:
                return NotLive(found)
            if found.state is not State.HELD:
                if self._edge.link is None:
                    return EdgeSilent(found)
                ack = await self._edge.link.hang_up(found)
                match ack.result:
                    case AckResult.DONE:
                        return HungUp(found)
                    case AckResult.UNANSWERED:
                        return EdgeSilent(found)
                    case AckResult.FAILED:
                        return EdgeFailed(found)
            if found.state is not State.HELD:  # else what was dialled has returned meanwhile
                return NotLive(found)

    async def hold_on(self, call: CallId, seconds: float, *, status: int = 0, phrase: str = "") -> Answer:
        found = self._gate.find(call)
        if found is None:
            return UnknownCall()
        self._lapse_if_over(found)
        while found.state is State.HELD:
            if self._edge.link is None:
                return EdgeSilent(found)
            attempts = found.attempts
            ack = await self._edge.link.hold_on(found, seconds + GUARD_MARGIN, status, phrase)
            if found.state is not State.HELD or found.attempts != attempts:
                continue  # it was decided meanwhile; if what was dialled has returned too, hold it on from now
            if ack.result is AckResult.DONE:
                self._gate.extend(found, seconds, self.now(), status=status, phrase=phrase)
                self._windows.open(found)
                return Applied(found, status)
            return self._gate.answer_for_unheld(found, ack, self.now())
        return await self._claims.after_first(found)

    async def withdraw(self, call: CallId) -> WithdrawAnswer:
        found = await self._rung(call)
        if not isinstance(found, Call):
            return found
        if self._edge.link is None:
            return EdgeSilent(found)
        ack = await self._edge.link.withdraw(found)
        return Withdrawn(found) if ack.result is AckResult.DONE else _not_done(found, ack)

    async def talk(self, call: CallId) -> TalkAnswer:
        found = await self._rung(call)
        if not isinstance(found, Call):
            return found
        if self._edge.link is None:
            return EdgeSilent(found)
        ack = await self._edge.link.talk(found, self._settings.edge.destination_timeout)
        return Talked(found) if ack.result is AckResult.DONE else _not_done(found, ack)

    async def _rung(self, call: CallId) -> Call | UnknownCall | NotLive:
        """The call, if it is dialled and nobody has answered yet: a command must not overtake the one to dial."""
        found = self._gate.find(call)
        if found is None:
            return UnknownCall()
        attempt = found.attempt
        if attempt and found.state is State.DECIDED:
            await self._claims.after_first(found)
        if not attempt or found.attempt != attempt or found.state not in (State.DECIDED, State.ROUTED, State.RINGING):
            return NotLive(found)
        return found

    async def transfer(self, call: CallId, uri: str) -> TransferAnswer:
        redirect(uri)  # checks it
        found = self._gate.find(call)
        if found is None:
            return UnknownCall()
        if found.state is not State.ANSWERED:
            return NotLive(found)
        if self._edge.link is None:
            return EdgeSilent(found)
        ack = await self._edge.link.transfer(found, uri, self._settings.edge.destination_timeout)
        return Transferred(found) if ack.result is AckResult.DONE else _not_done(found, ack)

    def phones(self) -> Iterable[PhoneStatus]:
        return self._phones

    def phone(self, login: str) -> PhoneStatus | None:
        return self._phones.get(login)

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners = (*self._listeners, listener)

        def stop() -> None:
            self._listeners = tuple(each for each in self._listeners if each != listener)

        return stop

    def delivered(self, delivery: Delivery) -> None:
        self._tell(delivery)

    def health(self) -> Health:
        live = list(self._gate.live())
        link = self._edge.link
        return Health(
            linked=link is not None and link.connected and self.linked.is_set(),
            directory_in_edge=self._edge.has_directory,
            edge_version="" if link is None else link.version,
            held=sum(1 for call in live if call.state in UNDECIDED),
            live=len(live),
            counters={} if link is None else dict(link.counters),
            backlog=self._journal.backlog,
            dropped=self._journal.dropped,
            entries={} if link is None else dict(link.entries),
        )

    # --- carrying out ------------------------------------------------------------------------------------------

    def _lapse_if_over(self, call: Call) -> None:
        """The window may be over without its timer having been served."""
        if call.state is State.HELD and self.now() >= call.deadline:
            self._lapse(call)

    def _lapse(self, call: Call) -> None:
        claim = self._default_of(call)
        if claim is not None:
            self._carry_out(claim)

    def _carry_out(self, claim: Claim) -> asyncio.Future[Answer]:
        self._windows.close(claim.call.sequence)
        return self._claims.carry_out(claim)

    def _default_of(self, call: Call) -> Claim | None:
        return self._gate.lapse(call, self.now(), STOP if self._windows.ended else WINDOW)

    def _tell_all(self, events: list[CallEvent]) -> None:
        for event in events:
            self._tell(event)

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:  # one listener's fault must not cost the others, or the call
                log.exception("a listener failed", listener=repr(listener))


def _not_done(call: Call, ack: Ack) -> NotLive | EdgeFailed | EdgeSilent:
    """Why the edge did not do it with a call that is let go."""
    match ack.result:
        case AckResult.UNANSWERED:
            return EdgeSilent(call)
        case AckResult.FAILED:
            return EdgeFailed(call, ack.status)
    return NotLive(call)
