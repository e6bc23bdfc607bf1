"""The tables of what the REST API shows: one row for each call, one for each notification.

The columns are the fields of :class:`~callgate.dialects.rcml.model.CallRecord` and
:class:`~callgate.dialects.rcml.model.Notification`, in their order; a call's ``from_`` and ``to`` are ``caller`` and
``called``, because SQL has these words for itself.
"""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Integer, Table, Text

from callgate.database.schema import metadata

calls = Table(
    "rcml_call",
    metadata,
    Column("sid", Text, primary_key=True),
    Column("account_sid", Text, nullable=False),
    Column("parent_sid", Text),
    Column("phone_number_sid", Text),
    Column("caller", Text, nullable=False),
    Column("called", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("caller_name", Text),
    Column("forwarded_from", Text),
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
    Column("started", Double),
    Column("ended", Double),
    Column("ring_seconds", Integer),
    # A sid is not in the order of time (that of a dialled call is a hash): the lists need one, and so does deleting.
    Index(None, "account_sid", "created"),
    Index(None, "created"),
    Index(None, "parent_sid"),
    sqlite_with_rowid=False,
)

notifications = Table(
    "rcml_notification",
    metadata,
    Column("sid", Text, primary_key=True),
    Column("account_sid", Text, nullable=False),
    Column("call_sid", Text),
    Column("log", Integer, nullable=False),
    Column("code", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("request_url", Text, nullable=False),
    Column("request_method", Text, nullable=False),
    Column("request_variables", Text, nullable=False),
    Column("response_headers", Text, nullable=False),
    Column("response_body", Text, nullable=False),
    Index(None, "account_sid", "at"),
    Index(None, "at"),
    Index(None, "call_sid"),
)
