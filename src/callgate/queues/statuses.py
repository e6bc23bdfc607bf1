"""Queues as they are at this moment: all of them in one pass over agents and calls, as they are asked for often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from callgate.core.queues.model import Place, Presence
from callgate.directory.model import Queue
from callgate.queues.floor import Floor
from callgate.queues.port import QueueStatus


def statuses(floor: Floor, queues: Iterable[Queue]) -> list[QueueStatus]:
    """How each of these queues is now."""
    now = floor.now()
    logged_in, ready = Counter[str](), Counter[str]()
    for view in floor.distributor.agents():
        if view.presence is not Presence.LOGGED_OUT:
            logged_in.update(view.queues)
        if view.presence is Presence.READY and view.reachable and not view.calls:
            ready.update(view.queues)
    connected = floor.calls.connected()
    found = []
    for queue in queues:
        name, counts = queue.name, floor.counts(queue.name)
        waiting = floor.distributor.waiting(name)
        found.append(
            QueueStatus(
                name=name,
                number=queue.number,
                waiting=len(waiting),
                ringing=sum(each.place is not Place.WAITING for each in waiting),
                longest=max((now - each.since for each in waiting), default=0.0),
                connected=connected[name],
                logged_in=logged_in[name],
                ready=ready[name],
                answered=counts.answered,
                abandoned=counts.abandoned,
                overflowed=counts.overflowed,
            )
        )
    return found
