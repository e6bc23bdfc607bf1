"""The call log: what is in SQL, also of calls long ago."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from callgate.core.calls import CallId
from callgate.core.states import State
from callgate.database.errors import DatabaseError
from callgate.dialects.native import errors, paths, wire
from callgate.dialects.native.mapping import verdict_of
from callgate.dialects.native.operations import NoQuery, Operation, Reply, Request, json_reply
from callgate.dialects.native.routes.calls import StateName
from callgate.dialects.native.routes.decisions import call_id
from callgate.dialects.native.wire import Limit, Page
from callgate.journal.pages import CursorError
from callgate.journal.reader import CallFilter, EntryFilter, JournalReader
from callgate.journal.records import CallRecord, DeliveryEntry, VerdictEntry

T = TypeVar("T")

Text = Annotated[str, Meta(max_length=256, pattern="^[^\x00]*$")]
CallUuid = Annotated[str, Meta(pattern="^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")]
#: Unix seconds, up to the year 2223.
Time = Annotated[float, Meta(ge=0, le=8e9)]
Since = Annotated[Time | None, Meta(description="From this time on, in Unix seconds.")]
Until = Annotated[Time | None, Meta(description="Before this time, in Unix seconds.")]
Cursor = Annotated[str | None, Meta(description="`next` of the page before; left out: the newest.")]
Entries = Annotated[Limit, Meta(description="How many entries, 1 to 1000.")]


class JournalCallQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which calls of the log: all conditions hold, and numbers are whole."""

    trunk: Text | None = None
    route: Text | None = None
    state: StateName | None = None
    caller: Text | None = None
    dialled: Text | None = None
    application: Annotated[Text | None, Meta(description="Whose verdict counted.")] = None
    since: Since = None
    until: Until = None
    cursor: Cursor = None
    limit: Entries = 100


class JournalEntryQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which verdicts or deliveries of the log: all conditions hold."""

    call: Annotated[CallUuid | None, Meta(description="About this call.")] = None
    dialect: Text | None = None
    application: Text | None = None
    result: Text | None = None
    since: Since = None
    until: Until = None
    cursor: Cursor = None
    limit: Entries = 100


class Journal:
    """Reads the call log."""

    def __init__(self, reader: JournalReader) -> None:
        self._reader = reader

    async def calls(self, request: Request[JournalCallQuery, None]) -> Reply:
        query = request.query
        wanted = CallFilter(
            trunk=query.trunk,
            route=query.route,
            state=None if query.state is None else State(query.state),
            caller=query.caller,
            dialled=query.dialled,
            application=query.application,
            since=query.since,
            until=query.until,
        )
        page = await _read(self._reader.calls(wanted, query.cursor, query.limit))
        return json_reply(Page([_call(record) for record in page.items], page.next))

    async def call(self, request: Request[NoQuery, None]) -> Reply:
        identity = call_id(request.parameters["id"])
        history = None if identity is None else await _read(self._reader.call(identity))
        if history is None:
            raise errors.ProblemError(errors.UNKNOWN_CALL, "the journal has no such call, or not yet")
        return json_reply(
            wire.JournalEntry(
                _call(history.call),
                [_verdict(entry) for entry in history.verdicts],
                [_delivery(entry) for entry in history.deliveries],
            )
        )

    async def verdicts(self, request: Request[JournalEntryQuery, None]) -> Reply:
        query = request.query
        page = await _read(self._reader.verdicts(_filter(query), query.cursor, query.limit))
        return json_reply(Page([_verdict(entry) for entry in page.items], page.next))

    async def deliveries(self, request: Request[JournalEntryQuery, None]) -> Reply:
        query = request.query
        page = await _read(self._reader.deliveries(_filter(query), query.cursor, query.limit))
        return json_reply(Page([_delivery(entry) for entry in page.items], page.next))

    def operations(self) -> list[Operation[Any, Any]]:
        tag, down = "Journal", errors.UNAVAILABLE
        return [
            Operation(
                "GET",
                paths.JOURNAL_CALLS,
                self.calls,
                tag,
                "List the calls of the log, the newest first",
                query=JournalCallQuery,
                reply=Page[wire.JournalCall],
                problems=(down,),
            ),
            Operation(
                "GET",
                paths.JOURNAL_CALL,
                self.call,
                tag,
                "Get a call of the log with its verdicts and deliveries",
                reply=wire.JournalEntry,
                problems=(errors.UNKNOWN_CALL, down),
            ),
            Operation(
                "GET",
                paths.JOURNAL_VERDICTS,
                self.verdicts,
                tag,
                "List the verdicts of the log, also the late and the duplicate, the newest first",
                query=JournalEntryQuery,
                reply=Page[wire.VerdictGiven],
                problems=(down,),
            ),
            Operation(
                "GET",
                paths.JOURNAL_DELIVERIES,
                self.deliveries,
                tag,
                "List the deliveries to applications, the newest first",
                query=JournalEntryQuery,
                reply=Page[wire.Delivery],
                problems=(down,),
            ),
        ]


async def _read(reading: Awaitable[T]) -> T:
    try:
        return await reading
    except CursorError as error:
        raise errors.invalid("cursor", str(error)) from None
    except DatabaseError as error:
        raise errors.ProblemError(errors.UNAVAILABLE, str(error)) from None


def _filter(query: JournalEntryQuery) -> EntryFilter:
    return EntryFilter(
        call=None if query.call is None else CallId(query.call),
        dialect=query.dialect,
        application=query.application,
        result=query.result,
        since=query.since,
        until=query.until,
    )


def _call(record: CallRecord) -> wire.JournalCall:
    return msgspec.convert(record, wire.JournalCall, from_attributes=True)


def _delivery(entry: DeliveryEntry) -> wire.Delivery:
    return msgspec.convert(entry, wire.Delivery, from_attributes=True)


def _verdict(entry: VerdictEntry) -> wire.VerdictGiven:
    return wire.VerdictGiven(
        entry.call, verdict_of(entry.verdict), entry.dialect, entry.application, entry.result, entry.at, entry.seconds
    )
