"""Callers who wait are told so, and are held by the edge for as long again."""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush

from callgate.core.answers import Applied
from callgate.core.calls import CallId
from callgate.core.queues.model import Place
from callgate.queues.floor import Floor
from callgate.queues.tasks import Alarm, Later

#: What a waiting caller hears (RFC 3261 section 21.1.4): his network keeps waiting for three minutes after it.
STATUS, PHRASE = 182, "Queued"
#: How many calls the edge is asked to hold at once.
_AT_ONCE = 32


class Announcements:
    """One timer, and one task at most, for all calls that wait."""

    def __init__(self, floor: Floor, later: Later) -> None:
        self._floor = floor
        self._alarm = Alarm(self._begin, floor.now, later)
        self._due: dict[CallId, float] = {}
        self._order: list[tuple[float, CallId]] = []  # with entries that are due at another time by now
        self._running = self._stopped = False

    def __len__(self) -> int:
        return len(self._due)

    def add(self, call: CallId) -> None:
        """The call waits: tell its caller at once, and again while it does."""
        self._set(call, self._floor.now())
        if not self._running:
            self._begin()

    def stop(self) -> None:
        """Nobody is told any more."""
        self._running = self._stopped = True
        self._alarm.set(None)
        self._due.clear()

    def _set(self, call: CallId, at: float) -> None:
        self._due[call] = at
        heappush(self._order, (at, call))

    def _begin(self) -> None:
        self._running = True
        self._floor.tasks.start(self._announce())

    async def _announce(self) -> None:
        try:
            while calls := self._take():
                await asyncio.gather(*(self._hold(call) for call in calls))
        finally:
            self._running = self._stopped
        self._alarm.set(self._order[0][0] if self._order else None)

    def _take(self) -> list[CallId]:
        """Some of those that are due."""
        calls: list[CallId] = []
        now = self._floor.now()
        while self._order and self._order[0][0] <= now and len(calls) < _AT_ONCE:
            at, call = heappop(self._order)
            if self._due.get(call) == at:
                del self._due[call]
                calls.append(call)
        return calls

    async def _hold(self, call: CallId) -> None:
        floor, settings = self._floor, self._floor.settings
        pause = settings.announce
        if self._place(call) is Place.WAITING:
            answer = await floor.control.hold_on(call, settings.hold, status=STATUS, phrase=PHRASE)
            if not isinstance(answer, Applied):
                pause = min(pause, settings.again)
        if self._place(call) not in (None, Place.CONNECTED) and call not in self._due:
            self._set(call, floor.now() + pause)

    def _place(self, call: CallId) -> Place | None:
        placement = self._floor.distributor.placement(call)
        return None if placement is None else placement.place
