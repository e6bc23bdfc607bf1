"""The directory's queues and agents, as the distributor and the events of calls want to know them."""

from __future__ import annotations

from collections.abc import Iterator

from callgate.core.queues.model import AgentTerms, QueueTerms
from callgate.core.verdicts import Target, target
from callgate.directory.model import Agent, Directory
from callgate.settings import QueueSettings


class Staff:
    """The agents of one directory, by name and by their phones. Who is disabled is not among them."""

    def __init__(self, directory: Directory) -> None:
        self._agents = {agent.name: agent for agent in directory.agents.values() if agent.enabled}
        self._phones = {agent.phone: agent for agent in self._agents.values() if agent.phone}
        self._addresses = {agent.address.lower(): agent for agent in self._agents.values() if agent.address}
        self._numbers = {agent.number: agent for agent in self._agents.values()}

    def __iter__(self) -> Iterator[Agent]:
        return iter(self._agents.values())

    def get(self, name: str) -> Agent | None:
        return self._agents.get(name)

    def with_phone(self, login: str) -> Agent | None:
        """The agent whose phone logs in so."""
        return self._phones.get(login)

    def with_number(self, number: str) -> Agent | None:
        """The agent whose phone has that number."""
        return self._numbers.get(number)

    def rung_by(self, one: Target) -> Agent | None:
        """The agent whose phone the target is."""
        return self._phones.get(one.phone) if one.phone else self._addresses.get(one.uri.lower())

    def terms(self) -> dict[str, AgentTerms]:
        return {agent.name: AgentTerms(agent.name, agent.queues) for agent in self._agents.values()}


def target_of(agent: Agent) -> Target:
    """How the agent's phone is dialled."""
    return target(phone=agent.phone) if agent.phone else target(agent.address)


def queue_terms(directory: Directory, settings: QueueSettings) -> dict[str, QueueTerms]:
    """What the distributor is told of the directory's queues."""
    return {
        queue.name: QueueTerms(
            queue.name,
            queue.priority,
            queue.length,
            queue.wait,
            queue.ring,
            queue.after_call_work,
            queue.missed,
            queue.reject_pause,
            settings.offers,
            settings.again,
        )
        for queue in directory.queues.values()
    }
