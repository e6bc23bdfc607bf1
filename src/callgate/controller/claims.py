"""Verdicts on their way to the edge: the first of each call, and who came second while it is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from callgate.core.answers import Answer
from callgate.core.calls import Call, Sequence
from callgate.core.events import CallEvent
from callgate.core.gate import Claim, Gate
from callgate.core.reports import Ack, AckResult
from callgate.edge.rows import GUARD_MARGIN
from callgate.edge.standing import StandingLink


class Claims:
    """Carries out what has claimed a call.

    Args:
        tell: called with what follows from each acknowledgement of the edge.
    """

    def __init__(
        self, gate: Gate, edge: StandingLink, now: Callable[[], float], tell: Callable[[list[CallEvent]], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._gate = gate
        self._edge = edge
        self._now = now
        self._tell = tell
        self._second: dict[Sequence, list[asyncio.Future[Answer]]] = {}

    def carry_out(self, claim: Claim) -> asyncio.Future[Answer]:
        """Send a claimed verdict to the edge; the answer comes with the edge's acknowledgement."""
        call = claim.call
        first: asyncio.Future[Answer] = self._loop.create_future()
        second: list[asyncio.Future[Answer]] = []
        self._second[call.sequence] = second
        if self._edge.link is None:
            acknowledged: asyncio.Future[Ack] = self._loop.create_future()
            acknowledged.set_result(Ack(AckResult.UNANSWERED))
        else:
            acknowledged = self._edge.link.decide(call, claim.record.verdict, call.window + GUARD_MARGIN)

        def settle(future: asyncio.Future[Ack]) -> None:
            answer, events = self._gate.settle(claim, future.result(), self._now())
            if self._second.get(call.sequence) is second:  # else what was dialled has returned, and was claimed anew
                del self._second[call.sequence]
            for waiter in (first, *second):
                if not waiter.done():  # else its request was given up
                    waiter.set_result(answer if waiter is first else self._gate.answer_for_waiting(claim))
            self._tell(events)

        acknowledged.add_done_callback(settle)
        return first

    async def after_first(self, call: Call) -> Answer:
        """What the second to decide is told: it depends on what comes of the first."""
        second = self._second.get(call.sequence)
        if second is None:
            return self._gate.answer_for_late(call)
        waiter: asyncio.Future[Answer] = self._loop.create_future()
        second.append(waiter)
        return await waiter
