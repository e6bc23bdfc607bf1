"""What of the log a list shows: its filters and orders, in SQL.

Source: the open-source product's filters (CallDetailRecordFilter, NotificationFilter): numbers are compared from their
end, so that "+15126002188" is found by "6002188" too; a day is that whole day, and lists begin with the oldest.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Select, func, select

from callgate.dialects.rcml.tables import calls, notifications
from callgate.journal.statements import storable

#: What calls can be sorted by. All have the same price.
CallOrder = Literal["DateCreated", "From", "To", "Direction", "Status", "Duration", "Price"]

_ORDERS: dict[CallOrder, ColumnElement[Any]] = {
    "DateCreated": calls.c.created,
    "From": calls.c.caller,
    "To": calls.c.called,
    "Direction": calls.c.direction,
    "Status": calls.c.status,
    "Duration": func.coalesce(calls.c.ended - calls.c.started, 0.0),
    "Price": calls.c.created,
}


class CallQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls of one account, ``None`` is all; and in which order.

    ``to`` and ``from_`` are ends of numbers. ``since`` bounds when it began, ``until`` (exclusive) when it ended, in
    Unix seconds.
    """

    account_sid: str
    to: str | None = None
    from_: str | None = None
    status: str | None = None
    parent_sid: str | None = None
    since: float | None = None
    until: float | None = None
    order: CallOrder = "DateCreated"
    descending: bool = False

    def rows(self) -> Select[Any]:
        """The rows of the calls, in their order."""
        query = select(calls).where(calls.c.account_sid == self.account_sid)
        for column, end in ((calls.c.called, self.to), (calls.c.caller, self.from_)):
            if end is not None:
                query = query.where(column.endswith(storable(end), autoescape=True))
        for column, wanted in ((calls.c.status, self.status), (calls.c.parent_sid, self.parent_sid)):
            if wanted is not None:
                query = query.where(column == storable(wanted))
        if self.since is not None:
            query = query.where(calls.c.created >= self.since)
        if self.until is not None:
            query = query.where(calls.c.ended < self.until)
        by, then = _ORDERS[self.order], calls.c.sid
        if self.descending:
            return query.order_by(by.desc(), then.desc())
        return query.order_by(by, then)


class NotificationQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which notifications of one account, ``None`` is all: the oldest first.

    ``request_url`` and ``text`` are parts of what is there. ``since`` (inclusive) and ``until`` (exclusive) in Unix
    seconds.
    """

    account_sid: str
    call_sid: str | None = None
    code: int | None = None
    request_url: str | None = None
    text: str | None = None
    since: float | None = None
    until: float | None = None

    def rows(self) -> Select[Any]:
        """The rows of the notifications, in their order."""
        query = select(notifications).where(notifications.c.account_sid == self.account_sid)
        if self.call_sid is not None:
            query = query.where(notifications.c.call_sid == self.call_sid)
        if self.code is not None:
            query = query.where(notifications.c.code == self.code)
        for column, part in ((notifications.c.request_url, self.request_url), (notifications.c.text, self.text)):
            if part is not None:
                query = query.where(column.contains(storable(part), autoescape=True))
        if self.since is not None:
            query = query.where(notifications.c.at >= self.since)
        if self.until is not None:
            query = query.where(notifications.c.at < self.until)
        return query.order_by(notifications.c.at, notifications.c.sid)
