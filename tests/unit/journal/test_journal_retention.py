"""What is older than the journal keeps goes away, and nothing else."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from callgate.database.engine import reading
from callgate.journal.retention import PIECE
from callgate.journal.writer import JournalWriter
from callgate.settings import JournalSettings
from tests.unit.journal.samples import START, a_call, delivery, held_event, until, verdict_event

DAY = 86_400.0


async def write(engine: AsyncEngine, *, age: float, count: int = 1) -> None:
    """Calls with a verdict and a delivery, all ``age`` days older than :data:`START`."""
    writer = JournalWriter(engine, JournalSettings(keep_days=0))
    at = START - age * DAY
    for _ in range(count):
        call = a_call(at)
        for event in (held_event(call), verdict_event(call, at=at), delivery(call, at=at)):
            writer.listener(event)
    await writer.start()
    assert await writer.stop() == 0


async def ages(engine: AsyncEngine) -> dict[str, list[float]]:
    """How old, in days, what is left in each table is."""
    times = {"call": "received", "verdict": "at", "delivery": "at"}
    async with reading(engine) as connection:
        return {
            table: [
                round((START - at) / DAY, 3)
                for (at,) in await connection.execute(text(f"SELECT {time} FROM {table} ORDER BY 1 DESC"))
            ]
            for table, time in times.items()
        }


async def test_what_is_older_than_the_days_to_keep_is_deleted(engine: AsyncEngine) -> None:
    for age in (0.0, 89.999, 90.001, 400.0):
        await write(engine, age=age)
    writer = JournalWriter(engine, JournalSettings(interval=0.01), clock=lambda: START)
    await writer.start()
    await until(lambda: writer._next_deletion > START)
    await writer.stop()
    assert await ages(engine) == {"call": [0.0, 89.999], "verdict": [0.0, 89.999], "delivery": [0.0, 89.999]}


async def test_more_than_one_piece_is_deleted_in_pieces(engine: AsyncEngine) -> None:
    await write(engine, age=100, count=2 * PIECE + 1)
    await write(engine, age=1)
    writer = JournalWriter(engine, JournalSettings(interval=0.01), clock=lambda: START)
    await writer.start()
    await until(lambda: writer._next_deletion > START)
    await writer.stop()
    assert await ages(engine) == {"call": [1.0], "verdict": [1.0], "delivery": [1.0]}


async def test_new_entries_are_written_between_the_pieces(engine: AsyncEngine) -> None:
    await write(engine, age=100, count=PIECE + 1)
    writer = JournalWriter(engine, JournalSettings(interval=0.01), clock=lambda: START)
    writer.listener(held_event(a_call(START)))
    await writer.start()
    await until(lambda: writer._next_deletion > START)
    await writer.stop()
    assert await ages(engine) == {"call": [0.0], "verdict": [], "delivery": []}


async def test_zero_days_keep_everything(engine: AsyncEngine) -> None:
    await write(engine, age=4000)
    writer = JournalWriter(engine, JournalSettings(interval=0.01, keep_days=0), clock=lambda: START)
    await writer.start()
    writer.listener(held_event(a_call(START)))
    await until(lambda: writer.backlog == 0)
    await writer.stop()
    assert await ages(engine) == {"call": [0.0, 4000.0], "verdict": [4000.0], "delivery": [4000.0]}


async def test_deletion_is_looked_at_again_after_an_hour(engine: AsyncEngine) -> None:
    now = START
    writer = JournalWriter(engine, JournalSettings(interval=0.01), clock=lambda: now)
    await writer.start()
    await until(lambda: writer._next_deletion > START)
    await write(engine, age=89.99)
    now = START + 3601 + DAY
    writer.listener(held_event(a_call(now)))
    await until(lambda: writer._next_deletion > now)
    await writer.stop()
    assert (await ages(engine))["verdict"] == []


async def test_more_days_than_there_have_been_keep_everything(engine: AsyncEngine) -> None:
    await write(engine, age=4000)
    writer = JournalWriter(engine, JournalSettings(interval=0.01, keep_days=36_500), clock=lambda: START)
    await writer.start()
    await until(lambda: writer._next_deletion > START)
    await writer.stop()
    assert await ages(engine) == {"call": [4000.0], "verdict": [4000.0], "delivery": [4000.0]}
