"""SQL goes away, hangs, comes back: calls never wait, the journal catches up, and what was lost is told."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from callgate.core.calls import Call
from callgate.core.states import State
from callgate.database.engine import create
from callgate.database.migrate import upgrade
from callgate.journal.reader import CallFilter, EntryFilter, JournalReader
from callgate.journal.writer import JournalWriter
from callgate.settings import JournalSettings, Settings
from tests.conftest_postgres import PASSWORD, PostgresServer
from tests.unit.journal.samples import a_call, delivery, held_event, refused, refused_event, until, verdict_event

DOWN = "the call log cannot be written; calls go on, and it will catch up"
BACK = "the call log is written again"
DROPPED = "the oldest entries of the call log are dropped: its backlog is full"
SHORT = "the call log was not written to its end"

#: Retries quickly. What is told once must not depend on how often it was tried.
PATIENT = JournalSettings(batch=50, interval=0.01, retry=0.1, timeout=1.0, keep_days=0)


@pytest.fixture
async def postgres(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create(Settings(database=postgres_url))
    await upgrade(engine)
    yield engine
    await engine.dispose()


@pytest.fixture
async def without_tables(database_settings: Settings) -> AsyncIterator[AsyncEngine]:
    """A database that refuses every write until its tables are made: a cheap outage."""
    engine = create(database_settings)
    yield engine
    await engine.dispose()


def told(logs: Iterable[MutableMapping[str, Any]], event: str) -> list[MutableMapping[str, Any]]:
    return [line for line in logs if line["event"] == event]


class Traffic:
    """Calls that come, are refused, and are told to the writer, until stopped."""

    def __init__(self, writer: JournalWriter) -> None:
        self.calls: list[Call] = []
        self._writer = writer
        self._task = asyncio.create_task(self._flow())

    async def _flow(self) -> None:
        while True:
            call = a_call()
            self.calls.append(call)
            self._writer.listener(held_event(call))
            await asyncio.sleep(0.001)
            for event in (refused_event(refused(call)), verdict_event(call), delivery(call)):
                self._writer.listener(event)

    async def more(self, count: int) -> None:
        enough = len(self.calls) + count
        await until(lambda: len(self.calls) >= enough)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        refused(self.calls[-1])
        self._writer.listener(refused_event(self.calls[-1]))


async def assert_all_written(engine: AsyncEngine, calls: list[Call]) -> None:
    reader = JournalReader(engine, timeout=30)
    for call in calls[:-1]:
        history = await reader.call(call.id)
        assert history is not None
        assert (history.call.state, len(history.verdicts), len(history.deliveries)) == (State.REFUSED, 1, 1)


async def test_a_server_that_stops_and_starts_again_while_calls_come_loses_none(
    postgres: AsyncEngine, postgres_server: PostgresServer
) -> None:
    writer = JournalWriter(postgres, PATIENT)
    with capture_logs() as logs:
        await writer.start()
        traffic = Traffic(writer)
        await traffic.more(50)
        postgres_server.stop()
        try:
            await traffic.more(200)
            await until(lambda: writer.backlog > 400)
        finally:
            postgres_server.launch()
        await until(lambda: bool(told(logs, BACK)))
        await traffic.more(50)
        await traffic.stop()
        assert await writer.stop() == 0
    assert writer.dropped == 0
    assert len(traffic.calls) >= 300
    await assert_all_written(postgres, traffic.calls)
    assert (len(told(logs, DOWN)), len(told(logs, BACK))) == (1, 1)
    assert told(logs, BACK)[0]["dropped"] == 0
    assert f"127.0.0.1:{postgres_server.port}" in told(logs, DOWN)[0]["error"]
    assert PASSWORD not in str(logs)


async def test_a_server_that_hangs_for_a_while_loses_no_call(
    postgres: AsyncEngine, postgres_server: PostgresServer
) -> None:
    writer = JournalWriter(postgres, PATIENT)
    with capture_logs() as logs:
        await writer.start()
        traffic = Traffic(writer)
        await traffic.more(20)
        await until(lambda: writer.backlog < 50)
        with postgres_server.frozen():
            await until(lambda: bool(told(logs, DOWN)))
            await traffic.more(50)
        await until(lambda: bool(told(logs, BACK)))
        await traffic.stop()
        assert await writer.stop() == 0
    assert writer.dropped == 0
    await assert_all_written(postgres, traffic.calls)


async def test_a_file_that_another_process_keeps_locked_loses_no_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callgate.database.engine.SQLITE_BUSY_TIMEOUT", 0.3)
    engine = create(Settings(state=tmp_path))
    await upgrade(engine)
    writer = JournalWriter(engine, PATIENT)
    file = tmp_path / "callgate.sqlite3"
    other = sqlite3.connect(file, isolation_level=None, timeout=60, check_same_thread=False)
    with capture_logs() as logs:
        await writer.start()
        traffic = Traffic(writer)
        await traffic.more(20)
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        await until(lambda: bool(told(logs, DOWN)))
        await traffic.more(50)
        other.execute("ROLLBACK")
        other.close()
        await until(lambda: bool(told(logs, BACK)))
        await traffic.stop()
        assert await writer.stop() == 0
    assert writer.dropped == 0
    await assert_all_written(engine, traffic.calls)
    await engine.dispose()


async def test_a_full_backlog_drops_the_oldest_and_tells_how_many(without_tables: AsyncEngine) -> None:
    limits = JournalSettings(backlog=20, batch=10, interval=0.01, retry=0.05, keep_days=0)
    writer = JournalWriter(without_tables, limits)
    calls = [a_call() for _ in range(50)]
    with capture_logs() as logs:
        for call in calls[:10]:
            writer.listener(held_event(call))
        await writer.start()
        await until(lambda: bool(told(logs, DOWN)))
        for call in calls[10:]:
            writer.listener(held_event(call))
        assert (writer.backlog, writer.dropped) == (20, 30)
        await until(lambda: bool(told(logs, DROPPED)))
        await upgrade(without_tables)
        await until(lambda: writer.backlog == 0)
        assert await writer.stop() == 0
    page = await JournalReader(without_tables).calls(CallFilter(), limit=100)
    assert [record.id for record in page.items] == [call.id for call in reversed(calls[30:])]
    assert [line["dropped"] for line in told(logs, DROPPED)] == [30]
    assert [line["dropped"] for line in told(logs, BACK)] == [30]
    assert len(told(logs, DOWN)) == 1


async def test_the_listener_never_waits_whatever_the_state_of_sql(
    postgres: AsyncEngine, postgres_server: PostgresServer
) -> None:
    writer = JournalWriter(postgres, JournalSettings(batch=50, interval=0.01, timeout=60.0, keep_days=0))
    await writer.start()
    call = a_call()
    with postgres_server.frozen():
        longest = 0.0
        loop = asyncio.get_running_loop()
        for _ in range(100):
            for _ in range(100):
                writer.listener(verdict_event(call))
            before = loop.time()
            await asyncio.sleep(0)  # the writer's task has its turn here, and gives it back
            longest = max(longest, loop.time() - before)
        assert writer.backlog == 10_000
    assert longest < 1.0
    assert await writer.stop() == 0
    page = await JournalReader(postgres).verdicts(EntryFilter(), limit=1_000)
    assert len(page.items) == 1_000


async def test_a_stop_while_sql_is_down_ends_in_time_and_tells_what_is_lost(without_tables: AsyncEngine) -> None:
    writer = JournalWriter(without_tables, JournalSettings(interval=0.01, retry=60.0, stop_timeout=0.5, keep_days=0))
    with capture_logs() as logs:
        await writer.start()
        for _ in range(7):
            writer.listener(held_event(a_call()))
        await until(lambda: bool(told(logs, DOWN)))
        async with asyncio.timeout(30):
            assert await writer.stop() == 7
    assert [line["lost"] for line in told(logs, SHORT)] == [7]


async def test_a_stop_while_sql_hangs_ends_in_time(postgres: AsyncEngine, postgres_server: PostgresServer) -> None:
    writer = JournalWriter(postgres, JournalSettings(interval=0.01, timeout=60.0, stop_timeout=0.5, keep_days=0))
    await writer.start()
    with postgres_server.frozen():
        writer.listener(held_event(a_call()))
        async with asyncio.timeout(30):
            assert await writer.stop() == 1


async def test_a_stop_writes_all_when_sql_comes_back_in_time(without_tables: AsyncEngine) -> None:
    writer = JournalWriter(without_tables, JournalSettings(interval=0.01, retry=60.0, stop_timeout=60.0, keep_days=0))
    with capture_logs() as logs:
        await writer.start()
        writer.listener(held_event(a_call()))
        await until(lambda: bool(told(logs, DOWN)))
        stopping = asyncio.create_task(writer.stop())
        await upgrade(without_tables)
        assert await stopping == 0
    assert len((await JournalReader(without_tables).calls(CallFilter())).items) == 1
