"""The agents of all queues: who is there, which calls are at his phone, and whose line he is in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from callgate.core.calls import CallId
from callgate.core.queues.agenda import Agenda, Due
from callgate.core.queues.agents import ON_DUTY, Agent
from callgate.core.queues.line import Line
from callgate.core.queues.model import AgentChanged, AgentTerms, AgentView, Presence


class Roster:
    """All agents. Whoever changes one of them says so with :meth:`stir`.

    ``touched`` collects the queues of which calls and agents may match, now that an agent has changed.
    """

    def __init__(self, lines: Mapping[str, Line], agenda: Agenda, touched: set[str]) -> None:
        self._lines = lines
        self._agenda = agenda
        self._touched = touched
        self._agents: dict[str, Agent] = {}
        #: The agents at whose phones a call is, also those whom the directory has no more.
        self._phones: dict[CallId, set[str]] = {}
        #: Agents of whom there may be something to tell, in the order in which it happened.
        self._stirred: dict[str, Agent] = {}

    def __iter__(self) -> Iterator[Agent]:
        return iter(self._agents.values())

    def get(self, name: str) -> Agent | None:
        """The agent of that name, if the directory has him."""
        return self._agents.get(name)

    # --- who they are ------------------------------------------------------------------------------------------------

    def dissolve(self) -> None:
        """Have nobody in any line: the lines are about to change."""
        for agent in self:
            self._leave_lines(agent)

    def engage(self, terms: Mapping[str, AgentTerms], now: float) -> None:
        """These are all agents from now on, and the lines are as they are. One who is new is logged out."""
        self._agents = {name: self._agents.get(name) or self._new(name, now) for name in terms}
        for name, agent in self._agents.items():
            agent.view.queues = tuple(dict.fromkeys(terms[name].queues))
            self._enter_lines(agent)

    def _new(self, name: str, now: float) -> Agent:
        calls = {call for call, names in self._phones.items() if name in names}  # if he has been here before
        agent = Agent(AgentView(name, since=now, calls=calls))
        agent.news()
        return agent

    # --- what is at their phones -------------------------------------------------------------------------------------

    def at(self, call: CallId) -> list[Agent]:
        """The agents at whose phones the call is."""
        return [self._agents[name] for name in sorted(self._phones.get(call, ())) if name in self._agents]

    def occupy(self, name: str, call: CallId) -> None:
        """The call is at the agent's phone."""
        self._phones.setdefault(call, set()).add(name)
        agent = self._agents.get(name)
        if agent is not None:
            agent.view.calls.add(call)
            self.stir(agent)

    def vacate(self, name: str, call: CallId) -> None:
        """The call is not at the agent's phone any more."""
        names = self._phones.get(call, set())
        names.discard(name)
        if not names:
            self._phones.pop(call, None)
        agent = self._agents.get(name)
        if agent is not None:
            agent.view.calls.discard(call)
            self.stir(agent)

    def vacate_all(self, call: CallId) -> None:
        """The call is at no agent's phone any more."""
        for name in sorted(self._phones.get(call, ())):
            self.vacate(name, call)

    # --- what becomes of it ------------------------------------------------------------------------------------------

    def stir(self, agent: Agent) -> None:
        """Something of the agent has changed: his queues know him as he is from now on, and it will be told."""
        view = agent.view
        self._stirred[view.name] = agent
        if view.until:
            self._agenda.set((Due.WORK, view.name), view.until)
        else:
            self._agenda.cancel((Due.WORK, view.name))
        self._leave_lines(agent)
        self._enter_lines(agent)

    def news(self) -> list[AgentChanged]:
        """Of whom there is something to tell, which is then told."""
        told = [AgentChanged(name) for name, agent in self._stirred.items() if agent.news()]
        self._stirred.clear()
        return told

    def _leave_lines(self, agent: Agent) -> None:
        for name in agent.view.queues:
            if name in self._lines:
                self._lines[name].dismiss(agent)

    def _enter_lines(self, agent: Agent) -> None:
        view = agent.view
        was_on_duty, agent.on_duty = agent.on_duty, view.reachable and view.presence in ON_DUTY
        ready = agent.on_duty and view.presence is Presence.READY and not view.calls
        agent.ready = (view.idle_since, view.name) if ready else None
        for name in view.queues:
            if name in self._lines:
                self._lines[name].admit(agent)
        if ready or (was_on_duty and not agent.on_duty):  # without him, somebody else may be the only one
            self._touched.update(view.queues)
