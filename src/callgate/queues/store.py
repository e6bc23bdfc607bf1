"""What outlives a controller, written behind: who is logged in, and where each call is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import msgspec
import structlog
from sqlalchemy import Dialect, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from callgate.core.calls import CallId
from callgate.core.queues.model import Placement, Presence
from callgate.database.engine import reading
from callgate.journal.behind import WriteBehind
from callgate.journal.statements import document, replacing
from callgate.measures import Measure
from callgate.queues.port import AgentCall
from callgate.queues.tables import calls, presences
from callgate.settings import Settings

log = structlog.get_logger(__name__)

#: How long (seconds) what has changed waits for company: for so long a crash forgets it.
_INTERVAL = 0.02
#: How many rows one statement deletes.
_PIECE = 500


class SavedPresence(msgspec.Struct, frozen=True):
    """What an agent is, since and (0: not by itself) until when, in Unix seconds."""

    agent: str
    presence: Presence
    since: float
    until: float


class SavedCall(msgspec.Struct, frozen=True):
    """Where a call is: its place in a queue, if it has one, and the agents' views of it."""

    call: CallId
    placement: Placement | None
    phones: tuple[AgentCall, ...]


class Saved(msgspec.Struct, frozen=True):
    """All that an earlier controller left."""

    presences: tuple[SavedPresence, ...] = ()
    calls: dict[CallId, SavedCall] = {}


class Store(Protocol):
    """What the contact centre needs of one. Nothing that is told to it makes a call wait."""

    async def load(self) -> Saved:
        """What an earlier controller left."""
        ...

    async def start(self) -> None:
        """Begin to write."""
        ...

    async def stop(self) -> None:
        """Write what waits."""
        ...

    def presence(self, saved: SavedPresence) -> None:
        """The agent is this from now on."""
        ...

    def call(self, saved: SavedCall) -> None:
        """The call is there from now on; nowhere, if it has no place and no phone."""
        ...

    def forget_all_but(self, live: Iterable[CallId]) -> None:
        """What is kept of other calls is about calls that are no more."""
        ...


class _Row(msgspec.Struct, frozen=True):
    """A call's row; ``saved`` is JSON, "" for none."""

    id: str
    saved: str


class SqlStore:
    """The store in SQL.

    Args:
        engine: its tables must be there (:func:`callgate.database.migrate.upgrade`).
        settings: the backlog's bound is ``queues.log_backlog``, the others are those of the journal.
        clock: Unix seconds.
    """

    def __init__(self, engine: AsyncEngine, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        interval = min(_INTERVAL, settings.journal.interval)
        self._writer = WriteBehind[SavedPresence | _Row](
            engine,
            msgspec.structs.replace(settings.journal, interval=interval, keep_days=0),
            write=_Statements(engine.dialect).write,
            delete_older=_nothing_older,
            subject="what outlives a controller of agents and their calls",
            backlog=settings.queues.log_backlog,
            clock=clock,
        )
        self._kept: set[CallId] = set()

    def measures(self) -> Iterator[Measure]:
        """What waits to be written, and what was lost."""
        return self._writer.measures("queue_log")

    async def load(self) -> Saved:
        """What an earlier controller left.

        Raises:
            DatabaseUnavailableError: SQL does not answer.
        """
        async with reading(self._engine) as connection:
            agents = [tuple(row) for row in await connection.execute(select(presences))]
            rows = [tuple(row) for row in await connection.execute(select(calls))]
        self._kept = {CallId(id) for id, _ in rows}
        found = {id: saved for id, text in rows if (saved := _read(text)) is not None}
        return Saved(tuple(SavedPresence(name, Presence(what), *times) for name, what, *times in agents), found)

    async def start(self) -> None:
        """Begin to write; what was told before waits already."""
        await self._writer.start()

    async def stop(self) -> None:
        """Write what waits, for at most ``journal.stop_timeout`` seconds."""
        await self._writer.stop()

    def presence(self, saved: SavedPresence) -> None:
        self._writer.take_up(saved)

    def call(self, saved: SavedCall) -> None:
        if saved.placement is not None or saved.phones:
            self._kept.add(saved.call)
            self._writer.take_up(_Row(saved.call, msgspec.json.encode(saved).decode()))
        elif saved.call in self._kept:
            self._kept.discard(saved.call)
            self._writer.take_up(_Row(saved.call, ""))

    def forget_all_but(self, live: Iterable[CallId]) -> None:
        for call in self._kept.difference(live):
            self.call(SavedCall(call, None, ()))


def _read(text: str) -> SavedCall | None:
    try:
        return msgspec.json.decode(text, type=SavedCall)
    except msgspec.MsgspecError:
        log.error("a saved call could not be read: another version of Callgate has written it")
        return None


class _Statements:
    """How a batch gets into the tables of one database."""

    def __init__(self, dialect: Dialect) -> None:
        self._presences = replacing(presences, "agent", {"agent"}, dialect)
        self._calls = replacing(calls, "id", {"id"}, dialect)

    async def write(self, connection: AsyncConnection, entries: Sequence[SavedPresence | _Row]) -> None:
        """Write the entries; of several of one agent or call the last is the one that stays."""
        agents = {entry.agent: entry for entry in entries if isinstance(entry, SavedPresence)}
        rows = {entry.id: entry for entry in entries if isinstance(entry, _Row)}
        here = [entry for entry in agents.values() if entry.presence is not Presence.LOGGED_OUT]
        kept = [row for row in rows.values() if row.saved]
        if here:
            await connection.exec_driver_sql(self._presences, (document(here),))
        if kept:
            await connection.exec_driver_sql(self._calls, (document(kept),))
        gone = [name for name, entry in agents.items() if entry.presence is Presence.LOGGED_OUT]
        await _delete(connection, presences, gone)
        await _delete(connection, calls, [id for id, row in rows.items() if not row.saved])


async def _delete(connection: AsyncConnection, table: Table, keys: Sequence[str]) -> None:
    (key,) = table.primary_key
    for start in range(0, len(keys), _PIECE):
        await connection.execute(delete(table).where(key.in_(keys[start : start + _PIECE])))


async def _nothing_older(connection: AsyncConnection, days: int, now: float) -> bool:
    return False
