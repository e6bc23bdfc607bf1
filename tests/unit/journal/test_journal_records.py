"""The shapes of the journal and their keys."""

from __future__ import annotations

import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Table

from callgate.core.calls import call_id
from callgate.core.states import State
from callgate.core.verdicts import Accept, Decider, Redirect
from callgate.journal.backlog import Backlog
from callgate.journal.keys import Numbers, first_call_id, first_number
from callgate.journal.records import CallRecord, DeliveryEntry, VerdictEntry
from callgate.journal.tables import calls, deliveries, verdicts
from tests.unit.journal.samples import START, a_call, delivery, refused, verdict_event

moments = st.floats(1_000_000_000, 4_000_000_000)


@pytest.mark.parametrize(
    ("record", "table"), [(CallRecord, calls), (VerdictEntry, verdicts), (DeliveryEntry, deliveries)]
)
def test_the_fields_of_a_record_are_the_columns_of_its_table(record: type[msgspec.Struct], table: Table) -> None:
    assert record.__struct_fields__ == tuple(column.name for column in table.columns)
    optional = {
        field.name for field in msgspec.structs.fields(record) if type(None) in getattr(field.type, "__args__", ())
    }
    assert optional == {column.name for column in table.columns if column.nullable}


def test_a_record_of_a_call_has_each_value_in_its_place() -> None:
    call = refused(a_call(), Decider("native", "key-1"))
    call.ringing, call.answered, call.hung_up_by = START + 2, START + 3, "caller"
    record = CallRecord.of(call)
    for name in ("id", "trunk", "route", "dialled", "destination", "state", "controlled", "status", "phrase"):
        assert getattr(record, name) == getattr(call, name)
    for name in ("received", "told", "ringing", "decided", "answered", "ended", "hung_up_by"):
        assert getattr(record, name) == getattr(call, name)
    assert (record.caller_number, record.caller_name) == (call.caller.number, call.caller.name)
    assert (record.source, record.sip_call_id) == (call.caller.source, call.caller.sip_call_id)
    assert (record.action, record.reason, record.dialect, record.application) == (
        "refuse",
        "rejected",
        "native",
        "key-1",
    )


def test_a_record_is_not_changed_by_what_happens_to_the_call_later() -> None:
    call = a_call()
    before = CallRecord.of(call)
    refused(call)
    assert (before.state, before.decided, before.action) == (State.HELD, None, None)


def test_an_entry_has_each_value_of_its_event_in_its_place() -> None:
    call = a_call()
    given_verdict = verdict_event(call, "lapsed", verdict=Redirect("sip:1@192.0.2.9"))
    entry = VerdictEntry.of(7, given_verdict)
    assert entry == VerdictEntry(7, call.id, START, 0.002, "yeastar", "client-1", "lapsed", given_verdict.verdict)
    tried = delivery(call, "refused: 500")
    fields = {name: getattr(tried, name) for name in tried.__struct_fields__}
    assert DeliveryEntry.of(8, tried) == DeliveryEntry(id=8, **fields)
    assert VerdictEntry.of(9, verdict_event(None, verdict=Accept())).call is None


@given(moments, moments)
def test_the_order_of_keys_is_the_order_of_time(one: float, other: float) -> None:
    earlier, later = sorted((one, other))
    assert first_call_id(earlier) <= first_call_id(later)
    assert first_number(earlier) <= first_number(later)


@given(moments, st.integers(0, 2**32 - 1), st.integers(0, 2**42 - 1))
def test_no_call_has_an_id_below_the_first_of_its_time(at: float, sequence: int, edge: int) -> None:
    assert first_call_id(at) <= call_id(at, sequence, edge) < first_call_id(at + 0.002)
    assert uuid.UUID(first_call_id(at)).version == 7


@given(st.lists(moments, max_size=20))
def test_numbers_only_grow_and_are_not_below_the_first_of_their_time(at: list[float]) -> None:
    numbers = Numbers()
    given_out = [numbers.next(moment) for moment in at]
    assert given_out == sorted(set(given_out))
    assert all(number >= first_number(moment) for number, moment in zip(given_out, at, strict=True))
    assert all(number < 1 << 63 for number in given_out)


@given(st.integers(1, 5), st.lists(st.sampled_from(["append", "take", "written", "give back"]), max_size=40))
def test_a_backlog_keeps_the_newest_in_order_and_counts_the_rest(limit: int, steps: list[str]) -> None:
    backlog = Backlog[VerdictEntry](limit)
    appended = written = 0
    taken: list[VerdictEntry] = []
    for step in steps:
        match step:
            case "append":
                appended += 1
                backlog.append(VerdictEntry.of(appended, verdict_event(None)))
            case "take" if not taken:
                taken = [entry for entry in backlog.take(2) if isinstance(entry, VerdictEntry)]
            case "written":
                backlog.written()
                written, taken = written + len(taken), []
            case "give back":
                backlog.give_back()
                taken = []
        assert len(backlog) <= limit
        assert len(backlog) + backlog.dropped + written == appended
    backlog.give_back()
    for number in range(limit):
        backlog.append(VerdictEntry.of(appended + number, verdict_event(None)))
    assert [entry.id for entry in backlog.take(limit)] == list(range(appended, appended + limit))
