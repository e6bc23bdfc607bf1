"""A thousand calls whose application never answers: they get their 500 in time, and nobody else notices."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.sip.rcml.application import silence
from tests.sip.rcml.rig import RcmlRig
from tests.system import eventually

pytestmark = [pytest.mark.sip, pytest.mark.asyncio(loop_scope="session")]

CALLS = 1_000


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def sockets(pid: int) -> int:
    return sum(1 for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink())


async def test_a_thousand_calls_wait_in_vain_and_the_neighbours_do_not(rcml: RcmlRig) -> None:
    controller = rcml.sip.system.controller_pid()
    memory, before = resident_mb(controller), sockets(controller)
    calls = []
    for count in range(CALLS):
        calls.append(rcml.dial("75", silence)[0])
        if count % 10 == 0:
            await asyncio.sleep(0.02)  # a burst that no socket holds tells nothing, nor do windows that end at once

    for _ in range(20):
        neighbour, _ = rcml.dial("79")
        status, reply = await rcml.sip.native.decide("refuse", await rcml.sip.held(neighbour), reason="busy")
        assert (status, reply["result"]) == (200, "applied")
        assert (await neighbour.ended()).status == 486
    # The application is asked as often as the setting rcml.requests says, not a thousand times at once.
    assert sockets(controller) - before < 400
    assert resident_mb(controller) - memory < 100

    finals = [await call.ended(30) for call in calls]
    assert {final.status for final in finals} == {500}
    assert all(rcml.untouched(call) for call in calls)
    await eventually(lambda: sockets(controller) - before < 50, 30)
