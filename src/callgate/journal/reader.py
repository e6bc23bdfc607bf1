"""Reading the journal: pages of calls, verdicts and deliveries, and one call with its whole history."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Select, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from callgate.core.calls import CallId
from callgate.core.states import State
from callgate.database.engine import reading
from callgate.journal.keys import first_call_id, first_number
from callgate.journal.pages import PAGE_LIMIT, Listing, Page, call_key, cursor_at, number_key
from callgate.journal.records import CallHistory, CallRecord, DeliveryEntry, VerdictEntry
from callgate.journal.statements import storable
from callgate.journal.tables import calls, deliveries, verdicts

T = TypeVar("T", CallRecord, VerdictEntry, DeliveryEntry)

#: How far apart two times may be and still fall into the same key, in seconds: a call's id holds milliseconds.
_GRAIN = 0.002


class CallFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls; ``None`` is all. ``caller`` and ``dialled`` are whole numbers, as the call record has them.

    ``since`` (inclusive) and ``until`` (exclusive) bound ``received``, in Unix seconds. ``application`` is the one
    whose verdict counted.
    """

    trunk: str | None = None
    route: str | None = None
    state: State | None = None
    caller: str | None = None
    dialled: str | None = None
    application: str | None = None
    since: float | None = None
    until: float | None = None


class EntryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which verdicts or deliveries; ``None`` is all. ``since`` (inclusive) and ``until`` (exclusive) bound ``at``."""

    call: CallId | None = None
    dialect: str | None = None
    application: str | None = None
    result: str | None = None
    since: float | None = None
    until: float | None = None


class JournalReader:
    """Reads what the writer has written; what still waits in its backlog is not there yet.

    Every method raises :class:`~callgate.database.errors.DatabaseUnavailableError` when SQL is down, or has no answer
    within ``timeout`` seconds, and :class:`~callgate.journal.pages.CursorError` for a cursor that is none.
    A page has ``limit`` entries at most, and never more than :data:`~callgate.journal.pages.PAGE_LIMIT`.
    """

    def __init__(self, engine: AsyncEngine, *, timeout: float = 10.0) -> None:
        self._engine = engine
        self._timeout = timeout

    async def calls(self, filter: CallFilter, cursor: str | None = None, limit: int = 100) -> Page[CallRecord]:
        """Calls, those received last first."""
        query = select(calls)
        for column, wanted in (
            (calls.c.trunk, filter.trunk),
            (calls.c.route, filter.route),
            (calls.c.state, filter.state),
            (calls.c.caller_number, filter.caller),
            (calls.c.dialled, filter.dialled),
            (calls.c.application, filter.application),
        ):
            if wanted is not None:
                query = query.where(column == storable(wanted))
        # The bounds of the key let the database find the place, those of the time are exact.
        if filter.since is not None:
            query = query.where(calls.c.id >= first_call_id(filter.since), calls.c.received >= filter.since)
        if filter.until is not None:
            query = query.where(calls.c.id < first_call_id(filter.until + _GRAIN), calls.c.received < filter.until)
        below = None if cursor is None else calls.c.id < call_key(cursor)
        return await self._page("calls", CallRecord, query, below, limit)

    async def verdicts(self, filter: EntryFilter, cursor: str | None = None, limit: int = 100) -> Page[VerdictEntry]:
        """Verdicts, the last given first; also the late, the duplicate and those for unknown calls."""
        below = None if cursor is None else verdicts.c.id < number_key("verdicts", cursor)
        return await self._page("verdicts", VerdictEntry, _entries(verdicts, filter), below, limit)

    async def deliveries(self, filter: EntryFilter, cursor: str | None = None, limit: int = 100) -> Page[DeliveryEntry]:
        """Deliveries to applications, the last tried first."""
        below = None if cursor is None else deliveries.c.id < number_key("deliveries", cursor)
        return await self._page("deliveries", DeliveryEntry, _entries(deliveries, filter), below, limit)

    async def call(self, call: str) -> CallHistory | None:
        """One call with its verdicts and deliveries, the oldest first (the first :data:`PAGE_LIMIT` of each)."""
        call = storable(call)
        async with reading(self._engine, within=self._timeout) as connection:
            found = await _read(connection, select(calls).where(calls.c.id == call), CallRecord)
            if not found:
                return None
            return CallHistory(
                found[0],
                await _read(connection, _about(verdicts, call), VerdictEntry),
                await _read(connection, _about(deliveries, call), DeliveryEntry),
            )

    async def _page(
        self, listing: Listing, kind: type[T], query: Select[Any], below: ColumnElement[bool] | None, limit: int
    ) -> Page[T]:
        size = min(max(limit, 1), PAGE_LIMIT)
        if below is not None:
            query = query.where(below)
        query = query.order_by(_TABLES[listing].c.id.desc()).limit(size + 1)
        async with reading(self._engine, within=self._timeout) as connection:
            rows = await _read(connection, query, kind)
        page = rows[:size]
        return Page(page, cursor_at(listing, page[-1].id) if len(rows) > size else None)


_TABLES: dict[Listing, Table] = {"calls": calls, "verdicts": verdicts, "deliveries": deliveries}


def _entries(table: Table, filter: EntryFilter) -> Select[Any]:
    query = select(table)
    for column, wanted in (
        (table.c.call, filter.call),
        (table.c.dialect, filter.dialect),
        (table.c.application, filter.application),
        (table.c.result, filter.result),
    ):
        if wanted is not None:
            query = query.where(column == storable(wanted))
    if filter.since is not None:
        query = query.where(table.c.id >= first_number(filter.since), table.c.at >= filter.since)
    if filter.until is not None:
        query = query.where(table.c.at < filter.until)
    return query


def _about(table: Table, call: str) -> Select[Any]:
    return select(table).where(table.c.call == call).order_by(table.c.id).limit(PAGE_LIMIT)


async def _read(connection: AsyncConnection, query: Select[Any], kind: type[T]) -> list[T]:
    return [msgspec.convert(row, kind) for row in (await connection.execute(query)).mappings()]
