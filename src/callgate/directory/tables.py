"""The directory's tables.

The columns are the fields of :mod:`callgate.directory.model`, by name; lists and structs are JSON.
"""

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

accounts = Table(
    "account",
    metadata,
    Column("name", Text, primary_key=True),
    Column("sid", Text, nullable=False, unique=True),
    Column("token", Text, nullable=False),
    Column("friendly_name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("numbers", JSON, nullable=False),
    Column("destination", Text, nullable=False),
    Column("outbound", Text, nullable=False),
    Column("sign", Boolean, nullable=False),
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
)

applications = Table(
    "application",
    metadata,
    Column("name", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("sid", Text, nullable=False, unique=True),
    Column("friendly_name", Text, nullable=False),
    Column("voice", JSON, nullable=False),
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
)

bots = Table(
    "bot",
    metadata,
    Column("name", Text, primary_key=True),
    Column("app_id", Text, nullable=False, unique=True),
    Column("tenant", Text, nullable=False),
    Column("callback", Text, nullable=False),
    Column("media", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("secret_hashes", JSON, nullable=False),
    Column("certificates", JSON, nullable=False),
    Column("numbers", JSON, nullable=False),
    Column("redirects", JSON, nullable=False),
    Column("enabled", Boolean, nullable=False),
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
    Column("outbound", Text, nullable=False, server_default=""),
    Column("rcml", JSON(none_as_null=True)),
    Column("bots", JSON, nullable=False, server_default="[]"),
    Column("queue", Text, nullable=False, server_default=""),
    Column("phone", Text, nullable=False, server_default=""),
)

phones = Table(
    "phone",
    metadata,
    Column("name", Text, primary_key=True),
    Column("ha1", Text, nullable=False),
    Column("friendly_name", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("sid", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
)

queues = Table(
    "queue",
    metadata,
    Column("name", Text, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("priority", Integer, nullable=False),
    Column("length", Integer, nullable=False),
    Column("wait", Double, nullable=False),
    Column("overflow", Text, nullable=False),
    Column("refusal", Text, nullable=False),
    Column("ring", Double, nullable=False),
    Column("after_call_work", Double, nullable=False),
    Column("missed", Text, nullable=False),
    Column("reject_pause", Double, nullable=False),
)

agents = Table(
    "agent",
    metadata,
    Column("name", Text, primary_key=True),
    Column("secret_hash", Text, nullable=False),
    Column("id", Text, nullable=False, unique=True),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("queues", JSON, nullable=False),
    Column("features", JSON, nullable=False),
    Column("enabled", Boolean, nullable=False),
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
TABLES: dict[Kind, Table] = {
    "trunk": trunks,
    "account": accounts,
    "application": applications,
    "bot": bots,
    "route": routes,
    "phone": phones,
    "queue": queues,
    "agent": agents,
    "client": clients,
    "key": keys,
}
