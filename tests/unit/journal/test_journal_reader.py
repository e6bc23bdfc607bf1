"""Pages of the journal: whole, in order, stable, and the filters mean what they say."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.event import listens_for
from sqlalchemy.ext.asyncio import AsyncEngine

from callgate.core.events import Event
from callgate.core.states import State
from callgate.core.verdicts import Decider
from callgate.database.engine import create
from callgate.database.errors import DatabaseUnavailableError
from callgate.database.migrate import upgrade
from callgate.journal.pages import PAGE_LIMIT, CursorError
from callgate.journal.reader import CallFilter, EntryFilter, JournalReader
from callgate.journal.writer import JournalWriter
from callgate.ports import free_port
from callgate.settings import JournalSettings, Settings
from tests.unit.journal.samples import START, a_call, delivery, held_event, refused, refused_event, verdict_event


async def write(engine: AsyncEngine, events: Iterable[Event]) -> None:
    writer = JournalWriter(engine, JournalSettings(keep_days=0))
    for event in events:
        writer.listener(event)
    await writer.start()
    assert await writer.stop() == 0


async def test_pages_are_whole_and_newest_first_while_new_calls_arrive(engine: AsyncEngine) -> None:
    reader = JournalReader(engine)
    calls = [a_call(START + number // 3) for number in range(25)]
    await write(engine, map(held_event, calls))
    seen: list[str] = []
    cursor, pages = None, 0
    while True:
        page = await reader.calls(CallFilter(), cursor, 4)
        seen += [record.id for record in page.items]
        await write(engine, [held_event(a_call(START + 1000 + pages))])
        await write(engine, [refused_event(refused(calls[pages]))])
        pages += 1
        if page.next is None:
            break
        cursor = page.next
    assert seen == [call.id for call in reversed(calls)]
    assert pages == 7


async def test_the_last_page_has_no_next_also_when_it_is_full(engine: AsyncEngine) -> None:
    reader = JournalReader(engine)
    assert (await reader.calls(CallFilter(), None, 10)) == (await reader.calls(CallFilter(), None, 1))
    await write(engine, [held_event(a_call()) for _ in range(4)])
    first = await reader.calls(CallFilter(), None, 2)
    last = await reader.calls(CallFilter(), first.next, 2)
    assert (len(first.items), len(last.items), last.next) == (2, 2, None)


async def test_a_page_has_as_many_as_are_wanted_within_bounds(engine: AsyncEngine) -> None:
    await write(engine, [verdict_event(None) for _ in range(PAGE_LIMIT + 5)])
    reader = JournalReader(engine)
    assert [len((await reader.verdicts(EntryFilter(), None, limit)).items) for limit in (-1, 0, 1, 7)] == [1, 1, 1, 7]
    assert len((await reader.verdicts(EntryFilter(), None, 10**9)).items) == PAGE_LIMIT


async def test_each_filter_of_calls_selects_its_own(engine: AsyncEngine) -> None:
    plain = a_call(START)
    others = {
        "trunk": a_call(START + 1, trunk="other"),
        "route": a_call(START + 2, route="other"),
        "caller": a_call(START + 3, number="other"),
        "dialled": a_call(START + 4, dialled="other"),
        "application": refused(a_call(START + 5), Decider("native", "other")),
        "state": refused(a_call(START + 6)),
    }
    await write(engine, map(held_event, [plain, *others.values()]))
    reader = JournalReader(engine)
    for name, call in others.items():
        wanted = CallFilter(**{name: State.REFUSED if name == "state" else "other"}, since=START + 0.5)  # type: ignore[arg-type]  # by name
        found = [record.id for record in (await reader.calls(wanted)).items]
        assert found == ([others["state"].id, others["application"].id] if name == "state" else [call.id])
    assert (await reader.calls(CallFilter(trunk="carrier", route="other", dialled="other"))).items == []


@pytest.mark.parametrize("moment", [START, START + 0.0004, START + 0.0005, START + 1.0])
async def test_since_is_inclusive_and_until_exclusive_to_the_microsecond(engine: AsyncEngine, moment: float) -> None:
    at = [moment - 1, moment - 0.0001, moment, moment + 0.0001, moment + 1]
    calls = [a_call(received) for received in at]
    await write(engine, [event for call in calls for event in (held_event(call), delivery(call, at=call.received))])
    reader = JournalReader(engine)
    since = await reader.calls(CallFilter(since=moment))
    until = await reader.calls(CallFilter(until=moment))
    assert [record.id for record in since.items] == [call.id for call in sorted(calls[2:], key=lambda c: c.id)[::-1]]
    assert [record.id for record in until.items] == [call.id for call in sorted(calls[:2], key=lambda c: c.id)[::-1]]
    assert len((await reader.deliveries(EntryFilter(since=moment))).items) == 3
    assert len((await reader.deliveries(EntryFilter(until=moment))).items) == 2


async def test_a_call_has_its_verdicts_and_deliveries_oldest_first(engine: AsyncEngine) -> None:
    call, other = a_call(), a_call()
    events: list[Event] = [held_event(call), held_event(other), verdict_event(other), delivery(other)]
    events += [delivery(call, result) for result in ("no answer within 5 s", "delivered")]
    events += [verdict_event(call, result) for result in ("applied", "already_decided")]
    await write(engine, events)
    history = await JournalReader(engine).call(call.id)
    assert history is not None
    assert history.call.id == call.id
    assert [verdict.result for verdict in history.verdicts] == ["applied", "already_decided"]
    assert [entry.result for entry in history.deliveries] == ["no answer within 5 s", "delivered"]
    assert {entry.call for entry in history.verdicts} == {entry.call for entry in history.deliveries} == {call.id}


async def test_times_before_and_after_all_time_bound_nothing(engine: AsyncEngine) -> None:
    await write(engine, [held_event(a_call()), delivery(None)])
    reader = JournalReader(engine)
    assert len((await reader.calls(CallFilter(since=-1e12, until=1e12))).items) == 1
    assert len((await reader.deliveries(EntryFilter(since=-1e12, until=1e12))).items) == 1


async def test_what_was_stored_with_a_mark_is_found_by_what_it_was(engine: AsyncEngine) -> None:
    hostile = "a\0b\ud800c"
    call = a_call(number=hostile)
    await write(engine, [held_event(call)])
    assert [record.id for record in (await JournalReader(engine).calls(CallFilter(caller=hostile))).items] == [call.id]


async def test_a_call_that_is_not_there_is_none(engine: AsyncEngine) -> None:
    reader = JournalReader(engine)
    assert await reader.call(a_call().id) is None
    for hostile in ("", "\0", "\ud800", "'; DROP TABLE call; --", "x" * 100_000):
        assert await reader.call(hostile) is None


async def test_deliveries_and_verdicts_can_be_filtered(engine: AsyncEngine) -> None:
    call = a_call()
    await write(
        engine,
        [
            delivery(call),
            delivery(None, "refused: 500", application="client-2"),
            verdict_event(call, by=Decider("native", "key")),
            verdict_event(None, "unknown"),
        ],
    )
    reader = JournalReader(engine)
    for wanted in (EntryFilter(call=call.id), EntryFilter(result="delivered"), EntryFilter(application="client-1")):
        assert [entry.call for entry in (await reader.deliveries(wanted)).items] == [call.id]
    for wanted in (EntryFilter(dialect="yeastar"), EntryFilter(result="unknown")):
        assert [entry.call for entry in (await reader.verdicts(wanted)).items] == [None]


async def test_a_cursor_of_another_list_or_of_nothing_is_refused(engine: AsyncEngine) -> None:
    call = a_call()
    await write(engine, [e for _ in range(3) for e in (held_event(a_call()), verdict_event(call), delivery(call))])
    reader = JournalReader(engine)
    lists: dict[str, Any] = {
        "calls": (reader.calls, CallFilter()),
        "verdicts": (reader.verdicts, EntryFilter()),
        "deliveries": (reader.deliveries, EntryFilter()),
    }
    cursors = {name: (await read(wanted, None, 1)).next for name, (read, wanted) in lists.items()}
    for name, (read, wanted) in lists.items():
        assert len((await read(wanted, cursors[name], 10)).items) == 2
        wrong = [cursor for other, cursor in cursors.items() if other != name]
        for cursor in [
            *wrong,
            "",
            "c",
            "é",
            "====",
            "AAAA",
            cursors[name] + "=",
            "\ud800",
            "ZDk5OTk5OTk5OTk5OTk5OTk5OTk",
        ]:
            with pytest.raises(CursorError, match="not a cursor of this list"):
                await read(wanted, cursor, 10)


async def test_a_list_that_cannot_be_read_is_a_typed_error() -> None:
    engine = create(Settings(database=f"postgresql://callgate:hush@127.0.0.1:{free_port('127.0.0.1')}/calls"))
    reader = JournalReader(engine)
    for reads in (reader.calls(CallFilter()), reader.call(a_call().id), reader.deliveries(EntryFilter())):
        with pytest.raises(DatabaseUnavailableError, match="cannot be used"):
            await reads
    await engine.dispose()


async def test_no_page_needs_to_sort_or_to_read_the_whole_table(tmp_path: Path) -> None:
    engine = create(Settings(state=tmp_path))
    await upgrade(engine)
    plans: list[str] = []

    @listens_for(engine.sync_engine, "before_cursor_execute")
    def explain(connection: Connection, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.append("; ".join(row[3] for row in cursor.fetchall()))

    reader = JournalReader(engine)
    await reader.calls(CallFilter(since=START, until=START + 1))
    for name in ("trunk", "route", "caller", "dialled", "application"):
        await reader.calls(CallFilter(**{name: "x"}))  # type: ignore[arg-type]  # each of them is a string
    await reader.verdicts(EntryFilter(since=START))
    await reader.deliveries(EntryFilter(call=a_call().id))
    await engine.dispose()
    assert plans == [
        "SEARCH call USING PRIMARY KEY (id>? AND id<?)",
        "SEARCH call USING INDEX ix_call_trunk_id (trunk=?)",
        "SEARCH call USING INDEX ix_call_route_id (route=?)",
        "SEARCH call USING INDEX ix_call_caller_number_id (caller_number=?)",
        "SEARCH call USING INDEX ix_call_dialled_id (dialled=?)",
        "SEARCH call USING INDEX ix_call_application_id (application=?)",
        "SEARCH verdict USING INTEGER PRIMARY KEY (rowid>?)",
        "SEARCH delivery USING INDEX ix_delivery_call (call=?)",
    ]
