"""Keys in the order of time: with them the tables need no index by time, neither for the newest nor for the oldest.

A call's key is its id (UUID version 7). Verdicts and deliveries get a number: the microsecond, and below it the
writer's own random number, so that two controllers on one database do not meet. A key is made once, when the entry
is taken up; a batch that is written again after a lost connection therefore makes no row twice.
"""

from __future__ import annotations

import secrets

from callgate.core.calls import CallId, call_id

_WRITER_BITS = 10
#: The year 2223, in Unix seconds: the last that both kinds of key can hold, rounded down.
_LATEST = 8e9


class Numbers:
    """The numbers that one writer gives, each greater than the one before."""

    def __init__(self) -> None:
        self._writer = secrets.randbits(_WRITER_BITS)
        self._last = 0

    def next(self, at: float) -> int:
        """The number for what happened at ``at`` (Unix seconds)."""
        microsecond = int(at * 1e6)
        self._last = microsecond if microsecond > self._last else self._last + 1
        return self._last << _WRITER_BITS | self._writer


def first_number(at: float) -> int:
    """The lowest number that can be given at ``at`` (Unix seconds)."""
    return int(_within(at) * 1e6) << _WRITER_BITS


def first_call_id(at: float) -> CallId:
    """The lowest id that a call received at ``at`` (Unix seconds) can have."""
    return call_id(_within(at), sequence=0, edge=0)


def _within(at: float) -> float:
    """The nearest time that a key can hold: beyond, the key of a time would wrap round to another."""
    return min(max(at, 0.0), _LATEST)
