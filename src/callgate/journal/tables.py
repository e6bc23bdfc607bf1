"""The journal's tables: one row for each call, for each verdict given, and for each delivery tried.

The columns are the fields of :mod:`callgate.journal.records`, by name. There are no foreign keys: an entry may be
dropped while SQL is down, and those about the same call are still worth keeping. Nothing is indexed by time, because
the keys are in the order of time: a call's id (UUID version 7) and a number that the writer makes.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Double, Index, Integer, Table, Text

from callgate.database.schema import big_key_type, call_id_type, metadata

calls = Table(
    "call",
    metadata,
    Column("id", call_id_type(), primary_key=True),
    Column("trunk", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("dialled", Text, nullable=False),
    Column("caller_number", Text, nullable=False),
    Column("caller_name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("sip_call_id", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("controlled", Boolean, nullable=False),
    Column("received", Double, nullable=False),
    Column("told", Double),
    Column("ringing", Double),
    Column("decided", Double),
    Column("answered", Double),
    Column("ended", Double),
    Column("action", Text),
    Column("reason", Text),
    Column("dialect", Text),
    Column("application", Text),
    Column("status", Integer),
    Column("phrase", Text),
    Column("hung_up_by", Text),
    # Each index serves "the newest calls of …"; the state changes too often to be worth one.
    Index(None, "trunk", "id"),
    Index(None, "route", "id"),
    Index(None, "caller_number", "id"),
    Index(None, "dialled", "id"),
    Index(None, "application", "id"),
    sqlite_with_rowid=False,
)

verdicts = Table(
    "verdict",
    metadata,
    Column("id", big_key_type(), primary_key=True, autoincrement=False),
    Column("call", call_id_type(), index=True),
    Column("at", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("dialect", Text, nullable=False),
    Column("application", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("verdict", JSON, nullable=False),
)

deliveries = Table(
    "delivery",
    metadata,
    Column("id", big_key_type(), primary_key=True, autoincrement=False),
    Column("call", call_id_type(), index=True),
    Column("at", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("dialect", Text, nullable=False),
    Column("application", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("result", Text, nullable=False),
)
