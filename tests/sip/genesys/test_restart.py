"""The controller dies while callers wait, ring and talk: nobody on the telephone notices."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.sip.genesys.rig import PASSWORD, queue_rig_on

pytestmark = [pytest.mark.sip, pytest.mark.faults, pytest.mark.asyncio(loop_scope="function")]


@pytest.fixture(autouse=True)
def registered() -> None:
    """These tests have a rig of their own."""


async def test_waiting_ringing_and_answered_calls_survive_the_controller(tmp_path: Path) -> None:
    async with queue_rig_on(tmp_path) as centre:
        await centre.register()
        async with centre.agent("kristi") as kristi, centre.agent("paul") as paul:
            talking, who = centre.dial()
            invite = await centre.ringing("5001", talking)
            centre.pick_up("5001", invite)
            assert (await talking.ended()).status == 200
            await kristi.call("Established", who)
            ringing, second = centre.dial()
            at_paul = await centre.ringing("5002", ringing)
            await paul.call("Ringing", second)
            waiting = []
            for _ in range(3):
                call, _ = centre.dial()
                await call.until(lambda call: 182 in call.statuses)
                waiting.append(call)

            os.kill(centre.sip.system.controller_pid(), signal.SIGKILL)
            await centre.sip.system.ready()
            assert all(call.finals == [] for call in waiting)

            centre.pick_up("5002", at_paul)
            assert (await ringing.ended()).status == 200
            await talking.hang_up()
        async with centre.agent("kristi"):
            for call in waiting:
                centre.pick_up("5001", await centre.ringing("5001", call))
                assert (await call.ended()).status == 200
                assert [len(centre.rings("5001", each)) for each in waiting].count(1) == waiting.index(call) + 1
                await call.hang_up()
            await ringing.hang_up()
        assert PASSWORD not in centre.sip.system.log
