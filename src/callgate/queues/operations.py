"""What agents do with the calls at their phones."""

from __future__ import annotations

from callgate.core.answers import (
    EdgeFailed,
    EdgeSilent,
    HungUp,
    Talked,
    Transferred,
    Withdrawn,
)
from callgate.core.calls import Call, CallId
from callgate.core.queues.model import Place, Rejected
from callgate.core.verdicts import VerdictError, target
from callgate.queues.floor import Floor, decider
from callgate.queues.numbers import Destination, ToAddress, ToPhone
from callgate.queues.port import AgentCall, CallState, Outcome
from callgate.queues.sending import Sending


class Operations:
    """As :class:`callgate.queues.port.ContactCentre` has them: each says what has really come of it."""

    def __init__(self, floor: Floor, sending: Sending) -> None:
        self._floor = floor
        self._sending = sending

    def possible(self, call: AgentCall) -> tuple[str, ...]:
        """The names of the operations that can be done with the call now."""
        match call.state:
            case CallState.DIALING:
                return ("hang_up",)
            case CallState.RINGING:
                return tuple(
                    name
                    for name, possible in (
                        ("answer", self._can_be_answered(call)),
                        ("reject", self._can_be_rejected(call)),
                        ("redirect", self._rings_for_us(call) is not None),
                        ("transfer", self._rings_for_us(call) is not None),
                    )
                    if possible
                )
            case CallState.ESTABLISHED:
                return ("hang_up", "transfer") if self._was_called(call) else ("hang_up",)
        return ()

    # --- answer, hang up ---------------------------------------------------------------------------------------------

    async def answer(self, agent: str, call: CallId) -> Outcome:
        current = self._floor.calls.find(agent, call)
        if current is None:
            return Outcome.UNKNOWN
        if current.state is not CallState.RINGING or not self._can_be_answered(current):
            return Outcome.NOT_NOW
        answer = await self._floor.control.talk(call)
        if isinstance(answer, Talked) or self._is_established(agent, call):
            return Outcome.DONE
        return _failure(answer)

    async def hang_up(self, agent: str, call: CallId) -> Outcome:
        current = self._floor.calls.find(agent, call)
        if current is None:
            return Outcome.UNKNOWN
        if current.state not in (CallState.ESTABLISHED, CallState.DIALING):
            return Outcome.NOT_NOW
        answer = await self._floor.control.hang_up(call, decider(agent))
        return Outcome.DONE if isinstance(answer, HungUp) else _failure(answer)

    # --- reject ------------------------------------------------------------------------------------------------------

    async def reject(self, agent: str, call: CallId) -> Outcome:
        floor = self._floor
        current = floor.calls.find(agent, call)
        if current is None:
            return Outcome.UNKNOWN
        if current.state is not CallState.RINGING or call in self._sending:
            return Outcome.NOT_NOW
        rejected, effects = floor.distributor.reject(agent, call, floor.now())
        if rejected is Rejected.NOT_QUEUED:
            return Outcome.FORBIDDEN
        if rejected is Rejected.NOT_RINGING:
            return Outcome.NOT_NOW
        expected = self._floor.outcomes.expect(call)
        floor.step(effects)
        return await self._floor.outcomes.wait(call, expected)

    # --- transfer ----------------------------------------------------------------------------------------------------

    async def transfer(self, agent: str, call: CallId, number: str) -> Outcome:
        current = self._floor.calls.find(agent, call)
        if current is None:
            return Outcome.UNKNOWN
        found = self._floor.control.find(call)
        if found is None or "transfer" not in self.possible(current):
            return Outcome.NOT_NOW
        if current.state is CallState.ESTABLISHED:
            return await self._refer(found, number)
        destination = self._floor.numbers.destination(found, number)
        if destination is None or not self._can_be_dialled(destination):
            return Outcome.BAD_TARGET
        return await self._send(agent, found, destination)

    async def _send(self, agent: str, call: Call, destination: Destination) -> Outcome:
        """Have the phone stop; when the call is held again, it goes on from here."""
        self._sending.when_held(call.id, destination, decider(agent))
        expected = self._floor.outcomes.expect(call.id)
        answer = await self._floor.control.withdraw(call.id)
        if isinstance(answer, Withdrawn | EdgeSilent) or expected.done():
            return await self._floor.outcomes.wait(call.id, expected)
        self._sending.drop(call.id)
        self._floor.outcomes.tell(call.id, outcome := _failure(answer))
        return outcome

    async def _refer(self, call: Call, number: str) -> Outcome:
        uri = self._floor.numbers.referral(call, number)
        if uri is None:
            return Outcome.BAD_TARGET
        answer = await self._floor.control.transfer(call.id, uri)
        return Outcome.DONE if isinstance(answer, Transferred) else _failure(answer)

    def _can_be_dialled(self, destination: Destination) -> bool:
        match destination:
            case ToPhone(login):
                return self._floor.control.phone(login) is not None
            case ToAddress(uri):
                try:
                    return bool(target(uri))
                except VerdictError:
                    return False
        return True

    # --- what can be done --------------------------------------------------------------------------------------------

    def _rings_for_us(self, call: AgentCall) -> Call | None:
        """The call, if it is this contact centre that rings the phone for it, and nobody has told it to stop."""
        placement = self._floor.distributor.placement(call.call)
        if call.call in self._sending or (call.queue and (placement is None or placement.place is not Place.OFFERED)):
            return None
        found = self._floor.control.find(call.call)
        return found if found is not None and found.attempt and self._floor.is_ours(found) else None

    def _can_be_answered(self, call: AgentCall) -> bool:
        """Only a phone that is registered here can be told to answer."""
        agent = self._floor.staff.get(call.agent)
        reachable = agent is not None and bool(agent.phone) and self._floor.registered(agent.name)
        return reachable and self._rings_for_us(call) is not None

    def _can_be_rejected(self, call: AgentCall) -> bool:
        return bool(call.queue) and self._rings_for_us(call) is not None

    def _was_called(self, call: AgentCall) -> bool:
        """Whether the agent is who was called: it is the caller who is sent elsewhere."""
        found = self._floor.control.find(call.call)
        if found is None:
            return False
        agent = self._floor.staff.get(call.agent)
        return agent is not None and not (call.kind != "inbound" and found.caller.number == agent.number)

    def _is_established(self, agent: str, call: CallId) -> bool:
        current = self._floor.calls.find(agent, call)
        return current is not None and current.state is CallState.ESTABLISHED


def _failure(answer: object) -> Outcome:
    """What an answer of the edge is that is not the one hoped for."""
    match answer:
        case EdgeFailed():
            return Outcome.FAILED
        case EdgeSilent():
            return Outcome.SILENT
    return Outcome.NOT_NOW
