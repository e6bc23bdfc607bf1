"""``me/channels``: the voice channel, and what the agent says of himself there."""

from __future__ import annotations

from callgate.dialects.genesys import resources
from callgate.dialects.genesys.errors import not_found
from callgate.dialects.genesys.operations import Operation, present
from callgate.dialects.genesys.requests import Reply, Request, collection, single
from callgate.queues.port import ContactCentre


class Channels:
    """The endpoints."""

    def __init__(self, centre: ContactCentre) -> None:
        self._centre = centre

    async def list(self, request: Request) -> Reply:
        """GET me/channels"""
        channel = resources.channel(request.status, request.base)
        return collection(request, "channels", [(channel.uri, channel)])

    async def get(self, request: Request) -> Reply:
        """GET me/channels/voice"""
        _check(request)
        return single(request, "channel", resources.channel(request.status, request.base))

    async def operate(self, request: Request) -> Reply:
        """POST me/channels/voice: Ready, NotReady, AfterCallWork."""
        _check(request)
        operation = Operation.read(request.body)
        request.require_voice()
        return present(request, self._centre, operation.presence())


def _check(request: Request) -> None:
    if request.id != resources.VOICE:
        raise not_found("The channel")
