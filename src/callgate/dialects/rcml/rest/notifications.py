"""``Notifications``: the error log of an account."""

from __future__ import annotations

import re

from callgate.dialects.rcml.queries import NotificationQuery
from callgate.dialects.rcml.rest import dates, wire
from callgate.dialects.rcml.rest.answers import Reply
from callgate.dialects.rcml.rest.errors import not_found, wrong
from callgate.dialects.rcml.rest.paging import Paging
from callgate.dialects.rcml.rest.requests import Request
from callgate.dialects.rcml.rest.resources import Listing
from callgate.dialects.rcml.store import Store
from callgate.settings import RcmlSettings

_CODE = re.compile(r"[0-9]{1,9}")


class Notifications:
    """The endpoints of notifications."""

    def __init__(self, store: Store, settings: RcmlSettings) -> None:
        self._store = store
        self._settings = settings

    async def list(self, request: Request) -> Reply:
        code = request.wanted("ErrorCode")
        if code is not None and _CODE.fullmatch(code) is None:
            raise wrong(f"ErrorCode is {code[:64]!r}: use a whole number")
        query = NotificationQuery(
            account_sid=request.account.sid,
            code=None if code is None else int(code),
            request_url=request.wanted("RequestUrl"),
            text=request.wanted("MessageText"),
            since=dates.since("StartTime", request.wanted("StartTime")),
            until=dates.until("EndTime", request.wanted("EndTime")),
        )
        return await listing(self._store, query, Paging.of(request, self._settings))

    async def get(self, request: Request) -> Reply:
        found = await self._store.find_notification(request.account.sid, request.sid)
        if found is None:
            raise not_found()
        return Reply(wire.notification(found))


async def listing(store: Store, query: NotificationQuery, paging: Paging) -> Reply:
    """A page of notifications.

    Raises:
        RestError: 400, there is no such page.
    """
    found = await store.list_notifications(query, paging.offset, paging.size)
    paging.check(found.total)
    items = [wire.notification(entry) for entry in found.items]
    last = found.items[-1].sid if found.items else ""
    return Reply(Listing("Notifications", "notifications", items, paging.envelope(found.total, len(items), last)))
