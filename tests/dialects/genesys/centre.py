"""A contact centre that the test plays: what it does with a call is said beforehand, and nothing happens by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from callgate.core.calls import CallId, call_id
from callgate.core.queues.model import Presence
from callgate.directory.service import DirectoryService
from callgate.queues.port import (
    AgentCall,
    AgentChanged,
    AgentStatus,
    CallChanged,
    CallState,
    Notice,
    Outcome,
    QueueStatus,
    WaitingCall,
)

#: What can be done with a call, by its state and whether a queue delivered it.
OPERATIONS: dict[tuple[CallState, bool], tuple[str, ...]] = {
    (CallState.RINGING, True): ("answer", "reject", "redirect"),
    (CallState.RINGING, False): ("answer", "redirect"),
    (CallState.ESTABLISHED, True): ("hang_up", "transfer"),
    (CallState.ESTABLISHED, False): ("hang_up", "transfer"),
    (CallState.DIALING, False): ("hang_up",),
}


class StandInCentre:
    """A ``ContactCentre``. ``outcome`` is what comes of every operation from now on."""

    def __init__(self, directory: DirectoryService, now: Callable[[], float]) -> None:
        self._directory = directory
        self._now = now
        self.outcome = Outcome.DONE
        #: What was asked for: the operation, the agent, the call, and the number for transfers.
        self.asked: list[tuple[str, ...]] = []
        self.presences: dict[str, Presence] = {}
        self.registered: set[str] = set()
        self._calls: dict[tuple[str, CallId], AgentCall] = {}
        self._listeners: list[Callable[[Notice], None]] = []
        self._sequence = 0

    # --- what a test makes happen -------------------------------------------------------------------------------------

    def ring(
        self,
        agent: str,
        *,
        other: str = "5005",
        dialled: str = "9000",
        queue: str = "support",
        kind: Literal["internal", "inbound", "outbound"] = "internal",
        state: CallState = CallState.RINGING,
    ) -> AgentCall:
        """A call comes to the agent's phone."""
        self._sequence += 1
        identity = call_id(self._now(), self._sequence, 0x1234567890)
        call = AgentCall(identity, agent, state, other, dialled, queue, kind, self._now())
        self._become(call)
        return call

    def answers(self, call: AgentCall) -> AgentCall:
        return self._become(msgspec.structs.replace(call, state=CallState.ESTABLISHED, answered=self._now()))

    def release(self, call: AgentCall) -> None:
        self._become(msgspec.structs.replace(call, state=CallState.RELEASED, ended=self._now()))
        del self._calls[call.agent, call.call]

    def register(self, agent: str) -> None:
        """The agent's phone registers."""
        self.registered.add(agent)
        self.tell(AgentChanged(agent))

    def tell(self, notice: Notice) -> None:
        """Whoever listens hears this."""
        for listener in tuple(self._listeners):
            listener(notice)

    # --- ContactCentre ------------------------------------------------------------------------------------------------

    def agents(self) -> Iterable[AgentStatus]:
        return [status for name in self._directory.current.agents if (status := self.agent(name)) is not None]

    def agent(self, name: str) -> AgentStatus | None:
        agent = self._directory.current.agents.get(name)
        if agent is None:
            return None
        presence = self.presences.get(name, Presence.LOGGED_OUT)
        return AgentStatus(agent, presence, 0.0, name in self.registered, len(self.calls(name)))

    def calls(self, agent: str) -> list[AgentCall]:
        return [call for call in self._calls.values() if call.agent == agent]

    def call(self, agent: str, call: CallId) -> AgentCall | None:
        return self._calls.get((agent, call))

    def operations(self, call: AgentCall) -> tuple[str, ...]:
        return OPERATIONS.get((call.state, bool(call.queue)), ())

    def queues(self) -> Iterable[QueueStatus]:
        return ()

    def queue(self, name: str) -> QueueStatus | None:
        return None

    def waiting(self, queue: str) -> list[WaitingCall]:
        return []

    def present(self, agent: str, presence: Presence) -> bool:
        current = self.presences.get(agent, Presence.LOGGED_OUT)
        known = agent in self._directory.current.agents
        if not known or (current is Presence.LOGGED_OUT and presence is Presence.AFTER_CALL_WORK):
            return False
        self.presences[agent] = presence
        self.tell(AgentChanged(agent))
        return True

    async def answer(self, agent: str, call: CallId) -> Outcome:
        return self._asked("answer", agent, call)

    async def reject(self, agent: str, call: CallId) -> Outcome:
        return self._asked("reject", agent, call)

    async def hang_up(self, agent: str, call: CallId) -> Outcome:
        return self._asked("hang_up", agent, call)

    async def transfer(self, agent: str, call: CallId, number: str) -> Outcome:
        return self._asked("transfer", agent, call, number)

    def listen(self, listener: Callable[[Notice], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _asked(self, *what: str) -> Outcome:
        self.asked.append(what)
        return self.outcome

    def _become(self, call: AgentCall) -> AgentCall:
        self._calls[call.agent, call.call] = call
        self.tell(CallChanged(call))
        return call
