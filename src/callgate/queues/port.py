"""The port that dialects speak to about agents, their calls, and queues."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Literal, Protocol

import msgspec

from callgate.core.calls import CallId
from callgate.core.queues.model import Presence
from callgate.directory.model import Agent


class CallState(StrEnum):
    """Where an agent's call is, seen from his phone."""

    DIALING = "dialing"  #: the phone has placed it, nobody has answered
    RINGING = "ringing"  #: the phone rings
    ESTABLISHED = "established"
    RELEASED = "released"


class AgentCall(msgspec.Struct, frozen=True):
    """One call at one agent's phone, as it is at this moment.

    ``call`` is the same for the caller, the queue, and every agent it rings at. ``other`` is the number of who is at
    the other end, ``dialled`` the number that was dialled (the queue's, for its calls). ``queue`` is "" for a direct
    call. ``kind`` "internal": between phones. ``began`` (Unix seconds) is when it came to this phone, ``answered`` when
    it was answered (0: not yet), ``ended`` when it was released (0: not yet).
    """

    call: CallId
    agent: str
    state: CallState
    other: str
    dialled: str
    queue: str
    kind: Literal["internal", "inbound", "outbound"]
    began: float
    answered: float = 0.0
    ended: float = 0.0


class AgentStatus(msgspec.Struct, frozen=True):
    """An agent and his phone at this moment. ``since`` (Unix seconds) is when ``presence`` began.

    ``registered``: the phone can be rung.
    """

    agent: Agent
    presence: Presence
    since: float
    registered: bool
    calls: int


class QueueStatus(msgspec.Struct, frozen=True):
    """A queue at this moment.

    ``waiting`` calls have been answered by no agent, ``ringing`` of them ring at one; the longest has waited for
    ``longest`` seconds. ``connected`` calls are with agents. ``logged_in`` agents serve it, ``ready`` of them could be
    offered a call now. ``answered``, ``abandoned`` (the caller hung up) and ``overflowed`` count since the start.
    """

    name: str
    number: str
    waiting: int
    ringing: int
    longest: float
    connected: int
    logged_in: int
    ready: int
    answered: int
    abandoned: int
    overflowed: int


class WaitingCall(msgspec.Struct, frozen=True):
    """A call in a queue, by its place in line. ``since`` in Unix seconds; ``agent`` is whose phone rings, or ""."""

    call: CallId
    number: str
    since: float
    priority: int
    agent: str
    offers: int


class CallChanged(msgspec.Struct, frozen=True):
    """A call came to an agent's phone, or is another than before there, or left it (RELEASED)."""

    call: AgentCall


class AgentChanged(msgspec.Struct, frozen=True):
    """An agent's presence, or his phone's registration, is another than before; ``agent`` is his name."""

    agent: str


Notice = CallChanged | AgentChanged


class Outcome(StrEnum):
    """What came of an operation."""

    DONE = "done"  #: it has happened
    UNKNOWN = "unknown"  #: no such call at this agent
    NOT_NOW = "not_now"  #: not in the state that the call is in (any more)
    FORBIDDEN = "forbidden"  #: a direct call cannot be rejected
    BAD_TARGET = "bad_target"  #: that number leads nowhere
    FAILED = "failed"  #: the edge, or the phone, could not or would not do it
    SILENT = "silent"  #: nothing was heard of it in time; what came of it is told as a notice


class ContactCentre(Protocol):
    """What a dialect may see and do."""

    def agents(self) -> Iterable[AgentStatus]: ...

    def agent(self, name: str) -> AgentStatus | None: ...

    def calls(self, agent: str) -> list[AgentCall]:
        """The calls at that agent's phone, oldest first; released ones are not among them."""
        ...

    def call(self, agent: str, call: CallId) -> AgentCall | None: ...

    def operations(self, call: AgentCall) -> tuple[str, ...]:
        """Which of "answer", "reject", "hang_up", "redirect", "transfer" can be done with it now."""
        ...

    def queues(self) -> Iterable[QueueStatus]: ...

    def queue(self, name: str) -> QueueStatus | None: ...

    def waiting(self, queue: str) -> list[WaitingCall]: ...

    def present(self, agent: str, presence: Presence) -> bool:
        """Log the agent in (as READY or NOT_READY) or out, or change what he is; false if there is no such agent, or he
        is not logged in and asks for AFTER_CALL_WORK."""
        ...

    async def answer(self, agent: str, call: CallId) -> Outcome:
        """Have the ringing phone answer by itself (NOTIFY with ``Event: talk``); DONE when the phone has taken that."""
        ...

    async def reject(self, agent: str, call: CallId) -> Outcome:
        """Give a ringing call back to its queue; DONE when the phone has stopped ringing and the call is held again."""
        ...

    async def hang_up(self, agent: str, call: CallId) -> Outcome:
        """End an established call with BYE both ways; one that the agent's own phone has placed, also before."""
        ...

    async def transfer(self, agent: str, call: CallId, number: str) -> Outcome:
        """Send a ringing or established call to a number: another phone's, a queue's, or one that a route leads to."""
        ...

    def listen(self, listener: Callable[[Notice], None]) -> Callable[[], None]:
        """Hear every notice from now on, in order, on the event loop; call what is returned to stop."""
        ...
