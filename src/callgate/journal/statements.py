"""How a batch gets into its table: one statement a table, whatever the number of rows.

The rows travel as one JSON document that the database itself takes apart. That is what costs the controller least,
measured beside executemany and multi-row VALUES: no work for each row and column on the event loop, and with SQLite
one step outside Python's lock in place of several for each row, which matters most when the loop is busy.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import Dialect, String, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from callgate.journal.records import CallRecord, DeliveryEntry, Entry, VerdictEntry
from callgate.journal.tables import calls, deliveries, verdicts

#: What never changes in a call's row, so that its indexes are not touched again.
_FIXED = {
    "id",
    "trunk",
    "route",
    "dialled",
    "caller_number",
    "caller_name",
    "source",
    "sip_call_id",
    "controlled",
    "received",
}
#: A NUL in JSON, which PostgreSQL's text cannot hold, with the escaped backslashes before it.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")

_encoder = msgspec.json.Encoder()


class Statements:
    """The three statements, in the SQL of one database."""

    def __init__(self, dialect: Dialect) -> None:
        self._calls = replacing(calls, "id", _FIXED, dialect)
        self._verdicts = inserting(verdicts, "id", dialect)
        self._deliveries = inserting(deliveries, "id", dialect)

    async def write(self, connection: AsyncConnection, entries: Sequence[Entry]) -> None:
        """Write the entries; of several records of one call the last is the one that stays."""
        newest: dict[str, CallRecord] = {}
        given: list[VerdictEntry] = []
        tried: list[DeliveryEntry] = []
        for entry in entries:
            match entry:
                case CallRecord():
                    newest[entry.id] = entry
                case VerdictEntry():
                    given.append(entry)
                case DeliveryEntry():
                    tried.append(entry)
        for statement, rows in ((self._calls, newest.values()), (self._verdicts, given), (self._deliveries, tried)):
            if rows:
                await connection.exec_driver_sql(statement, (document(list(rows)),))


def inserting(table: Table, key: str, dialect: Dialect) -> str:
    """The statement that inserts a :func:`document` of rows, and leaves alone those whose ``key`` is there already."""
    return f"{_insert(table, dialect)} ON CONFLICT ({key}) DO NOTHING"


def replacing(table: Table, key: str, fixed: Collection[str], dialect: Dialect) -> str:
    """The statement that inserts a :func:`document` of rows in place of those of the same ``key``.

    ``fixed`` columns never change, so that their indexes are not touched again. No key may come twice.
    """
    changes = ", ".join(f"{name} = excluded.{name}" for name in _names(table) if name not in fixed)
    return f"{_insert(table, dialect)} ON CONFLICT ({key}) DO UPDATE SET {changes}"


def document(rows: Sequence[msgspec.Struct]) -> str:
    """The rows as one JSON array of arrays, without what the databases cannot hold."""
    values = [msgspec.structs.astuple(row) for row in rows]
    try:
        encoded = _encoder.encode(values)
    except UnicodeEncodeError:  # half a surrogate pair: no text
        encoded = _encoder.encode([[storable(x) if isinstance(x, str) else x for x in row] for row in values])
    if b"\\u0000" in encoded:
        encoded = _NUL.sub(rb"\1\\ufffd", encoded)
    return encoded.decode()


def storable(text: str) -> str:
    """The text as the journal stores it: with marks in place of NUL and of halves of surrogate pairs."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def _insert(table: Table, dialect: Dialect) -> str:
    return _sqlite(table) if dialect.name == "sqlite" else _postgresql(table, dialect)


def _sqlite(table: Table) -> str:
    values = ", ".join(f"json_extract(value, '$[{index}]')" for index in range(len(table.c)))
    # Without WHERE, SQLite would read ON CONFLICT as the ON of a join.
    return f"INSERT INTO {table.name} ({', '.join(_names(table))}) SELECT {values} FROM json_each(?) WHERE true"


def _postgresql(table: Table, dialect: Dialect) -> str:
    values = ", ".join(
        f"value ->> {index}"
        if isinstance(column.type, String)
        else f"CAST(value ->> {index} AS {column.type.compile(dialect)})"
        for index, column in enumerate(table.c)
    )
    source = "jsonb_array_elements(CAST($1 AS jsonb))"
    return f"INSERT INTO {table.name} ({', '.join(_names(table))}) SELECT {values} FROM {source}"


def _names(table: Table) -> list[str]:
    return [column.name for column in table.c]
