"""What one reader of the event stream is sent, in order and without gaps, whatever it travels by."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

from callgate.core.calls import CallId
from callgate.core.control import CallControl
from callgate.core.states import FINAL
from callgate.dialects.native.mapping import call_of
from callgate.dialects.native.ring import Entry, EventRing, encode, with_cursor
from callgate.dialects.native.wire import Event

#: How many events go out in one piece, and how many calls of a snapshot are encoded before others get their turn.
_BATCH = 100


class SlowReaderError(Exception):
    """The reader has more events waiting than it may have."""


class Filter(msgspec.Struct, frozen=True):
    """Which events a reader wants: of these trunks and of these kinds; empty: all."""

    trunks: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()

    def wants(self, entry: Entry) -> bool:
        return (not self.kinds or entry.kind in self.kinds) and self.wants_trunk(entry.trunk)

    def wants_trunk(self, trunk: str) -> bool:
        return not self.trunks or trunk in self.trunks


class Message(msgspec.Struct, frozen=True):
    """One event to send, as JSON. ``cursor`` is empty while there is nothing to resume from yet."""

    kind: str
    cursor: str
    data: bytes


class Feed:
    """One reader's way through the ring.

    Args:
        limit: how many events may wait while the reader does not take any; then it is dropped.
        keep_alive: after how many seconds without an event a "keepalive" message is due.
        allowed: whether the reader may go on (its key may be gone).
    """

    def __init__(
        self,
        ring: EventRing,
        control: CallControl,
        cursor: str | None,
        filter_: Filter,
        *,
        limit: int,
        keep_alive: float,
        allowed: Callable[[], bool],
    ) -> None:
        self._ring = ring
        self._control = control
        self._cursor = cursor
        self._filter = filter_
        self._limit = limit
        self._keep_alive = keep_alive
        self._allowed = allowed
        self._position = ring.last
        self._closed = False
        self._patience: asyncio.Timeout | None = None

    async def messages(self) -> AsyncIterator[list[Message]]:
        """What is to be sent, in pieces; ends when the feed is closed or the reader may not go on.

        Raises:
            SlowReaderError: the reader fell so far behind that it would miss events.
        """
        resumed = self._ring.resume(self._cursor)
        if isinstance(resumed, int):
            self._position = resumed
        else:
            async for piece in self._afresh(resumed):
                yield piece
        while not self._closed and self._allowed():
            entries = self._next()
            if entries:
                wanted = [self._message(entry, entry.position) for entry in entries if self._filter.wants(entry)]
                if wanted:
                    yield wanted
            elif not await self._grown():
                yield [self._notice("keepalive", self._ring.cursor(self._position))]

    async def send(self, sending: Awaitable[None]) -> None:
        """Wait for a piece to be taken.

        Raises:
            SlowReaderError: too many events came meanwhile, or the feed was closed.
        """
        try:
            async with asyncio.timeout(None) as self._patience:
                await sending
        except TimeoutError:
            raise SlowReaderError from None
        finally:
            self._patience = None

    def watch(self, last: int) -> None:
        """The newest event has this position: give the reader up if it is too far behind."""
        if self._patience is not None and last - self._position > self._limit:
            self._give_up()

    def close(self) -> None:
        """End the stream, also one whose reader takes nothing."""
        self._closed = True
        self._give_up()

    def _give_up(self) -> None:
        if self._patience is not None:
            self._patience.reschedule(asyncio.get_running_loop().time())
            self._patience = None

    async def _afresh(self, why: str) -> AsyncIterator[list[Message]]:
        """Reset, the live calls, what happened to them meanwhile, and ready."""
        self._position = self._ring.last
        yield [self._notice("reset", "", why)]
        shown: dict[CallId, int] = {}
        live = list(self._control.live())
        for start in range(0, len(live), _BATCH):
            if self._closed:
                return
            piece = []
            for call in live[start : start + _BATCH]:
                if call.state not in FINAL and self._filter.wants_trunk(call.trunk):
                    shown[call.id] = self._ring.last
                    event = Event("", "snapshot", self._control.now(), call=call_of(call))
                    piece.append(Message("snapshot", "", encode(event)))
            if piece:
                yield piece
            await asyncio.sleep(0)
        until = self._ring.last
        while self._position < until:
            piece = [
                self._message(entry, None)
                for entry in self._next()
                # A call that was shown later than this event is newer than it.
                if self._filter.wants(entry) and (entry.call is None or shown.get(entry.call, 0) < entry.position)
            ]
            if piece:
                yield piece
        yield [self._notice("ready", self._ring.cursor(self._position))]

    def _next(self) -> list[Entry]:
        if not self._ring.reaches(self._position):
            raise SlowReaderError
        entries = self._ring.after(self._position, _BATCH)
        if entries:
            self._position = entries[-1].position
        return entries

    async def _grown(self) -> bool:
        """Whether there is something to look at within the keep-alive time."""
        try:
            async with asyncio.timeout(self._keep_alive):
                await self._ring.grown()
        except TimeoutError:
            return False
        return True

    def _message(self, entry: Entry, position: int | None) -> Message:
        cursor = "" if position is None else self._ring.cursor(position)
        return Message(entry.kind, cursor, entry.encoded(cursor))

    def _notice(self, kind: str, cursor: str, why: str | None = None) -> Message:
        return Message(kind, cursor, with_cursor(encode(Event("", kind, self._control.now(), why=why)), cursor))
