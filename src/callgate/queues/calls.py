"""The calls at the agents' phones: each agent's view of a call, and its turns."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable

import msgspec

from callgate.core.calls import CallId
from callgate.queues.port import AgentCall, CallState

#: What an agent's call becomes; what is not here cannot be.
TRANSITIONS: dict[CallState, frozenset[CallState]] = {
    CallState.DIALING: frozenset({CallState.ESTABLISHED, CallState.RELEASED}),
    CallState.RINGING: frozenset({CallState.ESTABLISHED, CallState.RELEASED}),
    CallState.ESTABLISHED: frozenset({CallState.RELEASED}),
    CallState.RELEASED: frozenset(),
}
#: How many released calls are remembered, so that a late operation on one is told that it came too late.
_REMEMBERED = 2_000


class AgentCalls:
    """Every call at every agent's phone. ``tell`` is told each change, also that one is there."""

    def __init__(self, tell: Callable[[AgentCall], None]) -> None:
        self._tell = tell
        self._by_agent: dict[str, dict[CallId, AgentCall]] = {}
        self._by_call: dict[CallId, dict[str, AgentCall]] = {}
        self._released: OrderedDict[tuple[str, CallId], AgentCall] = OrderedDict()

    def of(self, agent: str) -> list[AgentCall]:
        """The calls at that agent's phone, oldest first."""
        return sorted(self._by_agent.get(agent, {}).values(), key=lambda call: (call.began, call.call))

    def at(self, call: CallId) -> list[AgentCall]:
        """The agents' views of one call."""
        return list(self._by_call.get(call, {}).values())

    def find(self, agent: str, call: CallId) -> AgentCall | None:
        """The call at that agent's phone; also one that was released not long ago."""
        return self._by_call.get(call, {}).get(agent) or self._released.get((agent, call))

    def connected(self) -> Counter[str]:
        """In how many calls of each queue agents talk ("": of none)."""
        return Counter(
            call.queue
            for calls in self._by_call.values()
            for call in calls.values()
            if call.state is CallState.ESTABLISHED
        )

    def begin(self, call: AgentCall) -> bool:
        """A call comes to an agent's phone; false if it is there already."""
        if call.agent in self._by_call.get(call.call, {}):
            return False
        self._released.pop((call.agent, call.call), None)
        self._put(call)
        return True

    def move(self, call: AgentCall, state: CallState, now: float) -> bool:
        """The agent's call is in that state since ``now`` (Unix seconds); false if it cannot be."""
        current = self._by_call.get(call.call, {}).get(call.agent)
        if current is None or state not in TRANSITIONS[current.state]:
            return False
        if state is CallState.ESTABLISHED:
            self._put(msgspec.structs.replace(current, state=state, answered=now))
            return True
        self._drop(current)
        released = msgspec.structs.replace(current, state=state, ended=now)
        self._released[current.agent, current.call] = released
        if len(self._released) > _REMEMBERED:
            self._released.popitem(last=False)
        self._tell(released)
        return True

    def _put(self, call: AgentCall) -> None:
        self._by_agent.setdefault(call.agent, {})[call.call] = call
        self._by_call.setdefault(call.call, {})[call.agent] = call
        self._tell(call)

    def _drop(self, call: AgentCall) -> None:
        del self._by_agent[call.agent][call.call]
        if not self._by_agent[call.agent]:
            del self._by_agent[call.agent]
        del self._by_call[call.call][call.agent]
        if not self._by_call[call.call]:
            del self._by_call[call.call]
