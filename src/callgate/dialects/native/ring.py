"""The last events, in a ring: each reader has its own place in it, and none costs memory of its own.

A cursor is "<epoch>-<position>" of the last event that a reader has; the epoch is another one in each process.
"""

from __future__ import annotations

import asyncio
import copy
import re
from collections.abc import Callable

import msgspec

from callgate.core.calls import Call, CallId
from callgate.core.events import CallEvent, CallStory, Delivery, Event, Kind, PhoneEvent, Synced, VerdictEvent
from callgate.dialects.native import wire
from callgate.dialects.native.mapping import call_of, delivery_of, verdict_given_of

_CURSOR = re.compile(r"([0-9a-f]{8})-([0-9]{1,18})")
_encode = msgspec.json.Encoder().encode
_SEPARATORS = (("\u0085".encode(), b"\\u0085"), ("\u2028".encode(), b"\\u2028"), ("\u2029".encode(), b"\\u2029"))
_NO_CURSOR = b'{"cursor":""'


class Entry(msgspec.Struct, gc=False):
    """One event at its position. It is encoded when the first reader wants it, and once for all of them."""

    position: int
    kind: str
    call: CallId | None
    trunk: str
    _event: CallStory | None
    _encoded: bytes = b""

    def encoded(self, cursor: str) -> bytes:
        """The event as JSON, with that cursor."""
        if self._event is not None:
            self._encoded = encode(_wire(self._event, self.kind))
            self._event = None
        return with_cursor(self._encoded, cursor)


def encode(event: wire.Event) -> bytes:
    """An event without a cursor as JSON, ready for :func:`with_cursor`.

    Line separators beyond ASCII, which a caller may put into a header, are escaped: some readers of server-sent
    events take them for the end of a line.
    """
    encoded = _encode(event)
    for separator, escaped in _SEPARATORS:
        if separator in encoded:
            encoded = encoded.replace(separator, escaped)
    return encoded


def with_cursor(encoded: bytes, cursor: str) -> bytes:
    """The encoded event with a cursor."""
    return b'{"cursor":"%b"%b' % (cursor.encode(), encoded[len(_NO_CURSOR) :])


class EventRing:
    """The last ``size`` events of this process.

    Args:
        epoch: eight hexadecimal digits, others in each process.
        find: the call of an id, to know an event's trunk.
    """

    def __init__(self, size: int, epoch: str, find: Callable[[CallId], Call | None]) -> None:
        self._size = size
        self._epoch = epoch
        self._find = find
        self._entries: list[Entry] = []
        self._waiting: list[asyncio.Future[None]] = []
        self.last = 0  #: the position of the newest event; the first one has 1
        self.watchers: list[Callable[[int], None]] = []  #: told the newest position, at once

    def append(self, event: Event) -> None:
        """Take an event of a call. A call is copied as it is now, because it goes on changing."""
        if isinstance(event, PhoneEvent | Synced):
            return
        self.last += 1
        if isinstance(event, CallEvent):
            kept = CallEvent(event.kind, copy.copy(event.call), event.at, event.resumed, event.status)
            entry = Entry(self.last, event.kind.value, event.call.id, event.call.trunk, kept)
        else:
            call = None if event.call is None else self._find(event.call)
            kind = "verdict" if isinstance(event, VerdictEvent) else "delivery"
            entry = Entry(self.last, kind, event.call, call.trunk if call is not None else "", event)
        if len(self._entries) < self._size:
            self._entries.append(entry)
        else:
            self._entries[(self.last - 1) % self._size] = entry
        for watcher in self.watchers:
            watcher(self.last)
        self.wake()

    def after(self, position: int, limit: int) -> list[Entry]:
        """The events that follow a position, ``limit`` at most. Those before the ring's oldest are gone."""
        first = max(position, self.last - len(self._entries))
        return [self._entries[at % self._size] for at in range(first, min(self.last, first + limit))]

    def reaches(self, position: int) -> bool:
        """Whether every event that follows a position is still here."""
        return self.last - len(self._entries) <= position <= self.last

    async def grown(self) -> None:
        """Return as soon as there is another event, or :meth:`wake` is called."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            await future
        finally:
            if future in self._waiting:
                self._waiting.remove(future)

    def wake(self) -> None:
        """Let everyone go on who waits."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    # --- cursors -----------------------------------------------------------------------------------------------

    def cursor(self, position: int) -> str:
        """The cursor of a reader that has everything up to a position."""
        return f"{self._epoch}-{position}"

    def resume(self, cursor: str | None) -> int | str:
        """The position of a cursor, or why nothing can follow it: one of the ``why`` of a reset."""
        if not cursor:
            return "new"
        found = _CURSOR.fullmatch(cursor)
        if found is None:
            return "unknown"
        if found[1] != self._epoch:
            return "restarted"
        position = int(found[2])
        if position > self.last:
            return "unknown"
        return position if self.reaches(position) else "too_old"


def _wire(event: CallStory, kind: str) -> wire.Event:
    match event:
        case CallEvent():
            status = event.status if event.kind is Kind.RETURNED else 0  # the others have it in their call
            return wire.Event("", kind, event.at, call=call_of(event.call), resumed=event.resumed, status=status)
        case VerdictEvent():
            return wire.Event("", kind, event.at, verdict=verdict_given_of(event))
        case Delivery():
            return wire.Event("", kind, event.at, delivery=delivery_of(event))
