"""What is due when."""

from __future__ import annotations

from bisect import bisect_left, insort
from enum import StrEnum


class Due(StrEnum):
    """What can be due, for a call or an agent."""

    WAIT = "wait"  #: a call has waited for as long as its queue lets it
    PAUSE = "pause"  #: a call can be offered to an agent again
    RESTORED = "restored"  #: calls were restored, and nobody has been offered any of them
    WORK = "work"  #: an agent's after-call work is over


#: What is due, and the call or the agent it is due for.
Entry = tuple[Due, str]


class Agenda:
    """Entries in the order of their times (Unix seconds); each is in it once, and what is cancelled leaves no trace."""

    def __init__(self) -> None:
        self._times: dict[Entry, float] = {}
        self._order: list[tuple[float, Entry]] = []

    def set(self, entry: Entry, time: float) -> None:
        """The entry is due then, and not when it was before."""
        self.cancel(entry)
        self._times[entry] = time
        insort(self._order, (time, entry))

    def cancel(self, entry: Entry) -> None:
        """The entry is not due any more, if it was."""
        time = self._times.pop(entry, None)
        if time is not None:
            del self._order[bisect_left(self._order, (time, entry))]

    def first(self) -> float | None:
        """When the first entry is due."""
        return self._order[0][0] if self._order else None

    def take(self, now: float) -> list[Entry]:
        """Take out what is due by now, in order."""
        count = 0
        while count < len(self._order) and self._order[count][0] <= now:
            count += 1
        taken = [entry for _, entry in self._order[:count]]
        del self._order[:count]
        for entry in taken:
            del self._times[entry]
        return taken
