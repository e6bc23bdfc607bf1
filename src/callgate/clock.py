"""The clock of a controller."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

#: A wall clock that is further away than this (seconds) was set; less is its ordinary correction.
STEP = 1.0


class SteadyClock:
    """Unix time that goes on evenly: the wall clock at start, and from then on the monotonic clock.

    The edge stamps calls with the wall clock, so when that is set (by hand, or by NTP after a long outage) this clock
    follows it in one step; otherwise the windows of all later calls would end too early or too late.
    """

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._offset = wall() - monotonic()

    def __call__(self) -> float:
        now = self._monotonic() + self._offset
        step = self._wall() - now
        if abs(step) > STEP:
            log.warning("the clock of this machine was set", seconds=round(step, 3))
            self._offset += step
            now += step
        return now
