"""The shapes of queues and agents as ``/v1`` has them: what is configured, and how they are at this moment."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

Missed = Literal["not_ready", "ready"]
State = Literal["logged_out", "not_ready", "ready", "after_call_work"]


class Queue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A queue. Phones dial its ``number``; calls of a higher ``priority`` go first, then the one that waits longest.

    ``length`` calls may wait, each for ``wait`` seconds; what is too many or too long goes to ``overflow``, a SIP URI,
    or gets the reason ``refusal``. A phone rings for ``ring`` seconds. An agent gets ``after_call_work`` seconds after
    each call, is ``missed`` ("not_ready" or "ready") after one that his phone did not take, and is not offered one
    that he rejected for ``reject_pause`` seconds, unless nobody else is there.
    """

    name: str
    number: str
    priority: int = 0
    length: int = 100
    wait: float = 600.0
    overflow: str = ""
    refusal: str = "temporarily_unavailable"
    ring: float = 20.0
    after_call_work: float = 0.0
    missed: Missed = "not_ready"
    reject_pause: float = 60.0


class QueuePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a queue is to change."""

    number: str | UnsetType = UNSET
    priority: int | UnsetType = UNSET
    length: int | UnsetType = UNSET
    wait: float | UnsetType = UNSET
    overflow: str | UnsetType = UNSET
    refusal: str | UnsetType = UNSET
    ring: float | UnsetType = UNSET
    after_call_work: float | UnsetType = UNSET
    missed: Missed | UnsetType = UNSET
    reject_pause: float | UnsetType = UNSET


class QueueStatus(msgspec.Struct, frozen=True):
    """A queue at this moment.

    ``waiting`` calls have been answered by no agent, ``ringing`` of them ring at one, and the longest has waited for
    ``longest`` seconds; ``connected`` are with agents. ``logged_in`` agents serve it, ``ready`` of them could be
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
    """A call in a queue. ``place`` in line counts from 1, ``number`` is the caller's.

    It waits since ``since`` (Unix seconds); ``agent`` is whose phone rings, null for none. ``offers`` counts how often
    an agent's phone was to ring for it.
    """

    place: int
    call: str
    number: str
    since: float
    priority: int
    agent: str | None
    offers: int


class Agent(msgspec.Struct, frozen=True):
    """An agent. ``password`` is only there in the reply that made it."""

    name: str
    id: str
    first_name: str
    last_name: str
    phone: str
    address: str
    queues: list[str]
    features: list[str]
    enabled: bool
    password: str | UnsetType = UNSET


class AgentRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An agent to create, or to put in the place of one. ``name`` is the user name of Genesys Web Services.

    ``password`` left out: kept, or made for a new agent and told in the reply, once. ``id`` (32 hex digits) left out:
    kept, or made. ``phone`` is the login of one that registers here, or ``address`` the SIP URI of another; exactly one
    of them. ``queues`` names those whose calls are offered.
    """

    name: str
    password: str | None = None
    id: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    address: str = ""
    queues: list[str] = []
    features: list[str] = msgspec.field(default_factory=lambda: ["api-voice"])
    enabled: bool = True


class AgentPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of an agent is to change; a ``phone`` takes the place of an ``address``, and the other way round."""

    password: str | UnsetType = UNSET
    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    phone: str | UnsetType = UNSET
    address: str | UnsetType = UNSET
    queues: list[str] | UnsetType = UNSET
    features: list[str] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class AgentCall(msgspec.Struct, frozen=True):
    """A call at an agent's phone. ``other`` is the number at its other end, ``dialled`` the one that was dialled.

    ``state``: dialing, ringing or established. ``queue`` is null for a direct call. ``kind``: internal, inbound or
    outbound. Times in Unix seconds.
    """

    call: str
    state: str
    other: str
    dialled: str
    queue: str | None
    kind: str
    began: float
    answered: float | None


class AgentStatus(msgspec.Struct, frozen=True):
    """An agent at this moment: ``state`` since ``since`` (Unix seconds), and the calls of the phone, oldest first.

    ``state``: logged_out, not_ready, ready or after_call_work. ``registered``: the phone can be rung.
    """

    name: str
    number: str
    state: str
    since: float
    registered: bool
    calls: list[AgentCall]


class AgentState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an agent is from now on. "ready" and "not_ready" log in too; "after_call_work" is for who is logged in."""

    state: State
