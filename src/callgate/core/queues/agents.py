"""The presence of an agent and its turns: everything that changes an agent's presence is in this table.

Presence is what the agent has said of himself, and what queues make of it: who misses a call is not ready (where the
queue says so), who has talked to a queue's caller may have after-call work. It says nothing of calls: whether he can be
offered one also depends on his phone and on the calls that are at it.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from callgate.core.queues.model import AgentView, Presence


class Turn(StrEnum):
    """What changes an agent's presence."""

    READY = "ready"  #: he says that he takes calls
    NOT_READY = "not_ready"  #: he says that he takes none
    WORK = "work"  #: he says that he is at after-call work
    LOG_OUT = "log_out"  #: he goes, or is in the directory no more
    MISS = "miss"  #: his phone did not take a call, of a queue that does not leave him ready then
    WRAP_UP = "wrap_up"  #: he has talked to a caller of a queue that gives time for after-call work
    DONE = "done"  #: the time for after-call work is over


#: The turn that an agent makes when he says what he is.
SAID = {
    Presence.LOGGED_OUT: Turn.LOG_OUT,
    Presence.NOT_READY: Turn.NOT_READY,
    Presence.READY: Turn.READY,
    Presence.AFTER_CALL_WORK: Turn.WORK,
}

#: Who is one of these, with a phone that can be rung, is there for a queue's calls, now or soon.
ON_DUTY = frozenset({Presence.READY, Presence.AFTER_CALL_WORK})

TRANSITIONS: dict[Presence, dict[Turn, Presence]] = {
    Presence.LOGGED_OUT: {Turn.READY: Presence.READY, Turn.NOT_READY: Presence.NOT_READY},
    Presence.NOT_READY: {
        Turn.READY: Presence.READY,
        Turn.WORK: Presence.AFTER_CALL_WORK,
        Turn.LOG_OUT: Presence.LOGGED_OUT,
    },
    Presence.READY: {
        Turn.NOT_READY: Presence.NOT_READY,
        Turn.WORK: Presence.AFTER_CALL_WORK,
        Turn.LOG_OUT: Presence.LOGGED_OUT,
        Turn.MISS: Presence.NOT_READY,
        Turn.WRAP_UP: Presence.AFTER_CALL_WORK,
    },
    Presence.AFTER_CALL_WORK: {
        Turn.READY: Presence.READY,
        Turn.NOT_READY: Presence.NOT_READY,
        Turn.WORK: Presence.AFTER_CALL_WORK,
        Turn.LOG_OUT: Presence.LOGGED_OUT,
        Turn.MISS: Presence.NOT_READY,
        Turn.DONE: Presence.READY,
    },
}


def after(presence: Presence, turn: Turn) -> Presence | None:
    """The presence that ``turn`` leads to from ``presence``; ``None``: it cannot happen there."""
    return TRANSITIONS[presence].get(turn)


def picture() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {Presence.LOGGED_OUT}"]
    for presence, turns in TRANSITIONS.items():
        for turn, following in turns.items():
            if following is not presence:
                lines.append(f"    {presence} --> {following}: {turn}")
    return "\n".join(lines)


class Agent(msgspec.Struct, gc=False):
    """An agent, with what only the distributor needs to know of him.

    ``work`` is the time (seconds) for the after-call work that he has asked for during a call, and that begins when he
    has hung up. ``on_duty`` and ``ready`` are how the lines of his queues have him (see
    :meth:`callgate.core.queues.line.Line.admit`). ``told`` is what was last told of him.
    """

    view: AgentView
    work: float = 0.0
    on_duty: bool = False
    ready: tuple[float, str] | None = None
    told: tuple[Presence, float, bool] = (Presence.LOGGED_OUT, 0.0, False)

    def make(self, turn: Turn, now: float) -> bool:
        """Make the turn; false if it cannot be made. After-call work is without bound, until one is set."""
        view = self.view
        following = after(view.presence, turn)
        if following is None:
            return False
        if following is not view.presence:
            view.presence, view.since = following, now
            if following is Presence.READY:
                view.idle_since = now
        view.until = self.work = 0.0
        return True

    def news(self) -> bool:
        """Whether there is something to tell of him, which is then told."""
        view = self.view
        before, self.told = self.told, (view.presence, view.until, bool(view.calls))
        return before != self.told
