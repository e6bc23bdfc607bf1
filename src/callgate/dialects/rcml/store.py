"""The log that the REST API shows: calls and notifications, written behind and read back.

What has been taken up is written in batches by one task (:class:`callgate.journal.behind.WriteBehind`), and kept for as
long as the journal is. Calls that are not over are also held in memory: they are found while SQL is down.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import Dialect, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from callgate.database.engine import reading
from callgate.dialects.rcml.model import FINAL_STATUSES, CallRecord, Notification
from callgate.dialects.rcml.queries import CallQuery, NotificationQuery
from callgate.dialects.rcml.tables import calls, notifications
from callgate.journal.behind import WriteBehind
from callgate.journal.retention import DAY, delete_piece
from callgate.journal.statements import document, inserting, replacing, storable
from callgate.measures import Measure
from callgate.settings import Settings

T = TypeVar("T", CallRecord, Notification)

#: How long (seconds) a reader waits for what was told a moment ago to be written, and for SQL's answer.
_CATCH_UP, _ANSWER = 2.0, 10.0
#: What is kept of each text of a notification, in characters.
_TEXT_LIMIT = 8_192
#: What never changes in a call's row.
_FIXED = {"sid", "account_sid", "parent_sid", "phone_number_sid", "caller", "called", "direction", "created"}


class Listed(msgspec.Struct, Generic[T], frozen=True):
    """A part of a list, and how many entries the whole of it has."""

    items: list[T]
    total: int


class Store:
    """What the RCML dialect logs (a :class:`callgate.dialects.rcml.model.Log`), and the reading of it.

    What reads raises :class:`~callgate.database.errors.DatabaseUnavailableError` when SQL is down, or does not answer
    in time. It sees everything that was logged before.

    Args:
        engine: its tables must be there (:func:`callgate.database.migrate.upgrade`).
        settings: the backlog's bound is ``rcml.log_backlog``, all others are those of the journal.
        clock: Unix seconds, to know what is too old to keep.
    """

    def __init__(self, engine: AsyncEngine, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._limit = settings.rcml.log_backlog
        self._live: dict[str, CallRecord] = {}
        self._writer = WriteBehind[CallRecord | Notification](
            engine,
            settings.journal,
            write=_Statements(engine.dialect).write,
            delete_older=_delete_older,
            subject="the RCML log",
            backlog=self._limit,
            clock=clock,
        )

    @property
    def backlog(self) -> int:
        """How many entries are not written yet."""
        return self._writer.backlog

    @property
    def dropped(self) -> int:
        """How many entries were lost since the start."""
        return self._writer.dropped

    def measures(self) -> Iterator[Measure]:
        """What waits to be written, and what was lost."""
        return self._writer.measures("rcml_log")

    async def start(self) -> None:
        """Begin to write; what was logged before waits already."""
        await self._writer.start()

    async def stop(self) -> None:
        """Write what waits, for at most ``journal.stop_timeout`` seconds."""
        await self._writer.stop()

    # --- in ----------------------------------------------------------------------------------------------------------

    def call(self, record: CallRecord) -> None:
        """Log a call as it is now. Returns at once."""
        if record.status in FINAL_STATUSES:
            self._live.pop(record.sid, None)
        else:
            self._live[record.sid] = record
            if len(self._live) > self._limit:  # the oldest: its end has never been told
                del self._live[next(iter(self._live))]
        self._writer.take_up(record)

    def notification(self, notification: Notification) -> None:
        """Log a notification, with what its texts have beyond some pages cut off. Returns at once."""
        self._writer.take_up(
            msgspec.structs.replace(
                notification,
                text=notification.text[:_TEXT_LIMIT],
                request_url=notification.request_url[:_TEXT_LIMIT],
                request_variables=notification.request_variables[:_TEXT_LIMIT],
                response_headers=notification.response_headers[:_TEXT_LIMIT],
                response_body=notification.response_body[:_TEXT_LIMIT],
            )
        )

    # --- out ---------------------------------------------------------------------------------------------------------

    async def find_call(self, account_sid: str, sid: str) -> CallRecord | None:
        """The call of an account with that sid."""
        live = self._live.get(sid)
        if live is not None:
            return live if live.account_sid == account_sid else None
        found = await self._first(select(calls).where(calls.c.sid == storable(sid)), CallRecord)
        return found if found is not None and found.account_sid == account_sid else None

    async def find_notification(self, account_sid: str, sid: str) -> Notification | None:
        """The notification of an account with that sid."""
        found = await self._first(select(notifications).where(notifications.c.sid == storable(sid)), Notification)
        return found if found is not None and found.account_sid == account_sid else None

    async def list_calls(self, query: CallQuery, offset: int, limit: int) -> Listed[CallRecord]:
        """``limit`` calls from the ``offset``-th on."""
        return await self._list(query.rows(), CallRecord, offset, limit)

    async def list_notifications(self, query: NotificationQuery, offset: int, limit: int) -> Listed[Notification]:
        """``limit`` notifications from the ``offset``-th on."""
        return await self._list(query.rows(), Notification, offset, limit)

    async def _first(self, rows: Select[Any], kind: type[T]) -> T | None:
        await self._writer.caught_up(_CATCH_UP)
        async with reading(self._engine, within=_ANSWER) as connection:
            row = (await connection.execute(rows)).first()
        return None if row is None else kind(*row)

    async def _list(self, rows: Select[Any], kind: type[T], offset: int, limit: int) -> Listed[T]:
        await self._writer.caught_up(_CATCH_UP)
        async with reading(self._engine, within=_ANSWER) as connection:
            counted = select(func.count()).select_from(rows.order_by(None).subquery())
            total = int((await connection.execute(counted)).scalar_one())
            if offset >= total:
                return Listed([], total)
            found = await connection.execute(rows.offset(offset).limit(limit))
            return Listed([kind(*row) for row in found], total)


class _Statements:
    """How a batch gets into the tables of one database."""

    def __init__(self, dialect: Dialect) -> None:
        self._calls = replacing(calls, "sid", _FIXED, dialect)
        self._notifications = inserting(notifications, "sid", dialect)

    async def write(self, connection: AsyncConnection, entries: Sequence[CallRecord | Notification]) -> None:
        """Write the entries; of several records of one call the last is the one that stays."""
        newest = {entry.sid: entry for entry in entries if isinstance(entry, CallRecord)}
        told = [entry for entry in entries if isinstance(entry, Notification)]
        if newest:
            await connection.exec_driver_sql(self._calls, (document(list(newest.values())),))
        if told:
            await connection.exec_driver_sql(self._notifications, (document(told),))


async def _delete_older(connection: AsyncConnection, days: int, now: float) -> bool:
    limit = now - days * DAY
    more = await delete_piece(connection, calls.c.sid, calls.c.created < limit, by_age=calls.c.created)
    also = await delete_piece(connection, notifications.c.sid, notifications.c.at < limit, by_age=notifications.c.at)
    return more or also
