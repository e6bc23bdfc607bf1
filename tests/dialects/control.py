"""The calls behind a dialect under test: the real gate, and an edge that the test plays."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable

from callgate.core.answers import (
    Answer,
    Applied,
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
from callgate.core.calls import Call, Caller, CallId, Sequence
from callgate.core.control import Health, Listener, PhoneStatus
from callgate.core.events import Delivery, Event, PhoneEvent
from callgate.core.gate import Claim, Gate, InFlight, Terms
from callgate.core.reports import Ack, AckResult, Incoming, Progress, Report
from callgate.core.states import UNDECIDED, State
from callgate.core.verdicts import Decider, Refuse, Verdict, redirect, refuse


class GateControl(ABC):
    """A ``CallControl`` over the gate alone: no link, no windows; ``edge`` is what a test lets the edge do.

    An ``edge`` that awaits something is a slow one: whoever decides meanwhile waits. What is dialled rings, is answered
    or returns when the test says so (:meth:`rings`, :meth:`answers`, :meth:`returns`). Its listeners hear of calls. A
    dialect's rig adds the clock, how calls come in, and what else is to be heard.
    """

    def __init__(self) -> None:
        self.gate = Gate()
        self.linked = True
        self.directory_in_edge = True
        self.edge: Callable[[Call, Verdict], Awaitable[Ack]] = self.obey
        self.hang_up_answer: Callable[[Call], HangUpAnswer] | None = None
        self.hold_on_answer: Callable[[Call], Answer] | None = None
        self.withdraw_answer: Callable[[Call], WithdrawAnswer] | None = None
        self.talk_answer: Callable[[Call], TalkAnswer] | None = None
        self.transfer_answer: Callable[[Call], TransferAnswer] | None = None
        #: What the dialect asked for, what the edge was told, and what the dialect said of its deliveries.
        self.decisions: list[tuple[CallId | None, Verdict, Decider]] = []
        self.commands: list[Verdict] = []
        self.held_on: list[tuple[CallId, float, int, str]] = []
        self.withdrawn: list[CallId] = []
        self.talked: list[CallId] = []
        self.transferred: list[tuple[CallId, str]] = []
        #: The phones that are registered, by login.
        self.registered: dict[str, PhoneStatus] = {}
        self.deliveries: list[Delivery] = []
        self._listeners: list[Listener] = []
        #: What those are told who decide while a verdict is on its way to the edge.
        self._settled: dict[CallId, asyncio.Future[Answer]] = {}

    # --- what a test makes happen ------------------------------------------------------------------------------------

    async def obey(self, call: Call, verdict: Verdict) -> Ack:
        """An edge that does at once what it is told."""
        return Ack(AckResult.DONE, verdict.status if isinstance(verdict, Refuse) else 0)

    def acknowledge(self, result: AckResult, status: int = 0) -> None:
        """From now on the edge answers every command so."""

        async def edge(call: Call, verdict: Verdict) -> Ack:
            return Ack(result, status)

        self.edge = edge

    def admit(self, call: Incoming, terms: Terms) -> Call:
        """A call comes in."""
        events = self.gate.admit(call, terms, self.now())
        self.tell(*events)
        return events[0].call

    def report(
        self,
        call: Call,
        progress: Progress,
        status: int = 0,
        phrase: str = "",
        by: str = "",
        *,
        attempt: int | None = None,
        target: int | None = None,
    ) -> None:
        """The edge tells what became of a call, or of the dialling under way unless ``attempt`` names another."""
        number = call.attempt if attempt is None else attempt
        self.hear(Report(call.sequence, progress, status, phrase, by, number, target))

    def hear(self, report: Report) -> None:
        """The edge tells this."""
        self.tell(*self.gate.report(report, self.now()))

    def rings(self, call: Call, target: int = 0, status: int = 180) -> None:
        """One of those who are dialled rings."""
        self.report(call, Progress.RINGING, status, "Ringing", target=target)

    def answers(self, call: Call, target: int = 0) -> None:
        """One of those who are dialled answers, the others are cancelled."""
        self.report(call, Progress.ANSWERED, 200, "OK", target=target)

    def returns(self, call: Call, status: int = 486, phrase: str = "") -> None:
        """Nobody who was dialled answers, and this was the best of what they said: the call is held again."""
        self.report(call, Progress.RETURNED, status, phrase)

    def ends(self, call: Call, by: str = "destination") -> None:
        """Somebody hangs up a call that was answered: "caller", "destination", or "limit" when its time is over."""
        self.report(call, Progress.ENDED, by=by)

    def cancels(self, call: Call) -> None:
        """The caller gives up before anybody has answered."""
        self.report(call, Progress.CANCELLED, 487, "Request canceled")

    def registers(self, login: str, contacts: int = 1, source: str = "192.0.2.50:5060") -> None:
        """A phone is registered in so many places; 0: it leaves."""
        if contacts > 0:
            self.registered[login] = PhoneStatus(login, contacts, source)
        elif self.registered.pop(login, None) is None:
            return
        self.tell(PhoneEvent(login, contacts, self.now()))

    async def pass_window(self, call: Call) -> None:
        """The window of a call is over and nobody has decided."""
        claim = self.gate.lapse(call, self.now())
        assert claim is not None
        await self._carry_out(claim)

    def tell(self, *events: Event) -> None:
        """Whoever listens hears these."""
        for event in events:
            for listener in tuple(self._listeners):
                listener(event)

    # --- CallControl -------------------------------------------------------------------------------------------------

    def find(self, call: CallId) -> Call | None:
        return self.gate.find(call)

    def find_sequence(self, sequence: Sequence) -> Call | None:
        return self.gate.find_sequence(sequence)

    def live(self) -> Iterable[Call]:
        return self.gate.live()

    async def decide(self, call: CallId | None, verdict: Verdict, decider: Decider) -> Answer:
        self.decisions.append((call, verdict, decider))
        found = None if call is None else self.gate.find(call)
        outcome = self.gate.decide(found, verdict, decider, self.now())
        if isinstance(outcome, Claim):
            return await self._carry_out(outcome)
        if isinstance(outcome, InFlight):
            return await self._after_first(outcome.call)
        return outcome

    async def _after_first(self, call: Call) -> Answer:
        settled = self._settled.get(call.id)
        if settled is None or settled.done():
            return self.gate.answer_for_late(call)
        return await asyncio.shield(settled)

    async def _carry_out(self, claim: Claim) -> Answer:
        self.commands.append(claim.record.verdict)
        settled: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._settled[claim.call.id] = settled
        ack = await self.edge(claim.call, claim.record.verdict)
        answer, events = self.gate.settle(claim, ack, self.now())
        settled.set_result(self.gate.answer_for_waiting(claim))
        self.tell(*events)
        return answer

    async def hang_up(self, call: CallId, decider: Decider) -> HangUpAnswer:
        found = self.gate.find(call)
        if found is None:
            return UnknownCall()
        if self.hang_up_answer is not None:
            return self.hang_up_answer(found)
        if found.state in UNDECIDED:
            answer = await self.decide(call, refuse(), decider)
            return HungUp(found) if isinstance(answer, Applied) else NotLive(found)
        if found.ended is not None:
            return NotLive(found)
        if found.state is State.ANSWERED:
            self.report(found, Progress.ENDED, by="controller")
        else:
            self.report(found, Progress.FAILED, 603, "Decline")
        return HungUp(found)

    async def hold_on(self, call: CallId, seconds: float, *, status: int = 0, phrase: str = "") -> Answer:
        self.held_on.append((call, seconds, status, phrase))
        found = self.gate.find(call)
        if found is None:
            return UnknownCall()
        if self.hold_on_answer is not None:
            return self.hold_on_answer(found)
        if found.state is State.HELD:
            self.gate.extend(found, seconds, self.now(), status=status, phrase=phrase)
            return Applied(found, status)
        return await self._after_first(found)

    async def withdraw(self, call: CallId) -> WithdrawAnswer:
        """What is dialled is cancelled, and the call held again before this returns."""
        self.withdrawn.append(call)
        found = self.gate.find(call)
        if found is None:
            return UnknownCall()
        if self.withdraw_answer is not None:
            return self.withdraw_answer(found)
        if not found.attempt or found.state not in (State.DECIDED, State.ROUTED, State.RINGING):
            return NotLive(found)
        self.returns(found, 487, "Request Terminated")
        return Withdrawn(found)

    async def talk(self, call: CallId) -> TalkAnswer:
        """The phone takes the order; that it has answered is told when the test says so (:meth:`answers`)."""
        self.talked.append(call)
        found = self.gate.find(call)
        if found is None:
            return UnknownCall()
        if self.talk_answer is not None:
            return self.talk_answer(found)
        if not found.attempt or found.state not in (State.DECIDED, State.ROUTED, State.RINGING):
            return NotLive(found)
        return Talked(found)

    async def transfer(self, call: CallId, uri: str) -> TransferAnswer:
        """The caller takes the order, and the call is over before this returns."""
        redirect(uri)  # checks it
        self.transferred.append((call, uri))
        found = self.gate.find(call)
        if found is None:
            return UnknownCall()
        if self.transfer_answer is not None:
            return self.transfer_answer(found)
        if found.state is not State.ANSWERED:
            return NotLive(found)
        self.report(found, Progress.ENDED, by="controller")
        return Transferred(found)

    def phones(self) -> Iterable[PhoneStatus]:
        return self.registered.values()

    def phone(self, login: str) -> PhoneStatus | None:
        return self.registered.get(login)

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def delivered(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)

    def health(self) -> Health:
        live = list(self.gate.live())
        counters = {"unknown_source": 3, "no_route": 0, "no_controller": 0, "guard": 1}
        held = sum(call.state in UNDECIDED for call in live)
        return Health(self.linked, self.directory_in_edge, "5.6.3", held, len(live), counters, backlog=2, dropped=1)

    @abstractmethod
    def now(self) -> float: ...


def incoming(
    sequence: int,
    received: float,
    *,
    trunk: str,
    route: str,
    number: str,
    dialled: str,
    controlled: bool,
    headers: tuple[tuple[str, str], ...] = (),
) -> Incoming:
    """What the edge tells of an INVITE that Ann sent."""
    caller = Caller(
        number=number,
        name="Ann",
        uri=f"sip:{number}@192.0.2.10",
        request_uri=f"sip:{dialled}@203.0.113.5",
        from_header=f'"Ann" <sip:{number}@192.0.2.10>;tag=1',
        to_header=f"<sip:{dialled}@203.0.113.5>",
        source="192.0.2.10:5060",
        sip_call_id=f"{sequence}@192.0.2.10",
        headers=headers,
    )
    return Incoming(sequence, 7, received, trunk, route, dialled, caller, controlled)
