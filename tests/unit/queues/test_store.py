"""What outlives a controller, in SQL: written behind, read back whole, and gone with what it is about."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from callgate.core.calls import CallId, call_id
from callgate.core.queues.model import Place, Placement, Presence
from callgate.queues.port import AgentCall, CallState
from callgate.queues.store import Saved, SavedCall, SavedPresence, SqlStore
from callgate.queues.tables import calls
from callgate.settings import JournalSettings, QueueSettings, Settings

START = 1_800_000_000.25
SETTINGS = Settings(journal=JournalSettings(interval=0.01, stop_timeout=5.0))


def a_call(number: int = 1) -> SavedCall:
    """A call that rings at an agent, with all that can be known of one."""
    identity = call_id(START, number, 7)
    placement = Placement(identity, "support", START, 2, Place.OFFERED, "kristi", 3, {"paul": START + 30})
    phone = AgentCall(
        identity, "kristi", CallState.RINGING, "5005 \N{SNOWMAN}", "9000", "support", "internal", START + 1
    )
    return SavedCall(identity, placement, (phone,))


def nowhere(call: SavedCall) -> SavedCall:
    return SavedCall(call.call, None, ())


async def after_restart(engine: AsyncEngine) -> Saved:
    return await SqlStore(engine, SETTINGS).load()


async def rows(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(select(func.count()).select_from(calls))).scalar_one())


async def test_what_was_told_is_there_after_a_restart(engine: AsyncEngine) -> None:
    store = SqlStore(engine, SETTINGS)
    assert await store.load() == Saved()
    await store.start()
    presence = SavedPresence("kristi", Presence.AFTER_CALL_WORK, START, START + 30)
    store.presence(replace(presence, presence=Presence.READY))
    store.presence(presence)
    store.call(nowhere(a_call()))
    store.call(a_call())
    await store.stop()
    assert await after_restart(engine) == Saved((presence,), {a_call().call: a_call()})


async def test_who_logs_out_and_what_is_over_is_kept_no_longer(engine: AsyncEngine) -> None:
    store = SqlStore(engine, SETTINGS)
    await store.start()
    store.presence(SavedPresence("kristi", Presence.READY, START, 0.0))
    store.call(a_call())
    store.call(nowhere(a_call()))
    await store.stop()
    store = SqlStore(engine, SETTINGS)
    await store.start()
    store.presence(SavedPresence("kristi", Presence.LOGGED_OUT, START, 0.0))
    await store.stop()
    assert await after_restart(engine) == Saved()
    assert await rows(engine) == 0


async def test_calls_that_do_not_live_any_more_are_forgotten(engine: AsyncEngine) -> None:
    store = SqlStore(engine, SETTINGS)
    await store.start()
    for number in range(1, 1_203):
        store.call(a_call(number))
    await store.stop()
    assert await rows(engine) == 1_202
    store = SqlStore(engine, SETTINGS)
    await store.load()
    await store.start()
    store.forget_all_but([a_call(7).call, CallId("a call that came later")])
    await store.stop()
    assert list((await after_restart(engine)).calls) == [a_call(7).call]


async def test_a_row_of_another_version_costs_no_start(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("""INSERT INTO queue_call (id, saved) VALUES ('x', '{"call": 7}')"""))
    store = SqlStore(engine, SETTINGS)
    with capture_logs() as logs:
        assert (await store.load()).calls == {}
    assert [each["log_level"] for each in logs] == ["error"]
    await store.start()
    store.forget_all_but([])
    await store.stop()
    assert await rows(engine) == 0


async def test_what_waits_to_be_written_is_measured(engine: AsyncEngine) -> None:
    store = SqlStore(engine, replace(SETTINGS, queues=QueueSettings(log_backlog=2)))
    for number in range(3):
        store.call(a_call(number))
    measured = {measure.name: measure.values[""] for measure in store.measures()}
    assert measured == {"callgate_queue_log_backlog_entries": 2, "callgate_queue_log_dropped_entries": 1}
