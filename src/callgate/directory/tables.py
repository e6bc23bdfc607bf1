"""The directory's tables. The columns are the fields of :mod:`callgate.directory.model`, by name; lists are JSON."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Double, Integer, Table, Text

from callgate.database.schema import metadata
from callgate.directory.model import Kind

trunks = Table(
    "trunk",
    metadata,
    Column("name", Text, primary_key=True),
    Column("sources", JSON, nullable=False),
    Column("control", Boolean, nullable=False),
    Column("refuse", Text, nullable=False),
    Column("lapse", Text, nullable=False),
    Column("number", Integer, nullable=False, unique=True),
)

routes = Table(
    "inbound_route",
    metadata,
    Column("name", Text, primary_key=True),
    Column("destination", Text, nullable=False),
    Column("did", Text, nullable=False),
    Column("trunks", JSON, nullable=False),
    Column("window", Double, nullable=False),
    Column("lapse", Text),
    Column("number", Integer, nullable=False, unique=True),
)

clients = Table(
    "client",
    metadata,
    Column("name", Text, primary_key=True),
    Column("client_id", Text, nullable=False, unique=True),
    Column("secret_hash", Text, nullable=False),
    Column("dialect", Text, nullable=False),
    Column("see", JSON, nullable=False),
    Column("decide", JSON, nullable=False),
    Column("webhooks", JSON, nullable=False),
    Column("webhook_timeout", Double, nullable=False),
    Column("webhook_retries", Integer, nullable=False),
)

keys = Table(
    "api_key",
    metadata,
    Column("name", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("scope", Text, nullable=False),
)

#: The last number that was given to an entry of a kind ("trunk", "route"), so that none is ever given again.
numbers = Table(
    "directory_number",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("last", Integer, nullable=False),
)

#: The table of each kind of entry.
TABLES: dict[Kind, Table] = {"trunk": trunks, "route": routes, "client": clients, "key": keys}
