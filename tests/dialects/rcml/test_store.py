"""The log of the REST API: written behind the calls, kept through outages, read back whole, deleted when old."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from callgate.database.engine import create
from callgate.database.errors import DatabaseUnavailableError
from callgate.database.migrate import upgrade
from callgate.dialects.rcml.model import CallRecord, Notification, Status
from callgate.dialects.rcml.queries import CallQuery, NotificationQuery
from callgate.dialects.rcml.store import Store
from callgate.journal.retention import PIECE
from callgate.settings import JournalSettings, RcmlSettings, Settings
from tests.dialects.serving import until

ACCOUNT, OTHER = "AC" + "0" * 31 + "1", "AC" + "0" * 31 + "2"
START = 1_790_000_000.25
DAY = 86_400.0

#: Entries wait long for company, so that what is read at once has to be hurried.
SLOW = JournalSettings(interval=30.0, keep_days=0)
QUICK = JournalSettings(interval=0.01, retry=0.1, timeout=1.0, keep_days=0)


def a_call(number: int = 1, *, status: Status = "ringing", **fields: object) -> CallRecord:
    """The ``number``-th call, which came in that many seconds after :data:`START`."""
    record = CallRecord(
        sid=f"CA{number:032x}",
        account_sid=ACCOUNT,
        parent_sid=None,
        phone_number_sid="PN" + "0" * 32,
        from_="+15551234",
        to="2002",
        direction="inbound",
        status=status,
        caller_name="Ann",
        forwarded_from=None,
        created=START + number,
        updated=START + number,
    )
    return msgspec.structs.replace(record, **fields)


def a_notification(number: int = 1, **fields: object) -> Notification:
    notification = Notification(
        sid=f"NO{number:032x}",
        account_sid=ACCOUNT,
        call_sid=f"CA{1:032x}",
        log=0,
        code=11205,
        text="the server does not answer: line 3, column 7",
        at=START + number,
        request_url="http://127.0.0.1:9/voice",
        request_method="POST",
        request_variables="CallSid=CA1",
        response_headers="",
        response_body="",
    )
    return msgspec.structs.replace(notification, **fields)


def settings(journal: JournalSettings, backlog: int = 100_000) -> Settings:
    return Settings(journal=journal, rcml=RcmlSettings(log_backlog=backlog))


async def sids(store: Store, offset: int = 0, limit: int = 100, **filters: object) -> list[int]:
    """The numbers of the calls in a list."""
    query = msgspec.structs.replace(CallQuery(account_sid=ACCOUNT), **filters)
    return [int(call.sid[2:], 16) for call in (await store.list_calls(query, offset, limit)).items]


async def test_what_was_logged_a_moment_ago_is_in_the_lists(engine: AsyncEngine) -> None:
    store = Store(engine, settings(SLOW))
    await store.start()
    store.call(a_call())
    store.notification(a_notification())
    assert (await store.list_calls(CallQuery(account_sid=ACCOUNT), 0, 10)).items == [a_call()]
    assert (await store.list_notifications(NotificationQuery(account_sid=ACCOUNT), 0, 10)).items == [a_notification()]
    store.call(a_call(status="busy", ended=START + 3.5, ring_seconds=2))
    assert await store.find_call(ACCOUNT, a_call().sid) == a_call(status="busy", ended=START + 3.5, ring_seconds=2)
    await store.stop()


async def test_of_a_call_the_last_record_counts(engine: AsyncEngine) -> None:
    store = Store(engine, settings(QUICK))
    await store.start()
    ways: list[Status] = ["queued", "ringing", "in-progress", "completed"]
    for status in ways:
        store.call(a_call(status=status, updated=START + 9))
    await store.stop()
    again = Store(engine, settings(QUICK))
    assert await again.find_call(ACCOUNT, a_call().sid) == a_call(status="completed", updated=START + 9)
    assert (await again.list_calls(CallQuery(account_sid=ACCOUNT), 0, 10)).total == 1


async def test_entries_of_another_account_are_not_found(engine: AsyncEngine) -> None:
    store = Store(engine, settings(QUICK))
    await store.start()
    live, over = a_call(1), a_call(2, status="completed")
    for call in (live, over):
        store.call(call)
    store.notification(a_notification())
    for call in (live, over):
        assert await store.find_call(OTHER, call.sid) is None
    assert await store.find_notification(OTHER, a_notification().sid) is None
    assert (await store.list_calls(CallQuery(account_sid=OTHER), 0, 10)).total == 0
    assert (await store.list_notifications(NotificationQuery(account_sid=OTHER), 0, 10)).total == 0
    await store.stop()


async def test_each_filter_of_calls_leaves_what_it_says(engine: AsyncEngine) -> None:
    store = Store(engine, settings(QUICK))
    await store.start()
    for call in (
        a_call(1, status="completed", ended=START + 10),
        a_call(2, status="busy", from_="+15559999", ended=START + 2),
        a_call(3, status="ringing", to="100%", from_="+1555_234"),
        a_call(4, status="completed", parent_sid=a_call(1).sid, to="client:alice", ended=START + 9),
    ):
        store.call(call)
    assert await sids(store) == [1, 2, 3, 4]
    assert await sids(store, from_="51234") == [1, 4]
    assert await sids(store, from_="_234") == [3]
    assert await sids(store, to="%") == [3]
    assert await sids(store, to="alice") == [4]
    assert await sids(store, status="completed") == [1, 4]
    assert await sids(store, parent_sid=a_call(1).sid) == [4]
    assert await sids(store, since=START + 3) == [3, 4]
    assert await sids(store, until=START + 10) == [2, 4]
    assert await sids(store, status="completed", since=START + 2, to="alice") == [4]
    assert await sids(store, status="' OR 1=1 --") == []
    await store.stop()


async def test_calls_are_sorted_as_asked(engine: AsyncEngine) -> None:
    store = Store(engine, settings(QUICK))
    await store.start()
    store.call(a_call(1, status="completed", to="b", from_="2", started=START + 1, ended=START + 9))
    store.call(a_call(2, status="busy", to="c", from_="1", direction="outbound-dial"))
    store.call(a_call(3, status="failed", to="a", from_="3", started=START + 3, ended=START + 4))
    assert await sids(store, descending=True) == [3, 2, 1]
    assert await sids(store, order="To") == [3, 1, 2]
    assert await sids(store, order="From", descending=True) == [3, 1, 2]
    assert await sids(store, order="Status") == [2, 1, 3]
    assert await sids(store, order="Direction") == [1, 3, 2]
    assert await sids(store, order="Duration") == [2, 3, 1]
    assert await sids(store, order="Price") == [1, 2, 3]
    await store.stop()


async def test_pages_follow_each_other_and_the_total_is_of_all(engine: AsyncEngine) -> None:
    store = Store(engine, settings(QUICK))
    await store.start()
    for number in range(1, 8):
        store.call(a_call(number))
    pages = [await sids(store, offset, 3) for offset in (0, 3, 6, 9, 10**30)]
    assert pages == [[1, 2, 3], [4, 5, 6], [7], [], []]
    assert (await store.list_calls(CallQuery(account_sid=ACCOUNT), 3, 3)).total == 7
    await store.stop()


async def test_each_filter_of_notifications_leaves_what_it_says(engine: AsyncEngine) -> None:
    store = Store(engine, settings(QUICK))
    await store.start()
    store.notification(a_notification(1, code=12100))
    store.notification(a_notification(2, text="100% wrong", call_sid=None))
    store.notification(a_notification(3, request_url="http://127.0.0.1:9/fallback"))

    async def found(**filters: object) -> list[int]:
        query = msgspec.structs.replace(NotificationQuery(account_sid=ACCOUNT), **filters)
        return [int(entry.sid[2:], 16) for entry in (await store.list_notifications(query, 0, 10)).items]

    assert await found() == [1, 2, 3]
    assert await found(code=12100) == [1]
    assert await found(text="%") == [2]
    assert await found(request_url="fall") == [3]
    assert await found(call_sid=a_call(1).sid) == [1, 3]
    assert await found(since=START + 2, until=START + 3) == [2]
    await store.stop()


async def test_a_live_call_is_found_while_sql_is_down(engine: AsyncEngine) -> None:
    store = Store(engine, settings(QUICK))
    await store.start()
    store.call(a_call(1))
    store.call(a_call(2, status="busy"))
    await sids(store)
    async with engine.begin() as connection:
        await connection.execute(text("DROP TABLE rcml_call"))
    assert await store.find_call(ACCOUNT, a_call(1).sid) == a_call(1)
    with pytest.raises(DatabaseUnavailableError):
        await store.find_call(ACCOUNT, a_call(2).sid)
    await store.stop()


async def test_an_outage_loses_nothing_and_is_told_once(database_settings: Settings) -> None:
    engine = create(database_settings)  # without tables: every write is refused
    store = Store(engine, settings(QUICK))
    with capture_logs() as logs:
        await store.start()
        for number in range(1, 101):
            store.call(a_call(number, status="completed"))
        await until(lambda: logs)
        assert store.backlog == 100
        await upgrade(engine)
        await until(lambda: store.backlog == 0)
        await until(lambda: len(logs) >= 2)
        assert await sids(store, limit=1_000) == list(range(1, 101))
        await store.stop()
    assert [line["event"] for line in logs] == [
        "the RCML log cannot be written; calls go on, and it will catch up",
        "the RCML log is written again",
    ]
    await engine.dispose()


async def test_more_than_the_backlog_may_hold_is_dropped_oldest_first(database_settings: Settings) -> None:
    engine = create(database_settings)
    store = Store(engine, settings(QUICK, backlog=10))
    for number in range(1, 31):
        store.call(a_call(number))
    assert (store.backlog, store.dropped) == (10, 20)
    measured = {measure.name: measure.values[""] for measure in store.measures()}
    assert measured == {"callgate_rcml_log_backlog_entries": 10, "callgate_rcml_log_dropped_entries": 20}
    assert await store.find_call(ACCOUNT, a_call(21).sid) == a_call(21)
    await upgrade(engine)
    await store.start()
    assert await sids(store) == list(range(21, 31))
    await store.stop()
    await engine.dispose()


async def test_a_clean_stop_writes_all_that_waits(engine: AsyncEngine) -> None:
    store = Store(engine, settings(SLOW))
    await store.start()
    for number in range(1, 2_001):
        store.call(a_call(number))
        store.notification(a_notification(number))
    await store.stop()
    assert (store.backlog, store.dropped) == (0, 0)
    again = Store(engine, settings(QUICK))
    assert (await again.list_calls(CallQuery(account_sid=ACCOUNT), 0, 1)).total == 2_000
    assert (await again.list_notifications(NotificationQuery(account_sid=ACCOUNT), 0, 1)).total == 2_000


async def test_what_is_older_than_the_journal_keeps_is_deleted(engine: AsyncEngine) -> None:
    now = START + 200 * DAY
    ages = [0.0, 89.999, 90.001, *[150.0] * (PIECE + 1)]
    store = Store(engine, settings(QUICK))
    await store.start()
    for number, age in enumerate(ages):
        store.call(a_call(number, created=now - age * DAY))
        store.notification(a_notification(number, at=now - age * DAY))
    await store.stop()
    keeping = Store(engine, settings(JournalSettings(interval=0.01)), clock=lambda: now)
    await keeping.start()
    await until(lambda: keeping._writer._next_deletion > now)
    assert await sids(keeping) == [1, 0]
    assert (await keeping.list_notifications(NotificationQuery(account_sid=ACCOUNT), 0, 10)).total == 2
    await keeping.stop()


async def test_hostile_text_is_stored_with_a_mark_in_its_place_and_long_text_is_cut(engine: AsyncEngine) -> None:
    store = Store(engine, settings(QUICK))
    await store.start()
    store.call(a_call(status="busy", caller_name="\0 \ud800 '\";--"))
    store.notification(a_notification(response_body="x" * 1_000_000))
    await store.stop()
    again = Store(engine, settings(QUICK))
    found = await again.find_call(ACCOUNT, a_call().sid)
    assert found is not None
    assert found.caller_name == "\N{REPLACEMENT CHARACTER} ? '\";--"
    told = await again.find_notification(ACCOUNT, a_notification().sid)
    assert told is not None
    assert 4_096 <= len(told.response_body) <= 16_384


async def test_reading_says_that_sql_is_down(database_settings: Settings) -> None:
    engine = create(database_settings)
    store = Store(engine, settings(QUICK))
    with pytest.raises(DatabaseUnavailableError):
        await store.list_calls(CallQuery(account_sid=ACCOUNT), 0, 10)
    await engine.dispose()
