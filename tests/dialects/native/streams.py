"""Readers of the event stream, over both ways that it travels."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Literal, Protocol

import msgspec
from websockets.asyncio.client import connect

from callgate.dialects.native.wire import Event
from tests.dialects.serving import PATIENCE

from .rig import KEYS, Rig

Transport = Literal["sse", "ws"]


class Stream(Protocol):
    """An open stream."""

    async def next(self) -> Event: ...


async def take(stream: Stream, count: int) -> list[Event]:
    """So many events."""
    async with asyncio.timeout(PATIENCE):
        return [await stream.next() for _ in range(count)]


async def take_until(stream: Stream, kind: str) -> list[Event]:
    """All events up to the first of that kind."""
    taken: list[Event] = []
    async with asyncio.timeout(PATIENCE):
        while not taken or taken[-1].kind != kind:
            taken.append(await stream.next())
    return taken


class ServerSent:
    """Server-sent events, read as the HTML standard says; remembers the last id."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = b""
        self.last_id = ""
        self.comments = 0

    async def next(self) -> Event:
        while True:
            block = await self._block()
            fields: dict[bytes, bytes] = {}
            for line in block.split(b"\n"):
                name, _, value = line.partition(b": ")
                fields[name] = value
            self.comments += b"" in fields
            if b"id" in fields:
                self.last_id = fields[b"id"].decode()
            if b"data" in fields:
                event = msgspec.json.decode(fields[b"data"], type=Event)
                assert (event.kind.encode(), event.cursor) == (fields[b"event"], self.last_id)
                return event

    async def _block(self) -> bytes:
        while b"\n\n" not in self._buffer:
            self._buffer += await anext(self._chunks)
        block, _, self._buffer = self._buffer.partition(b"\n\n")
        return block


@contextlib.asynccontextmanager
async def opened(
    rig: Rig, transport: Transport, cursor: str = "", *, scope: str = "read", query: Iterable[tuple[str, str]] = ()
) -> AsyncIterator[Stream]:
    """A stream that goes on after a cursor."""
    if transport == "sse":
        async with rig.as_(scope) as http:
            headers = {"Last-Event-ID": cursor} if cursor else {}
            async with http.stream("GET", "/v1/events", params=list(query), headers=headers) as response:
                assert response.status_code == 200
                assert response.headers["content-type"] == "text/event-stream"
                yield ServerSent(response.aiter_raw())
        return
    parameters = "&".join(f"{name}={value}" for name, value in [*query, ("cursor", cursor)])
    async with connect(
        f"ws://{rig.address}/v1/events/ws?{parameters}",
        additional_headers={"Authorization": f"Bearer {KEYS[scope]}"},
        proxy=None,
    ) as socket:

        class WebSocket:
            async def next(self) -> Event:
                return msgspec.json.decode(await socket.recv(), type=Event)

        yield WebSocket()
