"""Live calls and those that ended not long ago."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from callgate.core.calls import Call
from callgate.core.control import CallControl
from callgate.core.events import CallEvent, Event
from callgate.core.states import FINAL
from callgate.dialects.native import errors, paths, wire
from callgate.dialects.native.mapping import call_of
from callgate.dialects.native.operations import NoQuery, Operation, Reply, Request, json_reply
from callgate.dialects.native.routes.decisions import call_id
from callgate.dialects.native.wire import Limit, Page

#: How many calls are looked at before others get their turn.
_PIECE = 500

Cursor = Annotated[
    str,
    Meta(
        pattern="^([0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12})?$",
        description="`next` of the page before; left out: the newest calls.",
    ),
]
StateName = Literal[
    "held",
    "decided",
    "routed",
    "ringing",
    "answered",
    "refused",
    "redirected",
    "cancelled",
    "failed",
    "completed",
]


class CallQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which calls: all conditions hold. A number that ends with "*" is a prefix."""

    trunk: str | None = None
    route: str | None = None
    state: Annotated[list[StateName], Meta(description="One of these; may be given several times.")] = []
    caller: Annotated[str | None, Meta(description="The caller's number, or a prefix and `*`.")] = None
    dialled: Annotated[str | None, Meta(description="The dialled number, or a prefix and `*`.")] = None
    cursor: Cursor = ""
    limit: Annotated[Limit, Meta(description="How many calls, 1 to 1000.")] = 100

    def matches(self, call: Call) -> bool:
        return (
            (not self.cursor or call.id < self.cursor)
            and (self.trunk is None or call.trunk == self.trunk)
            and (self.route is None or call.route == self.route)
            and (not self.state or call.state in self.state)
            and _matches(self.caller, call.caller.number)
            and _matches(self.dialled, call.dialled)
        )


class Calls:
    """Looks at calls.

    Args:
        recent: how many ended calls are listed.
    """

    def __init__(self, control: CallControl, recent: int) -> None:
        self._control = control
        self._ended: deque[Call] = deque(maxlen=recent)

    def hear(self, event: Event) -> None:
        """A call that ends is listed for some time yet."""
        if isinstance(event, CallEvent) and event.call.state in FINAL:
            self._ended.append(event.call)

    async def list_page(self, request: Request[CallQuery, None]) -> Reply:
        query = request.query
        found: dict[str, Call] = {}
        for piece in _pieces((*self._ended, *self._control.live())):
            found.update((call.id, call) for call in piece if query.matches(call))
            await asyncio.sleep(0)
        # Ids are in the order of time: the newest first.
        newest = heapq.nlargest(query.limit + 1, found)
        page = newest[: query.limit]
        following = page[-1] if len(newest) > query.limit else None
        # Some may have gone on since they were looked at.
        items = [call_of(found[identity]) for identity in page if query.matches(found[identity])]
        return json_reply(Page(items, following))

    async def get(self, request: Request[NoQuery, None]) -> Reply:
        identity = call_id(request.parameters["id"])
        call = None if identity is None else self._control.find(identity)
        if call is None:
            raise errors.ProblemError(errors.UNKNOWN_CALL)
        return json_reply(call_of(call))

    def operations(self) -> list[Operation[Any, Any]]:
        return [
            Operation(
                "GET",
                paths.CALLS,
                self.list_page,
                "Calls",
                "List the live calls and those that ended not long ago, the newest first",
                query=CallQuery,
                reply=Page[wire.Call],
            ),
            Operation(
                "GET",
                paths.CALL,
                self.get,
                "Calls",
                "Get a call, live or ended not long ago",
                reply=wire.Call,
                problems=(errors.UNKNOWN_CALL,),
            ),
        ]


def _matches(wanted: str | None, number: str) -> bool:
    if wanted is None:
        return True
    return number.startswith(wanted[:-1]) if wanted.endswith("*") else number == wanted


def _pieces(calls: Iterable[Call]) -> Iterator[list[Call]]:
    remaining = iter(calls)
    while piece := list(islice(remaining, _PIECE)):
        yield piece
