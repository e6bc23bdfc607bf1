"""Sending a call to a phone, an address or another queue: a direct call, and where agents send theirs."""

from __future__ import annotations

from callgate.core.answers import Applied
from callgate.core.calls import Call, CallId
from callgate.core.states import State
from callgate.core.verdicts import Decider, Target, refusal, target
from callgate.queues.commands import UNAVAILABLE, Commands
from callgate.queues.floor import Floor, decider
from callgate.queues.numbers import Destination, ToAddress, ToPhone, ToQueue
from callgate.queues.port import Outcome

#: How long a phone rings for a call that no queue has offered, in seconds.
RING = 60.0


class Sending:
    """Calls that ring by no queue's offer, and those that are to go elsewhere as soon as they are held again."""

    def __init__(self, floor: Floor, commands: Commands) -> None:
        self._floor = floor
        self._commands = commands
        self._leaving: dict[CallId, tuple[Destination, Decider]] = {}
        self._going: set[CallId] = set()

    def __contains__(self, call: CallId) -> bool:
        """Whether the call is to go elsewhere as soon as it is held again."""
        return call in self._leaving

    def is_going(self, call: CallId) -> bool:
        """Whether the call is being dialled where it was sent to, without the edge having said that it is."""
        return call in self._going

    def ring(self, call: CallId, login: str) -> None:
        """Ring that phone for a held call; refuse the call if the phone is not registered."""
        if self._floor.control.phone(login) is None:
            self._floor.tasks.start(self._commands.refuse(call, refusal(UNAVAILABLE), decider(login)))
        else:
            self._floor.tasks.start(self._ring(call, login))

    async def _ring(self, call: CallId, login: str) -> None:
        answer = await self._dial(call, target(phone=login), decider(login))
        found = self._floor.control.find(call)
        if not isinstance(answer, Applied) and found is not None and found.state is State.HELD:
            await self._commands.refuse(call, refusal(UNAVAILABLE), decider(login))

    async def _dial(self, call: CallId, whom: Target, who: Decider) -> object:
        agent = self._floor.staff.rung_by(whom)
        if agent is None:
            return await self._commands.dial(call, whom, RING, who)
        self._floor.step(self._floor.distributor.busy(agent.name, call, self._floor.now()))
        answer = await self._commands.dial(call, whom, RING, who, agent=agent.name)
        if not isinstance(answer, Applied):
            self._floor.step(self._floor.distributor.free(agent.name, call, self._floor.now()))
        return answer

    # --- leaving -----------------------------------------------------------------------------------------------------

    def when_held(self, call: CallId, destination: Destination, who: Decider) -> None:
        """Send the call there as soon as it is held again."""
        self._leaving[call] = (destination, who)

    def drop(self, call: CallId) -> None:
        """The call is not to be sent anywhere any more."""
        self._leaving.pop(call, None)

    def go(self, call: Call) -> bool:
        """The call is held again: send it where it is to go, and tell what came of that. False: it is to go nowhere."""
        leaving = self._leaving.pop(call.id, None)
        if leaving is None:
            return False
        destination, who = leaving
        floor, now = self._floor, self._floor.now()
        floor.step(floor.distributor.leave(call.id, now))
        match destination:
            case ToQueue(name):
                floor.step(floor.distributor.enter(call.id, name, now, now))
                self._floor.outcomes.tell(call.id, Outcome.DONE)
            case ToPhone(login):
                self._floor.tasks.start(self._go(call, target(phone=login), who))
            case ToAddress(uri):
                self._floor.tasks.start(self._go(call, target(uri), who))
        return True

    async def _go(self, call: Call, whom: Target, who: Decider) -> None:
        self._going.add(call.id)
        try:
            answer = await self._dial(call.id, whom, who)
        finally:
            self._going.discard(call.id)
        if isinstance(answer, Applied):
            self._floor.outcomes.tell(call.id, Outcome.DONE)
            return
        self._floor.outcomes.tell(call.id, Outcome.FAILED)
        if call.state is State.HELD:
            await self._commands.refuse(call.id, refusal(UNAVAILABLE), who)
