"""``me/queues``: the queues that the agent serves, to look at."""

from __future__ import annotations

from callgate.dialects.genesys import resources, wire
from callgate.dialects.genesys.errors import not_found
from callgate.dialects.genesys.requests import Reply, Request, collection, single
from callgate.directory.service import DirectoryService


class Queues:
    """The endpoints."""

    def __init__(self, directory: DirectoryService) -> None:
        self._directory = directory

    async def list(self, request: Request) -> Reply:
        """GET me/queues"""
        return collection(request, "queues", [(queue.uri, queue) for queue in self.shown(request)])

    async def get(self, request: Request) -> Reply:
        """GET queues/{id}, as the list's URIs have it: one of the agent's own."""
        for queue in self.shown(request):
            if queue.id == request.id:
                return single(request, "queue", queue)
        raise not_found("The queue")

    def shown(self, request: Request) -> tuple[wire.Queue, ...]:
        """All queues that the agent serves."""
        queues = self._directory.current.queues
        served = [queues[name] for name in request.status.agent.queues if name in queues]
        return tuple(resources.queue(queue, request.base) for queue in served)
