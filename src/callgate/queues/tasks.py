"""The tasks and timers of the contact centre: each is kept, and none is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import structlog

log = structlog.get_logger(__name__)


class Timer(Protocol):
    """What a timer that was set can do."""

    def cancel(self) -> object: ...


#: Has something called after so many seconds (:meth:`asyncio.loop.call_later`).
Later = Callable[[float, Callable[[], None]], Timer]


class Tasks:
    """Work under way. What fails is logged: whoever started it is not there any more."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin the work; it is dropped after :meth:`stop`."""
        if self._stopped:
            work.close()
            return
        task = asyncio.create_task(work, name=f"contact centre: {getattr(work, '__qualname__', work)}")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task of the contact centre failed", task=task.get_name(), exc_info=error)

    async def stop(self) -> None:
        """End all of it."""
        self._stopped = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Alarm:
    """One timer, for the next of many times. ``now`` gives Unix seconds."""

    def __init__(self, ring: Callable[[], None], now: Callable[[], float], later: Later) -> None:
        self._ring = ring
        self._now = now
        self._later = later
        self._at: float | None = None
        self._timer: Timer | None = None

    def set(self, at: float | None) -> None:
        """Ring at that time (Unix seconds), and not when it was set to before; ``None``: not at all."""
        if at == self._at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._at = at
        self._timer = None if at is None else self._later(max(0.0, at - self._now()), self._due)

    def _due(self) -> None:
        self._at = self._timer = None
        self._ring()
