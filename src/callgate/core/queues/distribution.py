"""The distributor: which call is offered to which agent, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from callgate.core.calls import CallId
from callgate.core.queues.model import (
    AgentTerms,
    AgentView,
    Effect,
    Placement,
    Presence,
    QueueTerms,
    Rejected,
)


class Distributor:
    """All queues and agents of one controller. Each method takes the time (Unix seconds) and gives back what is to be
    done, in order; nothing is done here. Unknown calls and agents, and what cannot be, change nothing and never raise.
    """

    # --- looking -----------------------------------------------------------------------------------------------------

    def agent(self, name: str) -> AgentView | None:
        """The agent of that name, if the directory has him."""
        raise NotImplementedError

    def agents(self) -> Iterable[AgentView]: ...

    def placement(self, call: CallId) -> Placement | None:
        """Where the call of a queue is; ``None``: it is in none."""
        raise NotImplementedError

    def waiting(self, queue: str) -> list[Placement]:
        """The calls of that queue that nobody has answered, in their order (also those that ring at an agent)."""
        raise NotImplementedError

    def next_due(self) -> float | None:
        """When :meth:`tick` has something to do next (Unix seconds), ``None``: nothing is due."""
        raise NotImplementedError

    # --- what is told ------------------------------------------------------------------------------------------------

    def configure(
        self, queues: Mapping[str, QueueTerms], agents: Mapping[str, AgentTerms], now: float
    ) -> list[Effect]: ...

    def present(self, agent: str, presence: Presence, now: float, *, seconds: float = 0.0) -> list[Effect]:
        """The agent logs in or out, or says what he is. ``seconds`` bounds after-call work (0: until he says)."""
        raise NotImplementedError

    def reachable(self, agent: str, reachable: bool, now: float) -> list[Effect]:
        """The agent's phone has registered, or is gone."""
        raise NotImplementedError

    def busy(self, agent: str, call: CallId, now: float) -> list[Effect]:
        """A call that no queue offered is at the agent's phone: a direct one, or one that it placed."""
        raise NotImplementedError

    def enter(self, call: CallId, queue: str, since: float, now: float, *, priority: int = 0) -> list[Effect]:
        """A call comes into a queue; ``priority`` is added to the queue's own."""
        raise NotImplementedError

    def restore(self, placement: Placement, now: float) -> list[Effect]:
        """A call that an earlier controller knew, with its place, its agent and its history."""
        raise NotImplementedError

    def returned(self, call: CallId, now: float, *, crowded: bool = False) -> list[Effect]:
        """The phone did not answer, was busy, could not be reached, or was withdrawn: the call is held again.

        ``crowded``: the edge had no room to dial any more, so the agent did not miss it.
        """
        raise NotImplementedError

    def answered(self, call: CallId, now: float) -> list[Effect]: ...

    def over(self, call: CallId, now: float) -> list[Effect]:
        """The call has ended, whatever it was: it is at nobody's phone and in no queue any more."""
        raise NotImplementedError

    def leave(self, call: CallId, now: float) -> list[Effect]:
        """The call goes elsewhere (an agent redirected it): it is not the queue's any more."""
        raise NotImplementedError

    def reject(self, agent: str, call: CallId, now: float) -> tuple[Rejected, list[Effect]]: ...

    def tick(self, now: float) -> list[Effect]:
        """What is due: after-call work that is over, calls that have waited too long, pauses that are over."""
        raise NotImplementedError
