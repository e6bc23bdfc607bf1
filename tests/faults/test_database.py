"""SQL is down: calls go on, each is decided as always, and the journal catches up when SQL is back."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest

from tests.conftest_postgres import PostgresServer
from tests.sip.rig import Rig, rig_on

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="function")]


async def _decided(rig: Rig, count: int) -> list[str]:
    """Have that many calls refused one after the other; their ids."""
    identities = []
    slowest = 0.0
    for _ in range(count):
        begun = time.monotonic()
        call = rig.dial("2")
        identity = await rig.held(call)
        assert (await rig.native.decide("refuse", identity))[0] == 200
        assert (await call.ended()).status == 603
        slowest = max(slowest, time.monotonic() - begun)
        identities.append(identity)
    assert slowest < 1
    return identities


async def _written(rig: Rig, identities: list[str]) -> None:
    for identity in identities:
        entry = await rig.native.journal(identity, lambda entry: entry["call"]["ended"] and entry["verdicts"], 30)
        assert (entry["call"]["state"], len(entry["verdicts"])) == ("refused", 1)


async def test_postgresql_crashes_and_comes_back(
    tmp_path: Path, postgres_server: PostgresServer, postgres_url: str
) -> None:
    async with rig_on(tmp_path, settings=f'database = "{postgres_url}"') as rig:
        before = await _decided(rig, 5)
        await _written(rig, before)
        postgres_server.stop()
        during = await _decided(rig, 30)
        await asyncio.sleep(1)
        during += await _decided(rig, 10)
        status = (await rig.native.ask("GET", "status"))[1]
        assert status["backlog"] > 0 and status["dropped"] == 0
        postgres_server.start()
        await _written(rig, during)
        await _written(rig, await _decided(rig, 3))
        assert (await rig.native.ask("GET", "status"))[1]["dropped"] == 0


async def test_postgresql_stands_still(tmp_path: Path, postgres_server: PostgresServer, postgres_url: str) -> None:
    async with rig_on(tmp_path, settings=f'database = "{postgres_url}"\n[journal]\ntimeout = 1') as rig:
        await _written(rig, await _decided(rig, 3))
        with postgres_server.frozen():
            during = await _decided(rig, 30)
            await asyncio.sleep(2)
            during += await _decided(rig, 10)
        await _written(rig, during)


async def test_the_sqlite_file_is_locked_by_another(tmp_path: Path) -> None:
    async with rig_on(tmp_path) as rig:
        await _written(rig, await _decided(rig, 3))
        other = sqlite3.connect(tmp_path / "state" / "callgate.sqlite3")
        other.execute("BEGIN EXCLUSIVE")
        during = await _decided(rig, 30)
        await asyncio.sleep(1)
        assert (await rig.native.ask("GET", "status"))[1]["backlog"] > 0
        other.rollback()
        other.close()
        await _written(rig, during)
