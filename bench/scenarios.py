"""The measurements."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Literal

import msgspec

from bench.application import Decided, Order
from bench.bed import DEAD, DOCUMENTED, Bed, Load, bed, callers
from bench.caller import Calls, Plan
from bench.machine import cpu_ms, resident_mb
from bench.measure import Percentiles, Step, highest, judge, percentiles
from bench.yardstick import refusing_alone

#: The rate at which latencies are taken, in calls/s.
STEADY = 800
HELD = 10_000
#: The rate for documents, and how many calls wait for the server that never answers.
DOCUMENT_STEADY, WAITING = 400, 1_000
_HOLD_RATE = 1_500
_HOLD_WINDOW = 60
_STATUS = {"refuse": 603, "accept": 200}


class Length(msgspec.Struct, frozen=True):
    """How long (seconds) the latencies are taken, and each step of the search for the highest rate."""

    steady: float = 10.0
    step: float = 4.0


class Latency(msgspec.Struct, frozen=True):
    """At a steady rate: INVITE to event at the application, HTTP request to final response, both together."""

    rate: float
    told: Percentiles
    decided: Percentiles
    whole: Percentiles
    step: Step


class Loop(msgspec.Struct, frozen=True):
    """One whole loop: latencies at the steady rate, the highest rate that works, and all rates tried."""

    latency: Latency
    best: Step
    tried: list[Step]


class Yardstick(msgspec.Struct, frozen=True):
    """Kamailio refusing by itself."""

    steady: Step
    best: Step
    tried: list[Step]


class Documents(msgspec.Struct, frozen=True):
    """Calls that an RCML document refuses: at a steady rate, and the highest that works."""

    latency: Percentiles
    best: Step
    tried: list[Step]


class Neighbours(msgspec.Struct, frozen=True):
    """Calls of another route, INVITE to final response: alone, and beside ``waiting`` calls whose server never answers.

    Memory in MB of the controller before and while they wait; ``ended`` of those got their 500 in time.
    """

    rate: float
    waiting: int
    alone: Percentiles
    beside: Percentiles
    right: float
    controller_before: float
    controller_waiting: float
    ended: int


class Memory(msgspec.Struct, frozen=True):
    """Memory in MB before and with the held calls; ``refused`` of them were then refused right, in ``seconds``."""

    held: int
    edge_before: float
    edge_held: float
    controller_before: float
    controller_held: float
    refused: int
    seconds: float


async def whole_loop(folder: Path, behaviour: Literal["refuse", "accept"], first: float, length: Length) -> Loop:
    """INVITE, event on the WebSocket, decision over HTTP, final response; accepted calls ring, answer and hang up."""
    async with bed(folder) as running:
        await running.application.order(Order(behaviour))
        await _attempt(running, behaviour, STEADY, 2.0)  # warm: connections, tables, memory
        step, calls, decided = await _attempt(running, behaviour, STEADY, length.steady)
        latency = _latency(step, calls, decided)

        async def attempt(rate: float) -> Step:
            return (await _attempt(running, behaviour, rate, length.step))[0]

        best, tried = await highest(attempt, first)
        return Loop(latency, best, tried)


async def _attempt(
    running: Bed, behaviour: Literal["refuse", "accept"], rate: float, seconds: float
) -> tuple[Step, Calls, Decided]:
    parts = running.parts()
    before = {part: cpu_ms(pids) for part, pids in parts.items()}
    calls = await running.load.place(Plan(rate, int(rate * seconds), patience=12.0))
    used = {part: cpu_ms(pids) - before[part] for part, pids in parts.items()}
    decided = await running.application.order(Order(report=True))
    right = _right(calls, decided, _STATUS[behaviour])
    if behaviour == "accept":
        right = min(right, calls.hung_up)
    return judge(rate, calls, right, used), calls, decided


def _right(calls: Calls, decided: Decided, status: int) -> int:
    """How many calls got that status at their caller, and its application was told that they did."""
    return sum(got == status and calls.first + index in decided.answered for index, got in enumerate(calls.statuses))


def _latency(step: Step, calls: Calls, decided: Decided) -> Latency:
    invited = {calls.first + index: at for index, at in enumerate(calls.invited)}
    ended = {calls.first + index: at for index, at in enumerate(calls.ended) if at}
    return Latency(
        rate=step.rate,
        told=percentiles(at - invited[number] for number, at in decided.told.items() if number in invited),
        decided=percentiles(ended[number] - at for number, at in decided.asked.items() if number in ended),
        whole=percentiles(at - invited[number] for number, at in ended.items()),
        step=step,
    )


async def documents(folder: Path, first: float, length: Length) -> Documents:
    """INVITE, voice request, document with ``<Reject reason="busy"/>``, 486; the caller's side alone is looked at."""
    async with bed(folder) as running, callers(running) as load:
        parts = running.parts() | {"load": [load.pid]}

        async def attempt(rate: float, seconds: float = length.step) -> Step:
            before = {part: cpu_ms(pids) for part, pids in parts.items()}
            calls = await load.place(Plan(rate, int(rate * seconds), patience=12.0, dialled=DOCUMENTED))
            used = {part: cpu_ms(pids) - before[part] for part, pids in parts.items()}
            return judge(rate, calls, calls.statuses.count(486), used)

        await attempt(DOCUMENT_STEADY, 2.0)
        latency = (await attempt(DOCUMENT_STEADY, length.steady)).whole
        best, tried = await highest(attempt, first)
        return Documents(latency, best, tried)


async def neighbours(folder: Path, length: Length) -> Neighbours:
    """A thousand calls wait for a server that never answers; what do the calls of another route notice?"""
    async with bed(folder) as running, callers(running) as other:
        await running.application.order(Order("refuse"))
        await _attempt(running, "refuse", STEADY, 2.0)
        seconds = min(length.steady, 4.0)
        alone, _, _ = await _attempt(running, "refuse", DOCUMENT_STEADY, seconds)
        controller = running.system.controller_pid()
        before = resident_mb(controller)
        waiting = asyncio.create_task(other.place(Plan(WAITING, WAITING, patience=15.0, dialled=DEAD)))
        await asyncio.sleep(1.2)  # until they are there; they wait for 6 s
        beside, _, _ = await _attempt(running, "refuse", DOCUMENT_STEADY, seconds)
        after = resident_mb(controller)
        calls = await waiting
        return Neighbours(
            rate=DOCUMENT_STEADY,
            waiting=WAITING,
            alone=alone.whole,
            beside=beside.whole,
            right=beside.right,
            controller_before=round(before, 1),
            controller_waiting=round(after, 1),
            ended=calls.statuses.count(500),
        )


async def yardstick(folder: Path, first: float, length: Length) -> Yardstick:
    """Kamailio refusing by itself, with the same caller."""
    load = Load()
    try:
        await load.answer()
        async with refusing_alone(folder) as (address, pids):
            await load.call(address)
            parts = {"edge": pids, "load": [load.pid]}

            async def attempt(rate: float, seconds: float = length.step) -> Step:
                before = {part: cpu_ms(pids) for part, pids in parts.items()}
                calls = await load.place(Plan(rate, int(rate * seconds), patience=12.0))
                used = {part: cpu_ms(pids) - before[part] for part, pids in parts.items()}
                return judge(rate, calls, calls.statuses.count(603), used)

            await attempt(STEADY, 2.0)
            steady = await attempt(STEADY, length.steady)
            best, tried = await highest(attempt, first)
            return Yardstick(steady, best, tried)
    finally:
        load.close()


async def memory(folder: Path) -> Memory:
    """Ten thousand calls held at once, then all refused."""
    async with bed(folder, window=_HOLD_WINDOW) as running:
        await running.application.order(Order("refuse"))
        await _attempt(running, "refuse", STEADY, 2.0)
        await asyncio.sleep(8.0)  # until the edge has forgotten the transactions of those
        controller = running.system.controller_pid()
        edge_before, controller_before = running.shared_memory_mb(), resident_mb(controller)
        await running.application.order(Order("hold"))
        placing = asyncio.create_task(running.load.place(Plan(_HOLD_RATE, HELD, patience=_HOLD_WINDOW)))
        held, give_up = 0, time.monotonic() + 30
        while held < HELD and time.monotonic() < give_up:
            await asyncio.sleep(0.2)
            held = (await running.application.order(Order())).held
        edge_held, controller_held = running.shared_memory_mb(), resident_mb(controller)
        began = time.monotonic()
        await running.application.order(Order(release=True))
        calls = await placing
        seconds = max(calls.ended) - began
        decided = await running.application.order(Order(report=True))
        return Memory(
            held=held,
            edge_before=round(edge_before, 1),
            edge_held=round(edge_held, 1),
            controller_before=round(controller_before, 1),
            controller_held=round(controller_held, 1),
            refused=_right(calls, decided, 603),
            seconds=round(seconds, 2),
        )
