"""What is configured, as far as the client may see it: trunks, inbound routes, its own webhooks.

Source: Yeastar P-Series developer guide, "Query Trunk List" and its neighbours, "Add an Inbound Route", "Query Webhook
Event Push Settings".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

from callgate.dialects.port import Surroundings
from callgate.dialects.yeastar.errors import ApiError, Code
from callgate.dialects.yeastar.events import TOLD
from callgate.dialects.yeastar.requests import Request, read_parameters
from callgate.dialects.yeastar.wire import (
    DidPattern,
    InboundRouteListReply,
    InboundRouteRow,
    OneId,
    Paging,
    RouteListQuery,
    SeveralIds,
    TrunkListQuery,
    TrunkListReply,
    TrunkName,
    TrunkReply,
    TrunkRow,
    WebhookReply,
    WebhookRow,
    WebhookSettings,
)
from callgate.directory.model import Client, Directory, InboundRoute, Trunk

T = TypeVar("T")

_UNKNOWN, _IDLE, _BUSY = 0, 1, 2
#: How many views of the inbound routes are kept sorted, so that paging through many of them stays cheap.
_VIEWS = 16


class Queries:
    """The endpoints that only look."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._control = surroundings.control
        self._directory = surroundings.directory
        self._views: dict[tuple[object, ...], list[tuple[int, InboundRoute]]] = {}
        self._views_of: Directory | None = None

    # --- trunks ----------------------------------------------------------------------------------------------------

    async def trunk_list(self, request: Request, client: Client) -> TrunkListReply:
        """``trunk/list`` and ``trunk/search``: a page of the trunks."""
        asked = read_parameters(request, TrunkListQuery)
        wanted = asked.search_value.casefold()
        rows = [row for row in self._trunk_rows(client) if wanted in row.name.casefold() or wanted in row.host_port]
        if asked.sort_by not in ("id", "username"):
            rows.sort(key=lambda row: str(getattr(row, asked.sort_by)))
        return TrunkListReply(total_number=len(rows), data=_page(rows, asked))

    async def trunk_get(self, request: Request, client: Client) -> TrunkReply:
        """``trunk/get``: one trunk."""
        asked = read_parameters(request, OneId)
        for row in self._trunk_rows(client):
            if row.id == asked.id:
                return TrunkReply(data=row)
        raise ApiError(Code.DATA_NOT_FOUND, f"there is no trunk {asked.id}")

    async def trunk_query(self, request: Request, client: Client) -> TrunkListReply:
        """``trunk/query``: several trunks."""
        asked = read_parameters(request, SeveralIds)
        ids = {int(one) for one in asked.ids.split(",")}
        rows = [row for row in self._trunk_rows(client) if row.id in ids]
        if not rows:
            raise ApiError(Code.DATA_NOT_FOUND, f"there is no trunk {asked.ids}")
        return TrunkListReply(total_number=len(rows), data=rows)

    def _trunk_rows(self, client: Client) -> list[TrunkRow]:
        """The trunks that the client may see, by id."""
        linked = self._control.health().linked
        busy = {call.trunk for call in self._control.live()}
        trunks = [trunk for trunk in self._directory.current.trunks.values() if client.may_see(trunk.name)]
        trunks.sort(key=lambda trunk: trunk.number)
        return [_trunk_row(trunk, (_BUSY if trunk.name in busy else _IDLE) if linked else _UNKNOWN) for trunk in trunks]

    # --- inbound routes --------------------------------------------------------------------------------------------

    async def inbound_route_list(self, request: Request, client: Client) -> InboundRouteListReply:
        """``inbound_route/list``: a page of the inbound routes."""
        asked = read_parameters(request, RouteListQuery)
        directory = self._directory.current
        routes = self._routes(directory, client, by_name=asked.sort_by == "name")
        rows = [_route_row(position, route, directory, client) for position, route in _page(routes, asked)]
        return InboundRouteListReply(total_number=len(routes), last_pos=len(routes), data=rows)

    def _routes(self, directory: Directory, client: Client, *, by_name: bool) -> list[tuple[int, InboundRoute]]:
        """The routes with a trunk that the client may see, each with its position, sorted."""
        if directory is not self._views_of or len(self._views) >= _VIEWS:
            self._views, self._views_of = {}, directory
        key = (client.see, client.decide, by_name)
        view = self._views.get(key)
        if view is None:
            routes = [
                route
                for route in directory.routes.values()
                if not route.trunks or any(client.may_see(trunk) for trunk in route.trunks)
            ]
            routes.sort(key=lambda route: route.number)
            view = list(enumerate(routes, 1))
            if by_name:
                view.sort(key=lambda row: row[1].name)
            self._views[key] = view
        return view

    # --- webhooks --------------------------------------------------------------------------------------------------

    async def webhook_query(self, request: Request, client: Client) -> WebhookReply:
        """``webhook/query``: the client's own webhooks, with their secrets, as the vendor's page has it."""
        return WebhookReply(
            data=WebhookSettings(
                enb_webhook_event_push=1 if client.webhooks else 0,
                webhook_event_push_list=[
                    WebhookRow(hook.url, hook.secret, hook.method, list(hook.events or TOLD))
                    for hook in client.webhooks
                ],
                webhook_event_push_timeout=math.ceil(client.webhook_timeout),
                webhook_event_push_retry_count=client.webhook_retries,
                webhook_event_ids=list(TOLD),
            )
        )


def _page(rows: Sequence[T], asked: Paging) -> list[T]:
    first = (asked.page - 1) * asked.page_size
    if asked.order_by == "desc":
        rows = rows[::-1]
    return list(rows[first : first + asked.page_size])


def _trunk_row(trunk: Trunk, status: int) -> TrunkRow:
    return TrunkRow(trunk.number, status, trunk.name, "peer", trunk.sources[0] if trunk.sources else "", "")


def _route_row(position: int, route: InboundRoute, directory: Directory, client: Client) -> InboundRouteRow:
    names = [name for name in route.trunks or directory.trunks if name in directory.trunks and client.may_see(name)]
    return InboundRouteRow(
        id=route.number,
        name=route.name,
        did_option="patterns",
        did_pattern_list=[] if route.did == "*" else [DidPattern(_did_pattern(route.did))],
        cid_option="patterns",
        cid_pattern_list=[],
        trunk_list=[TrunkName(directory.trunks[name].number, name) for name in names],
        def_dest="sip_uri",
        def_dest_value=route.destination,
        pos=position,
    )


def _did_pattern(did: str) -> str:
    """A prefix in the vendor's pattern language: ``!`` stands for any digits, also none."""
    return f"{did[:-1]}!" if did.endswith("*") else did
