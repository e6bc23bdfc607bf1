"""Callgate is stopped by its operator: no call is lost that could be served."""

from __future__ import annotations

from pathlib import Path

from tests.sip.rig import rig_on


async def test_a_held_call_gets_its_default_when_callgate_stops(tmp_path: Path) -> None:
    async with rig_on(tmp_path) as rig:
        accepted, refused = rig.dial("3"), rig.dial("4")
        await rig.held(accepted)
        await rig.held(refused)

        assert await rig.system.stop() == 0

        assert (await accepted.ended(5)).status == 200
        assert (await refused.ended(5)).status == 486
