"""What is measured of queues and agents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Literal

import msgspec

from callgate.core.queues.model import Presence
from callgate.measures import Measure
from callgate.queues.port import ContactCentre, QueueStatus


class _Column(msgspec.Struct, frozen=True):
    kind: Literal["gauge", "counter"]
    name: str
    text: str
    of: Callable[[QueueStatus], float]


_COLUMNS = (
    _Column("gauge", "waiting_calls", "Calls that no agent has answered now.", attrgetter("waiting")),
    _Column("gauge", "ringing_calls", "Those of them that ring at an agent.", attrgetter("ringing")),
    _Column("gauge", "longest_wait_seconds", "How long the longest of them has waited.", attrgetter("longest")),
    _Column("gauge", "connected_calls", "Calls that agents talk in now.", attrgetter("connected")),
    _Column("gauge", "logged_in_agents", "Agents of the queue that are logged in.", attrgetter("logged_in")),
    _Column("gauge", "ready_agents", "Those of them that could be offered a call now.", attrgetter("ready")),
    _Column("counter", "answered_calls", "Calls that an agent has answered.", attrgetter("answered")),
    _Column("counter", "abandoned_calls", "Calls whose caller hung up before that.", attrgetter("abandoned")),
    _Column("counter", "overflowed_calls", "Calls that left the queue without an agent.", attrgetter("overflowed")),
)


def centre_measures(centre: ContactCentre) -> Iterator[Measure]:
    """Each queue, and how many agents are what."""
    queues = list(centre.queues())
    for column in _COLUMNS:
        values = {queue.name: column.of(queue) for queue in queues}
        yield Measure(column.kind, f"callgate_queue_{column.name}", column.text, values, "queue")
    presences = Counter(agent.presence for agent in centre.agents())
    agents = {presence.value: presences[presence] for presence in Presence}
    yield Measure("gauge", "callgate_agents", "Agents of the directory by what they are now.", agents, "presence")
