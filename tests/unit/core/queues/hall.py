"""A distributor with a clock that is played, and what it wants done, in a word each."""

from __future__ import annotations

from collections.abc import Iterable

from callgate.core.calls import CallId
from callgate.core.queues.distribution import Distributor
from callgate.core.queues.model import (
    AgentTerms,
    AgentView,
    Effect,
    Offer,
    Overflow,
    Placement,
    Presence,
    QueueTerms,
    Withdraw,
)

ANNA, BEN, CARA = "anna", "ben", "cara"
FIRST, SECOND, THIRD = CallId("call-1"), CallId("call-2"), CallId("call-3")
SALES = QueueTerms("sales")


class Hall:
    """One distributor. Who is made ready earlier is idle for longer."""

    def __init__(self, *queues: QueueTerms, agents: Iterable[AgentTerms] | None = None) -> None:
        self.now = 1_000.0
        self.told = Distributor()
        self.queues = queues or (SALES,)
        names = tuple(queue.name for queue in self.queues)
        self.agents = (
            tuple(agents) if agents is not None else tuple(AgentTerms(name, names) for name in (ANNA, BEN, CARA))
        )
        self.configure()

    def configure(
        self, queues: Iterable[QueueTerms] | None = None, agents: Iterable[AgentTerms] | None = None
    ) -> list[Effect]:
        self.queues = self.queues if queues is None else tuple(queues)
        self.agents = self.agents if agents is None else tuple(agents)
        return self.told.configure(
            {queue.name: queue for queue in self.queues}, {agent.name: agent for agent in self.agents}, self.now
        )

    def later(self, seconds: float = 0.125) -> float:
        self.now += seconds
        return self.now

    def ready(self, *agents: str) -> list[Effect]:
        effects = []
        for agent in agents:
            effects += self.told.reachable(agent, True, self.later())
            effects += self.told.present(agent, Presence.READY, self.now)
        return effects

    def present(self, agent: str, presence: Presence, *, seconds: float = 0.0) -> list[Effect]:
        return self.told.present(agent, presence, self.later(), seconds=seconds)

    def enter(self, call: CallId, queue: str = "sales", *, priority: int = 0) -> list[Effect]:
        return self.told.enter(call, queue, self.later(), self.now, priority=priority)

    def tick_at(self, time: float) -> list[Effect]:
        self.now = time
        return self.told.tick(time)

    def agent(self, name: str) -> AgentView:
        found = self.told.agent(name)
        assert found is not None
        return found

    def placement(self, call: CallId) -> Placement:
        found = self.told.placement(call)
        assert found is not None
        return found

    def line(self, queue: str = "sales") -> list[CallId]:
        return [placement.call for placement in self.told.waiting(queue)]


def offers(effects: list[Effect]) -> list[tuple[CallId, str]]:
    return [(effect.call, effect.agent) for effect in effects if isinstance(effect, Offer)]


def withdrawn(effects: list[Effect]) -> list[CallId]:
    return [effect.call for effect in effects if isinstance(effect, Withdraw)]


def overflows(effects: list[Effect]) -> list[Overflow]:
    return [effect for effect in effects if isinstance(effect, Overflow)]
