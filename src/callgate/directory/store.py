"""The directory in SQL: read as a whole at start, changed in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Text, bindparam, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from callgate.database.engine import cause, reaching
from callgate.database.errors import DatabaseError
from callgate.directory.changes import Changes, Difference
from callgate.directory.errors import DirectoryUnavailableError
from callgate.directory.model import KINDS, TYPES, Directory, Entry, InboundRoute, Kind, Trunk
from callgate.directory.tables import TABLES, numbers

#: So many rows go into one statement: the event loop does other things between two of them.
CHUNK = 500

T = TypeVar("T")
N = TypeVar("N", Trunk, InboundRoute)


class DirectoryStore:
    """Loads and saves. The tables have to be there (:func:`callgate.database.migrate.upgrade`)."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def load(self) -> Directory:
        """Everything that is stored.

        Raises:
            DirectoryUnavailableError: the database does not answer, or holds what this version cannot read.
        """
        entries: list[Entry] = []
        try:
            with reaching(self._engine):
                async with self._engine.connect() as connection:
                    for kind in KINDS:
                        entries += await _stored(connection, kind)
        except (DatabaseError, msgspec.ValidationError) as error:
            raise DirectoryUnavailableError(str(error)) from error
        return Directory.of(entries)

    async def save(self, changes: Changes) -> Changes:
        """Store these changes, all or none; gives them back with the numbers of new trunks and routes.

        Raises:
            DirectoryUnavailableError: the database does not answer, or refuses; nothing was stored.
        """
        try:
            with reaching(self._engine):
                async with self._engine.connect() as connection:
                    # SQLite: wait for the file's write lock now, not in the middle of the transaction.
                    await connection.execution_options(sqlite_begin="BEGIN IMMEDIATE")
                    async with connection.begin():
                        changes = msgspec.structs.replace(
                            changes,
                            trunks=await _numbered(connection, "trunk", changes.trunks),
                            routes=await _numbered(connection, "route", changes.routes),
                        )
                        for kind, difference in zip(KINDS, changes.differences, strict=True):
                            if difference:
                                await _store(connection, kind, difference)
        except DatabaseError as error:
            raise DirectoryUnavailableError(str(error)) from error
        except SQLAlchemyError as error:
            raise DirectoryUnavailableError(cause(error)) from error
        return changes


async def _stored(connection: AsyncConnection, kind: Kind) -> list[Entry]:
    table = TABLES[kind]
    order = table.c.number if "number" in table.c else table.c.name
    found = await connection.execute(select(table).order_by(order))
    columns, entry_type = [str(column.name) for column in table.c], TYPES[kind]
    return [msgspec.convert(dict(zip(columns, row, strict=True)), entry_type) for row in found]


async def _numbered(connection: AsyncConnection, kind: Kind, difference: Difference[N]) -> Difference[N]:
    """The difference with a number for each entry that is new."""
    if not difference.added:
        return difference
    count = len(difference.added)
    raised = await connection.execute(update(numbers).where(numbers.c.kind == kind).values(last=numbers.c.last + count))
    if raised.rowcount == 0:
        await connection.execute(insert(numbers).values(kind=kind, last=count))
    last = await connection.scalar(select(numbers.c.last).where(numbers.c.kind == kind))
    first = (last or count) - count + 1
    added = tuple(
        msgspec.structs.replace(entry, number=number) for number, entry in enumerate(difference.added, start=first)
    )
    return msgspec.structs.replace(difference, added=added)


async def _store(connection: AsyncConnection, kind: Kind, difference: Difference[Any]) -> None:
    """Takes out every row that is different and puts in what it is now."""
    table = TABLES[kind]
    gone = delete(table).where(table.c.name.in_(bindparam("names", expanding=True, type_=Text)))
    # Also the names of added entries: a transaction that ended in an error may have been stored nevertheless.
    stale = [*difference.gone(), *(entry.name for entry in difference.added)]
    for chunk in _chunks(stale):
        await connection.execute(gone, {"names": chunk})
    for entries in _chunks(list(difference.put())):
        await connection.execute(insert(table), [msgspec.to_builtins(entry) for entry in entries])


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    remaining = iter(items)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk
