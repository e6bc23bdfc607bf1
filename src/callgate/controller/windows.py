"""The windows of the calls that are held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from callgate.core.calls import Call, Sequence


class Windows:
    """One timer for each call that is held: until when applications may decide it.

    Args:
        now: the time (Unix seconds).
        lapse: called with the call when its window is over; the window is not open any more then.
    """

    def __init__(self, now: Callable[[], float], lapse: Callable[[Call], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._now = now
        self._lapse = lapse
        self._timers: dict[Sequence, asyncio.TimerHandle] = {}
        #: Whether nobody is waited for any more, as :meth:`end` says.
        self.ended = False

    def __contains__(self, sequence: Sequence) -> bool:
        return sequence in self._timers

    def open(self, call: Call) -> None:
        """Until the call's deadline; a window that is open already is set anew."""
        self.close(call.sequence)
        delay = 0.0 if self.ended else max(0.0, call.deadline - self._now())
        self._timers[call.sequence] = self._loop.call_later(delay, self._over, call)

    def close(self, sequence: Sequence) -> None:
        """The call is decided, or gone."""
        timer = self._timers.pop(sequence, None)
        if timer is not None:
            timer.cancel()

    def end(self) -> None:
        """Nobody is waited for any more: what is opened from now on is over at once."""
        self.ended = True

    def close_all(self) -> None:
        """No call lapses any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _over(self, call: Call) -> None:
        self.close(call.sequence)
        self._lapse(call)
