"""The event stream, as server-sent events and over a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Annotated, Any

import msgspec
import structlog
from msgspec import Meta

from callgate.core.control import CallControl
from callgate.dialects.asgi import Receive, Send
from callgate.dialects.native import errors, paths
from callgate.dialects.native.auth import Keys
from callgate.dialects.native.feed import Feed, Filter, Message, SlowReaderError
from callgate.dialects.native.operations import Operation, Request, Stream
from callgate.dialects.native.ring import EventRing
from callgate.dialects.native.wire import Event
from callgate.settings import Settings

_log = structlog.get_logger("callgate.native")

EVENT_STREAM = "text/event-stream"
#: Why a WebSocket is closed (RFC 6455 section 7.4.1): the endpoint goes away.
_GOING_AWAY = 1001


class EventQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the stream goes on, and what of it is wanted."""

    cursor: Annotated[
        str, Meta(description="The cursor of the last event received; left out: all live calls first, then events.")
    ] = ""
    trunk: Annotated[list[str], Meta(description="Only calls of these trunks; may be given several times.")] = []
    kind: Annotated[list[str], Meta(description="Only events of these kinds; may be given several times.")] = []


class _GoneError(Exception):
    """The reader closed the connection."""


class Events:
    """All readers of the event stream."""

    def __init__(self, ring: EventRing, control: CallControl, keys: Keys, settings: Settings) -> None:
        self._ring = ring
        self._control = control
        self._keys = keys
        self._settings = settings
        self._open: set[Feed] = set()

    async def server_sent(self, request: Request[EventQuery, None]) -> Stream:
        feed = self._feed(request, request.last_event_id or request.query.cursor)

        async def stream(receive: Receive, send: Send) -> None:
            headers = [
                (b"content-type", EVENT_STREAM.encode()),
                (b"cache-control", b"no-store"),
                (b"x-accel-buffering", b"no"),
            ]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            if await self._run(feed, receive, "http.disconnect", _send_server_sent(feed, send)):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        return stream

    async def web_socket(self, request: Request[EventQuery, None]) -> Stream:
        feed = self._feed(request, request.query.cursor)

        async def stream(receive: Receive, send: Send) -> None:
            await receive()  # websocket.connect
            await send({"type": "websocket.accept"})
            if await self._run(feed, receive, "websocket.disconnect", _send_web_socket(feed, send)):
                with contextlib.suppress(OSError):
                    await send({"type": "websocket.close", "code": _GOING_AWAY, "reason": ""})

        return stream

    def close(self) -> None:
        """End every stream."""
        for feed in tuple(self._open):
            feed.close()
        self._ring.wake()

    def _feed(self, request: Request[EventQuery, None], cursor: str) -> Feed:
        if len(self._open) >= self._settings.native.stream_limit:
            raise errors.ProblemError(errors.TOO_MANY_STREAMS)
        key = request.key
        return Feed(
            self._ring,
            self._control,
            cursor,
            Filter(frozenset(request.query.trunk), frozenset(request.query.kind)),
            limit=min(self._settings.http.queue_limit, self._settings.native.event_ring),
            keep_alive=self._settings.native.keep_alive,
            allowed=lambda: key is not None and self._keys.holds(key),
        )

    async def _run(self, feed: Feed, receive: Receive, goodbye: str, sending: Coroutine[Any, Any, None]) -> bool:
        """Send until the stream ends; false if the reader has gone, or takes nothing and is dropped.

        Who takes nothing is not told either: the server closes the connection when its handler returns.
        """
        self._open.add(feed)
        self._ring.watchers.append(feed.watch)
        ended = True
        try:
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(_until(receive, goodbye))
                await sending
                listening.cancel()
        except* (_GoneError, OSError):
            ended = False
        except* SlowReaderError:
            _log.warning("event stream dropped, its reader is too slow")
            ended = False
        finally:
            self._ring.watchers.remove(feed.watch)
            self._open.discard(feed)
        return ended

    def operations(self) -> list[Operation[Any, Any]]:
        return [
            Operation(
                "GET",
                paths.EVENTS,
                self.server_sent,
                "Events",
                "Follow all events as server-sent events; Last-Event-ID resumes where a stream broke",
                query=EventQuery,
                reply=Event,
                reply_type=EVENT_STREAM,
                problems=(errors.TOO_MANY_STREAMS,),
            ),
            Operation(
                "GET",
                paths.EVENTS_WS,
                self.web_socket,
                "Events",
                "Follow all events over a WebSocket; each text message is one Event",
                query=EventQuery,
                status=101,
                problems=(errors.UPGRADE_REQUIRED, errors.TOO_MANY_STREAMS),
                web_socket=True,
            ),
        ]


async def _send_server_sent(feed: Feed, send: Send) -> None:
    async for messages in feed.messages():
        body = b"".join(map(_server_sent, messages))
        await feed.send(send({"type": "http.response.body", "body": body, "more_body": True}))


def _server_sent(message: Message) -> bytes:
    """One event in the form of the HTML standard, section 9.2; a keepalive only brings the cursor up to date."""
    cursor = message.cursor.encode()
    if message.kind == "keepalive":
        return b": keepalive\nid: %b\n\n" % cursor
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (cursor, message.kind.encode(), message.data)


async def _send_web_socket(feed: Feed, send: Send) -> None:
    async for messages in feed.messages():
        for message in messages:
            await feed.send(send({"type": "websocket.send", "text": message.data.decode()}))


async def _until(receive: Receive, goodbye: str) -> None:
    """Take whatever the reader sends, until it goes."""
    while (await receive())["type"] != goodbye:
        pass
    raise _GoneError
