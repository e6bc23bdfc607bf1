"""Deleting what is older than the journal keeps, in small pieces so that writing never waits for long."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from callgate.journal.keys import first_call_id, first_number
from callgate.journal.tables import calls, deliveries, verdicts

#: How often it is looked for old entries, in seconds, and how many of each table go in one transaction.
EVERY = 3600.0
PIECE = 1_000

_DAY = 86_400.0


async def delete_older(connection: AsyncConnection, days: int, now: float) -> bool:
    """Delete a piece of what is older than ``days`` at ``now`` (Unix seconds); whether there may be more."""
    limit = now - days * _DAY
    more = False
    for table, old in (
        (calls, calls.c.id < first_call_id(limit)),
        (verdicts, verdicts.c.id < first_number(limit)),
        (deliveries, deliveries.c.id < first_number(limit)),
    ):
        more |= await _delete(connection, table, old) == PIECE
    return more


async def _delete(connection: AsyncConnection, table: Table, old: ColumnElement[bool]) -> int:
    oldest = select(table.c.id).where(old).order_by(table.c.id).limit(PIECE)
    return (await connection.execute(delete(table).where(table.c.id.in_(oldest)))).rowcount
