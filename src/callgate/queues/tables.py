"""The tables of what outlives a controller: one row for each agent who is logged in, one for each call.

Only a controller that starts reads them. What is known of a call goes in and out as a whole, so it is one JSON text.
"""

from __future__ import annotations

from sqlalchemy import Column, Double, Table, Text

from callgate.database.schema import metadata

presences = Table(
    "agent_presence",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("presence", Text, nullable=False),
    Column("since", Double, nullable=False),
    Column("until", Double, nullable=False),
    sqlite_with_rowid=False,
)

calls = Table(
    "queue_call",
    metadata,
    Column("id", Text, primary_key=True),
    Column("saved", Text, nullable=False),
    sqlite_with_rowid=False,
)
