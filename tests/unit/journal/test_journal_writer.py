"""What the writer is told is what SQL holds afterwards."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from callgate.core.calls import Call, VerdictRecord
from callgate.core.events import CallEvent, Kind, PhoneEvent
from callgate.core.states import State
from callgate.core.verdicts import GUARD, WINDOW, Accept, Decider, Redirect, Verdict, refuse
from callgate.database.engine import create, reading, writing
from callgate.database.migrate import upgrade
from callgate.journal.reader import CallFilter, EntryFilter, JournalReader
from callgate.journal.records import CallRecord
from callgate.journal.statements import Statements
from callgate.journal.writer import JournalWriter
from callgate.settings import JournalSettings, Settings
from tests.unit.journal.samples import (
    CLIENT,
    START,
    a_call,
    delivery,
    held_event,
    refused,
    refused_event,
    until,
    verdict_event,
)

#: Small and quick, so that a few events make several batches; the sample calls are old.
QUICK = JournalSettings(batch=3, interval=0.01, keep_days=0)


async def rows(engine: AsyncEngine, table: str) -> int:
    async with reading(engine) as connection:
        return int(await connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def matching(record: CallRecord) -> dict[str, object]:
    """Equal, with times to the microsecond: not every SQLite reads a decimal number to its last bit."""
    return {
        name: pytest.approx(value, rel=0, abs=1e-6) if isinstance(value, float) else value
        for name, value in msgspec.structs.asdict(record).items()
    }


async def test_a_call_is_one_row_with_its_last_state(engine: AsyncEngine) -> None:
    writer = JournalWriter(engine, QUICK)
    await writer.start()
    call = a_call()
    writer.listener(held_event(call))
    await until(lambda: writer.backlog == 0)
    writer.listener(refused_event(refused(call)))
    assert await writer.stop() == 0
    page = await JournalReader(engine).calls(CallFilter())
    assert [msgspec.structs.asdict(record) for record in page.items] == [matching(CallRecord.of(call))]
    (record,) = page.items
    assert (record.state, record.action, record.reason, record.status) == (State.REFUSED, "refuse", "rejected", 603)
    assert (record.dialect, record.application) == ("yeastar", "client-1")


async def test_the_row_is_the_call_when_it_was_told_not_when_it_was_written(engine: AsyncEngine) -> None:
    writer = JournalWriter(engine, QUICK)
    call = a_call()
    writer.listener(held_event(call))
    refused(call)
    await writer.start()
    await writer.stop()
    history = await JournalReader(engine).call(call.id)
    assert history is not None
    assert (history.call.state, history.call.action, history.call.ended) == (State.HELD, None, None)


async def test_a_phone_is_no_entry_of_the_call_log(engine: AsyncEngine) -> None:
    writer = JournalWriter(engine, QUICK)
    writer.listener(PhoneEvent("anna", 1, START))
    assert writer.backlog == 0


async def test_events_heard_before_the_start_are_written(engine: AsyncEngine) -> None:
    writer = JournalWriter(engine, QUICK)
    call = a_call()
    for event in (held_event(call), verdict_event(call), delivery(call)):
        writer.listener(event)
    assert writer.backlog == 3
    await writer.start()
    await until(lambda: writer.backlog == 0)
    assert [await rows(engine, table) for table in ("call", "verdict", "delivery")] == [1, 1, 1]
    await writer.stop()


async def test_a_clean_stop_writes_all_that_waits(engine: AsyncEngine) -> None:
    writer = JournalWriter(engine, JournalSettings(batch=100, interval=60.0, keep_days=0))
    await writer.start()
    for _ in range(1_000):
        call = a_call()
        for event in (held_event(call), verdict_event(call), delivery(call), refused_event(refused(call))):
            writer.listener(event)
    assert await writer.stop() == 0
    assert [await rows(engine, table) for table in ("call", "verdict", "delivery")] == [1_000] * 3
    assert (writer.backlog, writer.dropped) == (0, 0)
    page = await JournalReader(engine).calls(CallFilter(state=State.REFUSED), limit=1_000)
    assert len(page.items) == 1_000


async def test_every_verdict_is_kept_also_late_duplicate_and_unknown(engine: AsyncEngine) -> None:
    writer = JournalWriter(engine, QUICK)
    await writer.start()
    call = a_call()
    own = refuse(status=499, phrase="Not now", headers={"X-Why": 'a "quoted" \\ reason'})
    given: list[tuple[str, Verdict, Decider]] = [
        ("applied", refuse("busy"), CLIENT),
        ("already_decided", Accept(), Decider("native", "key-2")),
        ("lapsed", own, CLIENT),
        ("unknown", Redirect("sip:1@192.0.2.9", "contact"), CLIENT),
    ]
    for result, verdict, by in given:
        writer.listener(verdict_event(None if result == "unknown" else call, result, verdict=verdict, by=by))
    await writer.stop()
    entries = (await JournalReader(engine).verdicts(EntryFilter())).items[::-1]
    assert [(entry.result, entry.verdict, Decider(entry.dialect, entry.application)) for entry in entries] == given
    assert [entry.call for entry in entries] == [call.id, call.id, call.id, None]
    assert {entry.seconds for entry in entries} == {0.002}


async def test_a_batch_written_twice_makes_no_row_twice(engine: AsyncEngine) -> None:
    writer = JournalWriter(engine, QUICK)
    call = a_call()
    for event in (held_event(call), verdict_event(call), delivery(call)):
        writer.listener(event)
    entries = writer._backlog.take(3)
    for _ in range(2):  # as after a connection that was lost while the commit was on its way
        async with writing(engine) as connection:
            await Statements(engine.dialect).write(connection, entries)
    assert [await rows(engine, table) for table in ("call", "verdict", "delivery")] == [1, 1, 1]


async def test_an_entry_that_sql_refuses_is_dropped_alone_and_told(engine: AsyncEngine) -> None:
    refusing = {
        "sqlite": [
            "CREATE TRIGGER no BEFORE INSERT ON call WHEN NEW.trunk = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END"
        ],
        "postgresql": ["ALTER TABLE call ADD CONSTRAINT no CHECK (trunk <> 'bad')"],
    }
    async with writing(engine) as connection:
        for statement in refusing[engine.dialect.name]:
            await connection.execute(text(statement))
    writer = JournalWriter(engine, JournalSettings(keep_days=0))
    calls = [a_call(trunk="bad" if number == 13 else "carrier") for number in range(30)]
    with capture_logs() as logs:
        for call in calls:
            writer.listener(held_event(call))
            writer.listener(verdict_event(call))
        await writer.start()
        assert await writer.stop() == 0
    assert writer.dropped == 1
    assert [await rows(engine, table) for table in ("call", "verdict")] == [29, 30]
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["the call log refused an entry"]


async def test_text_that_no_database_can_hold_is_written_with_a_mark_in_its_place(engine: AsyncEngine) -> None:
    writer = JournalWriter(engine, QUICK)
    hostile = "\0\0a\0\\u0000\\\0\\\\\0 \ud800 \"';--\\ \n\r\t ☎\N{GRINNING FACE} " + "x" * 4096
    call = a_call(trunk=hostile)
    writer.listener(held_event(call))
    await writer.start()
    assert await writer.stop() == 0
    history = await JournalReader(engine).call(call.id)
    assert history is not None
    assert history.call.trunk == hostile.replace("\0", "\N{REPLACEMENT CHARACTER}").replace("\ud800", "?")


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
times = st.floats(START, START + 1e6)
records = st.builds(
    VerdictRecord,
    st.sampled_from([Accept(), refuse("busy"), refuse(status=488), Redirect("sip:2@192.0.2.7")]),
    st.one_of(st.just(WINDOW), st.just(GUARD), st.builds(Decider, texts, texts)),
    times,
)
changes = st.fixed_dictionaries(
    {},
    optional={
        "state": st.sampled_from(State),
        "destination": texts,
        "record": st.none() | records,
        "status": st.none() | st.integers(100, 699),
        "phrase": st.none() | texts,
        "hung_up_by": st.none() | texts,
        **{time: st.none() | times for time in ("told", "decided", "ringing", "answered", "ended")},
    },
)
steps = st.lists(st.tuples(st.integers(0, 2), changes, st.booleans()), max_size=12)


def test_whatever_happens_to_calls_each_row_is_the_call_as_it_was_told_last(database_settings: Settings) -> None:
    with asyncio.Runner() as runner:
        engine = create(database_settings)
        runner.run(upgrade(engine))

        async def check(happened: list[tuple[int, dict[str, object], bool]]) -> None:
            writer = JournalWriter(engine, JournalSettings(batch=2, interval=0.001, keep_days=0))
            await writer.start()
            calls: list[Call] = [a_call(), a_call(), a_call()]
            told: dict[str, CallRecord] = {}
            for which, changed, written in happened:
                call = calls[which]
                for field, value in changed.items():
                    setattr(call, field, value)
                writer.listener(CallEvent(Kind.ROUTED, call, START))
                told[call.id] = CallRecord.of(call)
                if written:
                    await until(lambda: writer.backlog == 0)
            assert await writer.stop() == 0
            reader = JournalReader(engine)
            for call in calls:
                history = await reader.call(call.id)
                assert (history is not None) == (call.id in told)
                if history is not None:
                    assert msgspec.structs.asdict(history.call) == matching(told[call.id])

        @settings(max_examples=60, deadline=None)
        @given(steps)
        def any_sequence(happened: list[tuple[int, dict[str, object], bool]]) -> None:
            runner.run(check(happened))

        any_sequence()
        runner.run(engine.dispose())
