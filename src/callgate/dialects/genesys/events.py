"""What happens, told to the agent whom it concerns, and to nobody else."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from callgate.dialects.genesys import resources
from callgate.dialects.genesys.model import CALLS, CHANNELS, DEVICES, Publisher
from callgate.dialects.genesys.wire import (
    CallStateChangeMessage,
    ChannelStateChangeMessage,
    DeviceStateChangeMessage,
    Extensions,
)
from callgate.queues.port import AgentCall, CallChanged, ContactCentre, Notice

_EXTENSIONS = Extensions()


class Events:
    """Turns notices into the vendor's notifications, for agents who have an HTTP session.

    Args:
        centre: the agents and their calls.
        publisher: brings the notifications to the agent's clients.
        base: what an agent's URIs begin with; "": he has no HTTP session.
        now: Unix seconds.
    """

    def __init__(
        self, centre: ContactCentre, publisher: Publisher, base: Callable[[str], str], now: Callable[[], float]
    ) -> None:
        self._centre = centre
        self._publisher = publisher
        self._base = base
        self._now = now

    def hear(self, notice: Notice) -> None:
        """A notice of the contact centre."""
        if isinstance(notice, CallChanged):
            self._call(notice.call)
        else:
            self._agent(notice.agent)

    def _call(self, call: AgentCall) -> None:
        base = self._base(call.agent)
        status = self._centre.agent(call.agent) if base else None
        if status is None:
            return
        number = status.agent.number
        shown = resources.call(call, number, self._centre.operations(call), base, self._now())
        message = CallStateChangeMessage("StatusChange", shown, number, _EXTENSIONS)
        self._publisher.publish(call.agent, CALLS, _raw(message))

    def _agent(self, agent: str) -> None:
        base = self._base(agent)
        status = self._centre.agent(agent) if base else None
        if status is None:
            return
        device = DeviceStateChangeMessage("DeviceStateChangeMessage", (resources.device(status, base),))
        self._publisher.publish(agent, DEVICES, _raw(device))
        channel = ChannelStateChangeMessage("ChannelStateChangeMessage", (resources.channel(status, base),))
        self._publisher.publish(agent, CHANNELS, _raw(channel))


def _raw(message: msgspec.Struct) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(message))
