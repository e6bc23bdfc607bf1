"""Kamailio dies: it is started again, the controller finds it, and has it know the directory again."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.sip.rig import Rig, number, rig_on
from tests.system import eventually

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="function")]


@pytest.mark.parametrize("whom", ["all", "one worker"])
async def test_killed(tmp_path: Path, whom: str) -> None:
    async with rig_on(tmp_path) as rig:
        held, talking = rig.dial("3"), await rig.accepted()
        identity = await rig.held(held)
        await talking.ended()
        await rig.native.heard("answered", talking.call_id)
        before = rig.system.edge_pids()
        os.kill(before[0] if whom == "all" else before[len(before) // 2], signal.SIGKILL)

        # What the edge had is lost, and that is told.
        assert (await rig.native.heard("failed", held.call_id))["id"] == identity
        await rig.native.heard("failed", talking.call_id)
        code, problem = await rig.native.decide("refuse", identity)
        assert (code, problem["type"].rpartition("/")[2]) == (502, "edge-failed")

        await _decided_again(rig)
        assert not set(before) & set(rig.system.edge_pids())
        assert (await rig.caller.invite(rig.system.edge, "777").ended()).status == 404
        entry = await rig.native.journal(identity, lambda entry: entry["call"]["ended"] is not None)
        assert entry["call"]["state"] == "failed"


async def _decided_again(rig: Rig) -> None:
    await rig.system.ready()
    refused, accepted = (rig.caller.invite(rig.system.edge, number("2")) for _ in range(2))
    assert (await rig.native.decide("refuse", await rig.held(refused)))[0] == 200
    assert (await rig.native.decide("accept", await rig.held(accepted)))[0] == 200
    assert ((await refused.ended()).status, (await accepted.ended()).status) == (603, 200)
    await accepted.hang_up()


async def test_killed_together_with_the_controller(tmp_path: Path) -> None:
    async with rig_on(tmp_path) as rig:
        os.kill(rig.system.edge_pids()[0], signal.SIGKILL)
        controller = rig.system.controller_pid()
        os.kill(controller, signal.SIGKILL)
        await asyncio.sleep(0.5)
        await rig.system.ready()
        assert rig.system.controller_pid() != controller
        call = rig.dial("4")
        assert (await call.ended()).status == 486
        assert 0.9 <= call.final.at - call.sent_at <= 3.5


async def test_killed_five_times(tmp_path: Path) -> None:
    async with rig_on(tmp_path) as rig:
        for _ in range(5):
            await rig.system.ready()
            pids = rig.system.edge_pids()
            os.kill(pids[0], signal.SIGKILL)
            await eventually(lambda: not set(pids) & set(rig.system.edge_pids() or pids))  # noqa: B023  (called at once)
            await asyncio.sleep(0.5)
        await _decided_again(rig)
