"""The events of one session that its client has not received, as far as the server knows.

With the acknowledgement extension (docs.cometd.org, "Message Acknowledgment Extension") each reply to a poll is a
numbered batch, and each poll says which batch was received last. An event stays until a batch that had it is
acknowledged; until then every reply has it again, so that a broken poll loses nothing, and a client that acknowledges
what it received sees nothing twice. Without the extension an event is gone when it is taken.
"""

from __future__ import annotations

from collections import deque


class Outbox:
    """Events in their order.

    Args:
        limit: so many may wait.
        bytes_: so many bytes of them, as JSON.
        acknowledged: they stay until they are acknowledged.
    """

    def __init__(self, limit: int, bytes_: int, *, acknowledged: bool) -> None:
        self.acknowledged = acknowledged
        #: The number of the last batch that was taken.
        self.batch = 0
        self._limit = limit
        self._bytes_left = bytes_
        self._events: deque[bytes] = deque()
        #: Of the first events: in which batch they were taken first, and how many.
        self._taken: deque[tuple[int, int]] = deque()
        self._untaken = 0

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: bytes) -> bool:
        """Add an event; false if there would be too many, or too much of them."""
        if len(self._events) >= self._limit or len(event) > self._bytes_left:
            return False
        self._bytes_left -= len(event)
        self._events.append(event)
        self._untaken += 1
        return True

    def acknowledge(self, batch: int | None) -> None:
        """The client has received everything up to this batch; ``None``: all that was sent, since it does not count."""
        while self._taken and (batch is None or self._taken[0][0] <= batch):
            for _ in range(self._taken.popleft()[1]):
                self._bytes_left += len(self._events.popleft())

    def take(self) -> list[bytes]:
        """All events, as the next batch."""
        events = list(self._events)
        self.batch += 1
        if not self.acknowledged:
            self._events.clear()
            self._bytes_left += sum(map(len, events))
        elif self._untaken:
            self._taken.append((self.batch, self._untaken))
        self._untaken = 0
        return events
