"""A thousand calls at once: each gets its own answer, and when all are over the edge remembers none of them."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.sip.rig import Rig, empty, entries, number, rig_on
from tests.sip.user_agent import answer, ring
from tests.system import eventually

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]


async def remembered(rig: Rig, calls: int) -> bool:
    """Whether the edge's tables hold so many calls; it tells once a second."""
    found = await entries(rig)
    return all(found[table] == calls for table in ("call", "state", "leg"))


async def test_a_thousand_calls_held_at_once_and_then_refused(tmp_path: Path) -> None:
    async with rig_on(tmp_path, tables="shared_memory = 128") as rig:
        calls = []
        for _ in range(1000):
            calls.append(rig.dial("3"))
            await asyncio.sleep(0.0005)
        identities = await asyncio.gather(*(rig.native.held(call.call_id, 30) for call in calls))
        await eventually(lambda: remembered(rig, 1000), 10)
        assert {call.statuses[-1] for call in calls} == {100}

        begun = time.monotonic()
        replies = await asyncio.gather(*(rig.native.decide("refuse", identity) for identity in identities))
        for call in calls:
            await call.ended()
        print(f"1,000 held calls refused in {time.monotonic() - begun:.2f} s")
        assert {status for status, _ in replies} == {200}
        await asyncio.sleep(1)
        # A final response may be repeated before its ACK is in; it is always the same one.
        assert all({final.first_line for final in call.finals} == {"SIP/2.0 603 Decline"} for call in calls)
        assert rig.destination.invites == []

        # All ways a call can end, and then nothing is left.
        for behave in (answer, ring):
            call = await rig.accepted(behave=behave)
            if behave is answer:
                await call.ended()
                await call.hang_up()
            else:
                await call.until(lambda each: 180 in each.statuses)
                call.cancel()
                await call.ended()
        held = rig.dial("2")
        await rig.held(held)
        held.cancel()
        await rig.dial("4").ended()
        assert (await rig.caller.invite(rig.system.edge, number("9")).ended()).status == 404
        await eventually(lambda: remembered(rig, 0), 10)
        # What is kept against stragglers goes by itself.
        await eventually(lambda: empty(rig), 60)
