"""The supervisor ends: stopped, it cleans up; killed, it leaves no process behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest

from tests.sip.rig import rig_on
from tests.system import eventually

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="function")]


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def _all_gone(pids: list[int], seconds: float = 15) -> None:
    await eventually(lambda: not any(map(_lives, pids)), seconds)


async def test_stopped_it_leaves_nothing(tmp_path: Path) -> None:
    async with rig_on(tmp_path) as rig:
        system = rig.system
        folder = system.edge_folder()
        assert folder.is_dir()
        pids = list(system.processes())
        await rig.dial("3").until(lambda call: 100 in call.statuses)
        begun = asyncio.get_running_loop().time()
        assert await system.stop() == 0
        assert asyncio.get_running_loop().time() - begun < 10
        await _all_gone(pids, 1)
        assert not folder.exists()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(system.edge)
        assert "Traceback" not in system.log


async def test_interrupted_twice_in_a_row_it_still_stops_cleanly(tmp_path: Path) -> None:
    async with rig_on(tmp_path) as rig:
        pids = list(rig.system.processes())
        rig.system.process.send_signal(signal.SIGINT)
        await asyncio.sleep(0.05)
        rig.system.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(rig.system.process.wait(), 15) == 0
        await _all_gone(pids, 1)


async def test_killed_it_leaves_no_process(tmp_path: Path) -> None:
    async with rig_on(tmp_path) as rig:
        pids = list(rig.system.processes())
        assert len(pids) > 5
        os.kill(rig.system.process.pid, signal.SIGKILL)
        await _all_gone(pids)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(rig.system.edge)
