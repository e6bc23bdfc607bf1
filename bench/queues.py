"""Fifty agents, five hundred callers: how soon a free agent's phone rings, and how soon a rejected call."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from bench.machine import cpu_ms
from bench.measure import Percentiles, percentiles
from tests.sip.genesys.many import many

AGENTS, CALLERS = 50, 500


class Shift(msgspec.Struct, frozen=True):
    """One shift: ``served`` of the calls, ``hung_up`` the callers who did not wait, ``rejected`` by agents.

    ``freed``: from an agent's BYE to the next INVITE at his phone; ``rejecting``: from an agent's Reject to the
    INVITE at the next one's phone. ``seconds`` is how long it took from the first agent's login on, with calls of
    60 to 200 ms; ``cpu`` in ms a call, by part.
    """

    served: int
    hung_up: int
    rejected: int
    wrong: int
    seconds: float
    freed: Percentiles
    rejecting: Percentiles
    cpu: dict[str, float]


async def shift(folder: Path) -> Shift:
    """Every caller is in line before the first agent is ready."""
    async with many(folder, agents=AGENTS) as centre:
        await centre.arrive(CALLERS)
        system = centre.rig.system
        parts = {"edge": system.edge_pids(), "controller": [system.controller_pid()]}
        before = {part: cpu_ms(pids) for part, pids in parts.items()}
        began = time.monotonic()
        await centre.serve(240)
        seconds = time.monotonic() - began
        used = {part: round((cpu_ms(pids) - before[part]) / CALLERS, 3) for part, pids in parts.items()}
        courses = list(centre.courses.values())
        ends = [{final.status for final in course.call.finals} for course in courses]
        served = sum(end == {200} and len(course.served_by) == 1 for end, course in zip(ends, courses, strict=True))
        hung_up = sum(end == {487} and course.hangs_up for end, course in zip(ends, courses, strict=True))
        return Shift(
            served=served,
            hung_up=hung_up,
            rejected=centre.rejected.count(0),
            wrong=len(courses) - served - hung_up,
            seconds=round(seconds, 1),
            freed=percentiles(centre.free_to_ring),
            rejecting=percentiles(centre.reject_to_ring),
            cpu=used,
        )
