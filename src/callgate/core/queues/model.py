"""What the distributor is told, and what it wants done."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from callgate.core.calls import CallId


class QueueTerms(msgspec.Struct, frozen=True, gc=False):
    """What the distributor knows of a queue; see :class:`callgate.directory.model.Queue` (times in seconds).

    ``offers`` is how often one call may be offered: the edge has room for so many diallings. An offer that failed is
    not repeated to the same agent before ``again`` seconds.
    """

    name: str
    priority: int = 0
    length: int = 100
    wait: float = 600.0
    ring: float = 20.0
    after_call_work: float = 0.0
    missed: Literal["not_ready", "ready"] = "not_ready"
    reject_pause: float = 60.0
    offers: int = 12
    again: float = 2.0


class AgentTerms(msgspec.Struct, frozen=True, gc=False):
    """What the distributor knows of an agent: the queues whose calls are offered to it."""

    name: str
    queues: tuple[str, ...] = ()


class Presence(StrEnum):
    """What an agent has said of himself, whatever his phone does."""

    LOGGED_OUT = "logged_out"
    NOT_READY = "not_ready"
    READY = "ready"
    AFTER_CALL_WORK = "after_call_work"


class Place(StrEnum):
    """Where a call of a queue is. It leaves the distributor's sight when it is over, or overflows."""

    WAITING = "waiting"  #: in line
    OFFERED = "offered"  #: an agent's phone is being dialled, or rings
    REJECTED = "rejected"  #: the agent does not want it: his phone is being told to stop
    WITHDRAWN = "withdrawn"  #: the agent has gone while it rang: his phone is being told to stop
    CONNECTED = "connected"  #: an agent has answered


class Why(StrEnum):
    """Why a call leaves its queue without having been answered."""

    FULL = "full"  #: the queue's length
    WAITED = "waited"  #: the queue's wait
    OFFERS = "offers"  #: offered as often as it can be
    GONE = "gone"  #: the queue was removed from the directory


class Offer(msgspec.Struct, frozen=True, gc=False):
    """Ring that agent's phone for the call, for ``ring`` seconds; then tell ``returned``, ``answered`` or ``over``."""

    call: CallId
    agent: str
    ring: float


class Withdraw(msgspec.Struct, frozen=True, gc=False):
    """Stop the phone that rings for the call; then tell ``returned``, or ``answered`` if it was too late."""

    call: CallId


class Overflow(msgspec.Struct, frozen=True, gc=False):
    """The call is in the queue no more: it goes where the queue's overflow says."""

    call: CallId
    queue: str
    why: Why


class AgentChanged(msgspec.Struct, frozen=True, gc=False):
    """An agent's presence (or its end), or whether he has calls, is another than before; maybe he is gone."""

    agent: str


Effect = Offer | Withdraw | Overflow | AgentChanged


class Placement(msgspec.Struct, gc=False):
    """A call of a queue. Only the distributor changes it.

    ``since`` is when it came (Unix seconds), which its order goes by; ``priority`` is its own, to which its queue's is
    added; ``agent`` who is offered it, or has it. ``offers`` counts the offers so far; ``paused`` are the agents who
    are not offered it before a time (Unix seconds).
    """

    call: CallId
    queue: str
    since: float
    priority: int = 0
    place: Place = Place.WAITING
    agent: str = ""
    offers: int = 0
    paused: dict[str, float] = {}


class AgentView(msgspec.Struct, gc=False):
    """An agent as the distributor knows him. Only the distributor changes it.

    ``since`` is when the presence began (Unix seconds), ``until`` when after-call work ends by itself (0: it does not).
    ``reachable``: the phone can be rung. ``calls`` are all calls of the phone, also direct ones and those it placed.
    ``idle_since`` orders the ready agents: whoever is without a call for longest is offered the next one.
    """

    name: str
    queues: tuple[str, ...] = ()
    presence: Presence = Presence.LOGGED_OUT
    since: float = 0.0
    until: float = 0.0
    reachable: bool = False
    idle_since: float = 0.0
    calls: set[CallId] = set()


class Rejected(StrEnum):
    """What comes of an agent's wish to reject a call."""

    WITHDRAWING = "withdrawing"  #: done, when the phone has stopped (effects say how)
    NOT_RINGING = "not_ringing"  #: it does not ring (any more) at this agent
    NOT_QUEUED = "not_queued"  #: it was not delivered by a queue
