"""A contact centre that a test plays: the directory's agents and queues, with the calls that the test puts there."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from callgate.core.calls import CallId
from callgate.core.queues.model import Presence
from callgate.directory.service import DirectoryService
from callgate.queues.port import AgentCall, AgentStatus, Notice, Outcome, QueueStatus, WaitingCall


class PlayedCentre:
    """Nothing happens by itself. ``line`` are the calls that wait, by queue; ``phones`` those of the agents."""

    def __init__(self, directory: DirectoryService, now: Callable[[], float]) -> None:
        self._directory = directory
        self._now = now
        self._presences: dict[str, tuple[Presence, float]] = {}
        self.line: dict[str, list[WaitingCall]] = {}
        self.phones: dict[str, list[AgentCall]] = {}

    def agents(self) -> Iterable[AgentStatus]:
        return [status for name in self._directory.current.agents if (status := self.agent(name))]

    def agent(self, name: str) -> AgentStatus | None:
        agent = self._directory.current.agents.get(name)
        presence, since = self._presences.get(name, (Presence.LOGGED_OUT, 0.0))
        return None if agent is None else AgentStatus(agent, presence, since, True, len(self.calls(name)))

    def calls(self, agent: str) -> list[AgentCall]:
        return self.phones.get(agent, [])

    def call(self, agent: str, call: CallId) -> AgentCall | None:
        return next((one for one in self.calls(agent) if one.call == call), None)

    def operations(self, call: AgentCall) -> tuple[str, ...]:
        return ()

    def queues(self) -> Iterable[QueueStatus]:
        return [status for name in self._directory.current.queues if (status := self.queue(name))]

    def queue(self, name: str) -> QueueStatus | None:
        queue = self._directory.current.queues.get(name)
        if queue is None:
            return None
        line = self.waiting(name)
        presences = [status.presence for status in self.agents() if name in status.agent.queues]
        return QueueStatus(
            name,
            queue.number,
            waiting=len(line),
            ringing=sum(bool(call.agent) for call in line),
            longest=max((self._now() - call.since for call in line), default=0.0),
            connected=0,
            logged_in=sum(presence is not Presence.LOGGED_OUT for presence in presences),
            ready=presences.count(Presence.READY),
            answered=3,
            abandoned=2,
            overflowed=1,
        )

    def waiting(self, queue: str) -> list[WaitingCall]:
        return self.line.get(queue, [])

    def present(self, agent: str, presence: Presence) -> bool:
        former = self.agent(agent)
        if former is None or (presence is Presence.AFTER_CALL_WORK and former.presence is Presence.LOGGED_OUT):
            return False
        self._presences[agent] = (presence, self._now())
        return True

    async def answer(self, agent: str, call: CallId) -> Outcome:
        return Outcome.UNKNOWN

    async def reject(self, agent: str, call: CallId) -> Outcome:
        return Outcome.UNKNOWN

    async def hang_up(self, agent: str, call: CallId) -> Outcome:
        return Outcome.UNKNOWN

    async def transfer(self, agent: str, call: CallId, number: str) -> Outcome:
        return Outcome.UNKNOWN

    def listen(self, listener: Callable[[Notice], None]) -> Callable[[], None]:
        return lambda: None
