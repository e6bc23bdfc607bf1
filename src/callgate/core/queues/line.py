"""A queue's line: its calls in their order, and the agents who serve it."""

from __future__ import annotations

from bisect import bisect_left, insort

import msgspec

from callgate.core.calls import CallId
from callgate.core.queues.agents import Agent
from callgate.core.queues.model import Place, Placement, QueueTerms

#: What calls are ordered by, also across queues: the higher priority (negated), then the older, then the id.
Order = tuple[int, float, CallId]


class Entry(msgspec.Struct, gc=False):
    """A call of a queue, with what only the distributor needs to know of it.

    ``not_before`` says of each agent who is paused for the call from when on (Unix seconds) it is offered to him all
    the same, if nobody else is there.
    """

    placement: Placement
    not_before: dict[str, float] = {}

    def pause(self, agent: str, until: float, not_before: float) -> None:
        """Do not offer the call to the agent until then; from ``not_before`` on, if nobody else is there."""
        self.placement.paused[agent] = max(until, not_before, self.placement.paused.get(agent, until))
        self.not_before[agent] = not_before

    def pause_ends(self, now: float) -> float | None:
        """When a pause is over next, or need not be kept any more; what is over is forgotten."""
        paused = self.placement.paused
        for agent in [agent for agent, until in paused.items() if until <= now]:
            del paused[agent]
            self.not_before.pop(agent, None)
        times = [*paused.values(), *(time for time in self.not_before.values() if time > now)]
        return min(times, default=None)


class Line:
    """One queue. ``gone``: the directory has it no more, and only its calls that ring or talk are still here.

    ``waiting`` holds the calls in line, ``at_phones`` those that an agent's phone is dialled for, ``connected`` those
    that were answered. ``ready`` are the agents who could be offered a call, longest idle first; ``on_duty`` also those
    who talk, or are at after-call work.
    """

    def __init__(self, terms: QueueTerms, *, gone: bool = False) -> None:
        self.terms = terms
        self.gone = gone
        self.waiting: list[Order] = []
        self.at_phones: set[CallId] = set()
        self.connected: set[CallId] = set()
        self.ready: list[tuple[float, str]] = []
        self.on_duty: set[str] = set()

    # --- calls -------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many calls nobody has answered."""
        return len(self.waiting) + len(self.at_phones)

    @property
    def empty(self) -> bool:
        return not (self.waiting or self.at_phones or self.connected)

    def order(self, placement: Placement) -> Order:
        """What the call's place in line goes by."""
        return (-(self.terms.priority + placement.priority), placement.since, placement.call)

    def put(self, placement: Placement) -> None:
        """Have the call where it is placed."""
        match placement.place:
            case Place.WAITING:
                insort(self.waiting, self.order(placement))
            case Place.CONNECTED:
                self.connected.add(placement.call)
            case _:
                self.at_phones.add(placement.call)

    def take(self, placement: Placement) -> None:
        """Have the call no more where it is placed."""
        match placement.place:
            case Place.WAITING:
                del self.waiting[bisect_left(self.waiting, self.order(placement))]
            case Place.CONNECTED:
                self.connected.discard(placement.call)
            case _:
                self.at_phones.discard(placement.call)

    # --- agents ------------------------------------------------------------------------------------------------------

    def admit(self, agent: Agent) -> None:
        """Have the agent among those on duty and those ready, as he says that he is."""
        if agent.on_duty:
            self.on_duty.add(agent.view.name)
        if agent.ready is not None:
            insort(self.ready, agent.ready)

    def dismiss(self, agent: Agent) -> None:
        """Have the agent no more; to be called before what :meth:`admit` went by is changed."""
        self.on_duty.discard(agent.view.name)
        if agent.ready is not None:
            del self.ready[bisect_left(self.ready, agent.ready)]

    def choose(self, entry: Entry, now: float) -> str | None:
        """Whom the call is offered to: the longest idle who is not paused for it.

        If everybody on duty is paused for it, those who are ready are asked again, but not before their time.
        """
        if not self.ready:
            return None
        paused = entry.placement.paused
        for _, name in self.ready:
            if paused.get(name, 0.0) <= now:
                return name
        if any(paused.get(name, 0.0) <= now for name in self.on_duty):
            return None
        for _, name in self.ready:
            if entry.not_before.get(name, paused[name]) <= now:
                return name
        return None
