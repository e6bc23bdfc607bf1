"""What waits to be written: bounded, oldest first."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Backlog(Generic[T]):
    """Entries in the order they came; with more than ``limit`` the oldest are dropped and counted.

    Entries that were taken and are being written count until :meth:`written` or :meth:`give_back`, but are not
    dropped meanwhile.
    """

    def __init__(self, limit: int) -> None:
        self.dropped = 0
        self._limit = limit
        self._waiting: deque[T] = deque()
        self._taken: list[T] = []

    def __len__(self) -> int:
        return len(self._waiting) + len(self._taken)

    def append(self, entry: T) -> int:
        """Add an entry; gives back how many are there now."""
        waiting = self._waiting
        waiting.append(entry)
        size = len(waiting) + len(self._taken)
        if size > self._limit:
            waiting.popleft()
            self.dropped += 1
            return self._limit
        return size

    def take(self, count: int) -> list[T]:
        """The oldest ``count`` entries, or as many as there are, to be written."""
        popleft = self._waiting.popleft
        self._taken = [popleft() for _ in range(min(count, len(self._waiting)))]
        return self._taken

    def written(self) -> None:
        """What was taken is done with."""
        self._taken = []

    def give_back(self) -> None:
        """What was taken could not be written and waits again, as the oldest."""
        self._waiting.extendleft(reversed(self._taken))
        self._taken = []
