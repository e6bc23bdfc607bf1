"""What is measured: latencies, CPU a call, and the highest rate that still works."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import msgspec

from bench.caller import Calls

#: A rate works if so many of its calls end right, so few messages are sent again, and no queue grows.
RIGHT = 0.999
REPEATED = 0.001
GROWING_MS = 100.0
#: How much of the rate asked for the load must have kept.
_KEPT = 0.97


class Percentiles(msgspec.Struct, frozen=True):
    """A distribution, in milliseconds."""

    p50: float
    p90: float
    p99: float
    worst: float


class Step(msgspec.Struct, frozen=True):
    """One rate tried, in calls/s: how many calls, which share ended right, messages sent again, whole latency."""

    rate: float
    calls: int
    right: float
    repeated: int
    whole: Percentiles
    cpu_ms: dict[str, float]
    works: bool


def percentiles(seconds: Iterable[float]) -> Percentiles:
    """The distribution of these durations (seconds); all zero if there are none."""
    values = sorted(seconds)
    if not values:
        return Percentiles(0.0, 0.0, 0.0, 0.0)

    def at(share: float) -> float:
        return round(values[min(len(values) - 1, int(len(values) * share))] * 1000, 3)

    return Percentiles(at(0.5), at(0.9), at(0.99), at(1.0))


def judge(rate: float, calls: Calls, right: int, cpu_ms: dict[str, float]) -> Step:
    """Whether a rate works, by what became of its calls, and the CPU milliseconds used by each part."""
    count = len(calls.invited)
    whole = percentiles(ended - began for began, ended in zip(calls.invited, calls.ended, strict=True) if ended)
    repeated = calls.again + calls.repeats
    works = (
        right >= RIGHT * count
        and repeated <= REPEATED * count
        and whole.p90 < GROWING_MS
        and calls.seconds <= count / rate / _KEPT
    )
    each = {part: round(used / count, 4) for part, used in cpu_ms.items()}
    return Step(round(rate), count, round(right / count, 5), repeated, whole, each, works)


async def highest(attempt: Callable[[float], Awaitable[Step]], first: float) -> tuple[Step, list[Step]]:
    """The highest rate that works, to 4 %, with all that was tried: upwards by a quarter, then by halves between.

    A step that fails is tried once more: a machine with other work fails one now and then.
    """
    tried: list[Step] = []

    async def works(rate: float) -> bool:
        for _ in range(2):
            tried.append(await attempt(rate))
            if tried[-1].works:
                return True
        return False

    low, rate = 0.0, first
    while await works(rate):
        low, rate = rate, rate * 1.25
    high = rate
    if not low:
        while rate > 100 and not await works(rate):
            high, rate = rate, rate / 1.5
        low = rate
    while high / low > 1.04:
        middle = (low + high) / 2
        if await works(middle):
            low = middle
        else:
            high = middle
    best = max((step for step in tried if step.works), key=lambda step: step.rate, default=tried[0])
    return best, tried
