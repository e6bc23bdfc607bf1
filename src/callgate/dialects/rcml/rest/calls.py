"""``Calls``: the list, one call, what belongs to it, and the changing of live calls.

Source: the open-source product's CallsEndpoint; its statuses for a live call are 406 (unknown), 400 (no sid), 410
(over), 409 (nothing asked for), and 200 with the call as it was before the change.
"""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from callgate.dialects.rcml import urls
from callgate.dialects.rcml.model import (
    FINAL_STATUSES,
    CallRecord,
    FetchError,
    LiveCallError,
    LiveCalls,
    NotConfirmed,
    Status,
)
from callgate.dialects.rcml.queries import CallOrder, CallQuery, NotificationQuery
from callgate.dialects.rcml.rest import dates, voice, wire
from callgate.dialects.rcml.rest.answers import Reply
from callgate.dialects.rcml.rest.errors import RestError, not_done, not_found, unavailable, wrong
from callgate.dialects.rcml.rest.notifications import listing
from callgate.dialects.rcml.rest.paging import Paging
from callgate.dialects.rcml.rest.requests import Request, one_of
from callgate.dialects.rcml.rest.resources import Listing
from callgate.dialects.rcml.sids import call_of, is_sid
from callgate.dialects.rcml.store import Store
from callgate.settings import RcmlSettings

#: Statuses of live calls that a client may set.
_ENDS: dict[str, Literal["canceled", "completed"]] = {"canceled": "canceled", "completed": "completed"}


class Calls:
    """The endpoints of calls. ``instance`` is the InstanceId of this installation."""

    def __init__(self, store: Store, live: LiveCalls, settings: RcmlSettings, instance: str) -> None:
        self._store = store
        self._live = live
        self._settings = settings
        self._instance = instance

    async def list(self, request: Request) -> Reply:
        paging, query = Paging.of(request, self._settings), _query(request)
        if request.wanted("ConferenceSid") is not None:  # there are no conferences
            paging.check(0)
            return Reply(Listing("Calls", "calls", [], paging.envelope(0, 0, "")))
        found = await self._store.list_calls(query, paging.offset, paging.size)
        paging.check(found.total)
        items = [wire.call(self._present(record), self._instance) for record in found.items]
        last = found.items[-1].sid if found.items else ""
        return Reply(Listing("Calls", "calls", items, paging.envelope(found.total, len(items), last)))

    async def get(self, request: Request) -> Reply:
        return Reply(wire.call(self._present(await self._find(request)), self._instance))

    async def create(self, request: Request) -> Reply:
        raise not_done(
            "calls cannot be made by REST: Callgate decides calls that come in, and rings others for them by <Dial>"
        )

    async def notifications(self, request: Request) -> Reply:
        record = await self._find(request)
        paging = Paging.of(request, self._settings)
        query = NotificationQuery(account_sid=request.account.sid, call_sid=record.sid)
        return await listing(self._store, query, paging)

    async def recordings(self, request: Request) -> Reply:
        """Nothing is recorded."""
        await self._find(request)
        return Reply(Listing("Recordings", "recordings", []))

    async def modify(self, request: Request) -> Reply:
        form = request.form
        if not is_sid(request.sid):
            raise RestError(400)
        record = await self._store.find_call(request.account.sid, _short(request.sid))
        if record is None:
            raise RestError(406)
        call = call_of(record.sid)
        if record.parent_sid is not None and record.status not in FINAL_STATUSES:
            raise not_done(f"this call was dialled for {record.parent_sid}: change that one")
        if call is None or self._live.status(call) is None:
            raise _over()
        ended, asked = form.get("Status"), form.get("Url")
        if ended is None and asked is None:
            raise RestError(
                409,
                'You can either redirect a running call using "Url" or change the state of a Call with "Status"',
                plain=True,
            )
        before = self._present(record)
        try:
            if ended is not None and ended.strip().lower() in _ENDS:
                done = await self._live.end(call, _ENDS[ended.strip().lower()])
            elif asked is not None:
                done = await self._live.run(
                    call,
                    self._url("Url", asked),
                    voice.method("Method", form.get("Method", "")),
                    self._url("FallbackUrl", form["FallbackUrl"]) if form.get("FallbackUrl") else "",
                    voice.method("FallbackMethod", form.get("FallbackMethod", "")),
                )
            else:  # any other status is left aside, as documented
                done = True
        except NotConfirmed as error:
            raise unavailable(str(error)) from None
        except LiveCallError as error:
            raise RestError(409, str(error)) from None
        if not done:
            raise _over()
        return Reply(wire.call(before, self._instance))

    def _url(self, parameter: str, text: str) -> str:
        url = voice.url(parameter, text, http=self._settings.http)
        try:
            urls.parse(url)
        except FetchError as error:
            raise wrong(f"{parameter}: {error}") from None
        return url

    async def _find(self, request: Request) -> CallRecord:
        found = await self._store.find_call(request.account.sid, _short(request.sid))
        if found is None:
            raise not_found()
        return found

    def _present(self, record: CallRecord) -> CallRecord:
        """The record with the status that the call has this moment."""
        call = call_of(record.sid)
        if record.status in FINAL_STATUSES or call is None:
            return record
        status = self._live.status(call)
        return record if status is None else msgspec.structs.replace(record, status=status)


def _query(request: Request) -> CallQuery:
    order, descending = _order(request)
    status = request.wanted("Status")
    parent = request.wanted("ParentCallSid")
    return CallQuery(
        account_sid=request.account.sid,
        to=request.wanted("To"),
        from_=request.wanted("From"),
        status=None if status is None else one_of("Status", status, get_args(Status)),
        parent_sid=None if parent is None else _short(parent),
        since=dates.since("StartTime", request.wanted("StartTime")),
        until=dates.until("EndTime", request.wanted("EndTime")),
        order=order,
        descending=descending,
    )


def _order(request: Request) -> tuple[CallOrder, bool]:
    """``SortBy=<field>:<asc/desc>``, or the older ``Reverse=true``."""
    text = request.wanted("SortBy")
    if text is None:
        return "DateCreated", (request.wanted("Reverse") or "").lower() == "true"
    field, _, direction = text.partition(":")
    orders: tuple[CallOrder, ...] = get_args(CallOrder)
    found = next((order for order in orders if order == field), None)
    if found is None:
        raise wrong(f"SortBy is {text[:64]!r}: use {', '.join(orders)}, with :asc or :desc")
    return found, one_of("SortBy", direction or "asc", ("asc", "desc")) == "desc"


def _short(sid: str) -> str:
    """The sid of a call in its short form: what stands after the instance's in ``ID…-CA…``."""
    return sid.rpartition("-")[2] if is_sid(sid) else sid


def _over() -> RestError:
    return RestError(410, "Call is already completed.", plain=True)
