"""What comes of an operation on a call, for those who wait for it."""

from __future__ import annotations

import asyncio

from callgate.core.calls import CallId
from callgate.queues.port import Outcome


class Outcomes:
    """Those who wait for what comes of a call, each for the next thing that is told of it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: dict[CallId, list[asyncio.Future[Outcome]]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def expect(self, call: CallId) -> asyncio.Future[Outcome]:
        """What is told next of the call, to be waited for with :meth:`wait`."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(call, []).append(future)
        return future

    async def wait(self, call: CallId, future: asyncio.Future[Outcome]) -> Outcome:
        """What was told; SILENT, if nothing was in time."""
        try:
            await asyncio.wait([future], timeout=self._seconds)
            return future.result() if future.done() else Outcome.SILENT
        finally:
            waiting = self._waiting.get(call, [])
            if future in waiting:
                waiting.remove(future)
            if not waiting:
                self._waiting.pop(call, None)

    def tell(self, call: CallId, outcome: Outcome) -> None:
        """This has come of whatever is waited for."""
        for future in self._waiting.pop(call, []):
            if not future.done():
                future.set_result(outcome)
