"""Who hears the link in the tests."""

from __future__ import annotations

import asyncio

from callgate.core.calls import Call, Sequence
from callgate.core.gate import Gate
from callgate.core.reports import Incoming, Report
from callgate.edge.configuration import LinkAddress
from callgate.edge.link import EdgeLink
from tests.unit.core.calls import admitted

from .fake import FakeEdge

#: Long enough for a loaded machine to acknowledge in, short enough to wait for twice.
COMMAND_TIMEOUT = 0.3


class Heard:
    """Everything that the link told, in order."""

    def __init__(self) -> None:
        self.events: list[object] = []
        #: How much had been told when each connection began.
        self.connections: list[int] = []
        self.fault: Exception | None = None
        self._news = asyncio.Event()

    def on_connecting(self) -> None:
        self.connections.append(len(self.events))

    def on_incoming(self, incoming: Incoming) -> None:
        self._add(incoming)

    def on_report(self, report: Report) -> None:
        self._add(report)

    def on_resumed(self, sequence: Sequence, answered: bool, attempt: int) -> None:
        self._add(("resumed", sequence, answered, attempt))

    def on_phone(self, login: str, contacts: int, source: str) -> None:
        self._add(("phone", login, contacts, source))

    def on_synced(self) -> None:
        self._add("synced")

    def on_lost(self) -> None:
        self._add("lost")

    def _add(self, event: object) -> None:
        self.events.append(event)
        self._news.set()
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault

    async def until(self, count: int) -> list[object]:
        """What was heard, when it is so many."""
        async with asyncio.timeout(10):
            while len(self.events) < count:
                self._news.clear()
                await self._news.wait()
        return self.events


class Linked:
    """A link with the edge at its other end."""

    def __init__(self, edge: FakeEdge, address: LinkAddress, heard: Heard) -> None:
        self.edge = edge
        self.address = address
        self.heard = heard
        self.link = EdgeLink(address, heard, command_timeout=COMMAND_TIMEOUT)

    def call(self, sequence: int = 7) -> Call:
        return admitted(Gate(), sequence)
