"""Deleting what is older than the journal keeps, in small pieces so that writing never waits for long."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from callgate.journal.keys import first_call_id, first_number
from callgate.journal.tables import calls, deliveries, verdicts

#: How often it is looked for old entries, in seconds, and how many of each table go in one transaction.
EVERY = 3600.0
PIECE = 1_000

DAY = 86_400.0


async def delete_older(connection: AsyncConnection, days: int, now: float) -> bool:
    """Delete a piece of what is older than ``days`` at ``now`` (Unix seconds); whether there may be more."""
    limit = now - days * DAY
    more = False
    for key, old in (
        (calls.c.id, calls.c.id < first_call_id(limit)),
        (verdicts.c.id, verdicts.c.id < first_number(limit)),
        (deliveries.c.id, deliveries.c.id < first_number(limit)),
    ):
        more |= await delete_piece(connection, key, old, by_age=key)
    return more


async def delete_piece(
    connection: AsyncConnection, key: Column[Any], old: ColumnElement[bool], *, by_age: Column[Any]
) -> bool:
    """Delete the oldest :data:`PIECE` rows that are ``old`` from the table of ``key``; whether there may be more.

    ``by_age`` is the column that tells which are the oldest.
    """
    oldest = select(key).where(old).order_by(by_age).limit(PIECE)
    return (await connection.execute(delete(key.table).where(key.in_(oldest)))).rowcount == PIECE
