"""Applications for tests: one that speaks the Yeastar API and one that speaks Callgate's own, over real connections."""

from __future__ import annotations

import asyncio
import io
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.system import eventually

#: What is waited for longer than this (seconds) has not happened.
PATIENCE = 15.0

Json = dict[str, Any]


class _Heard:
    """What a WebSocket has brought so far, found by kind and by whom it is about."""

    def __init__(self) -> None:
        self.events: list[Json] = []
        self._found: dict[tuple[object, str], Json] = {}
        self._awaited: dict[tuple[object, str], asyncio.Event] = {}
        self._reading: asyncio.Task[None] | None = None

    def follow(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Read this WebSocket from now on."""
        self._reading = asyncio.create_task(self._read(socket))

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for message in socket:
                self.understand(str(message.data))
        finally:
            for waiting in self._awaited.values():
                waiting.set()  # it will hear no more
            await socket.close()

    def understand(self, text: str) -> None:
        raise NotImplementedError

    async def leave(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def first(self, kind: object, about: str, seconds: float = PATIENCE) -> Json:
        """The first event of that kind about that one, also if it came before."""
        key = (kind, about)
        if key not in self._found:
            assert self._reading is None or not self._reading.done(), "the WebSocket is closed"
            await asyncio.wait_for(self._awaited.setdefault(key, asyncio.Event()).wait(), seconds)
            assert key in self._found, "the WebSocket was closed"
        return self._found[key]

    def hear(self, kind: object, about: str, event: Json) -> None:
        self.events.append(event)
        self._found.setdefault((kind, about), event)
        if waiting := self._awaited.pop((kind, about), None):
            waiting.set()


@dataclass
class Request:
    """A held call as event 30016 tells it."""

    call_id: str
    channel_id: str
    caller: str
    dialled: str
    trunk: str
    text: str


class YeastarApplication(_Heard):
    """A client of the Yeastar API that has subscribed to every event about calls."""

    def __init__(self, session: aiohttp.ClientSession, base: str, token: str) -> None:
        super().__init__()
        self._session = session
        self._base = base
        self.token = token

    @classmethod
    async def open(
        cls, http: str, client_id: str, secret: str, *, authority: ssl.SSLContext | None = None
    ) -> YeastarApplication:
        """Log in and subscribe, as the vendor's guide shows it."""
        connector = aiohttp.TCPConnector(ssl=authority or True, limit=0)
        session = aiohttp.ClientSession(headers={"User-Agent": "OpenAPI"}, connector=connector)
        base = f"{http}/openapi/v1.0"
        async with session.post(f"{base}/get_token", json={"username": client_id, "password": secret}) as reply:
            token = (await reply.json())["access_token"]
        application = cls(session, base, token)
        socket = await session.ws_connect(f"{base}/subscribe?access_token={token}")
        await socket.send_json({"topic_list": [30011, 30012, 30015, 30016]})
        await socket.receive(PATIENCE)
        application.follow(socket)
        return application

    async def close(self) -> None:
        await self.leave()
        await self._session.close()

    async def incoming(self, caller: str, seconds: float = PATIENCE) -> Request:
        """The Incoming Call Request of the call from that number."""
        event = await self.first(30016, caller, seconds)
        leg = event["msg"]["members"][0]["inbound"]
        return Request(
            event["msg"]["call_id"], leg["channel_id"], leg["from"], leg["to"], leg["trunk_name"], event["text"]
        )

    async def ended(self, call_id: str) -> Json:
        """The Call End Details of a call."""
        return dict((await self.first(30012, call_id))["msg"])

    def understand(self, text: str) -> None:
        outer = json.loads(text)
        event = {**outer, "msg": json.loads(outer["msg"]), "text": text}
        about = event["msg"]["call_id"]
        if event["type"] == 30016:
            about = event["msg"]["members"][0]["inbound"]["from"]
        self.hear(event["type"], about, event)

    async def decide(self, what: str, channel_id: str) -> Json:
        """``accept`` or ``refuse`` a call; the whole reply."""
        return await self._post(f"call/{what}_inbound", channel_id)

    async def hang_up(self, channel_id: str) -> Json:
        """End a call; the whole reply."""
        return await self._post("call/hangup", channel_id)

    async def _post(self, path: str, channel_id: str) -> Json:
        url = f"{self._base}/{path}?access_token={self.token}"
        async with self._session.post(url, json={"channel_id": channel_id}) as reply:
            assert reply.status == 200
            return dict(await reply.json())


class NativeApplication(_Heard):
    """A client of Callgate's own API that follows its event stream."""

    def __init__(self, session: aiohttp.ClientSession, http: str) -> None:
        super().__init__()
        self.session = session
        self._http = http

    @classmethod
    async def open(cls, http: str, headers: Mapping[str, str]) -> NativeApplication:
        session = aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0))
        application = cls(session, http)
        socket = await session.ws_connect(f"{http}/v1/events/ws", max_msg_size=0)
        application.follow(socket)
        await application.first("ready", "")
        return application

    async def close(self) -> None:
        await self.leave()
        await self.session.close()

    def understand(self, text: str) -> None:
        event = json.loads(text)
        self.hear(event["kind"], event["call"]["caller"]["sip_call_id"] if event.get("call") else "", event)

    async def heard(self, kind: str, sip_call_id: str, seconds: float = PATIENCE) -> Json:
        """The call in the event of that kind about the call with that Call-ID."""
        return dict((await self.first(kind, sip_call_id, seconds))["call"])

    async def held(self, sip_call_id: str, seconds: float = PATIENCE) -> str:
        """The id of the held call with that Call-ID."""
        return str((await self.heard("held", sip_call_id, seconds))["id"])

    def kinds(self, sip_call_id: str) -> list[str]:
        """What has been told of a call so far, without the deliveries."""
        return [
            each["kind"]
            for each in self.events
            if each.get("call") and each["call"]["caller"]["sip_call_id"] == sip_call_id
        ]

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """One request below ``/v1``: status and body."""
        async with self.session.request(method, f"{self._http}/v1/{path}", json=body) as reply:
            return reply.status, await reply.json(content_type=None)

    async def decide(self, what: str, call: str, **body: object) -> tuple[int, Json]:
        """``accept``, ``refuse``, ``redirect`` or ``hangup`` a call."""
        status, reply = await self.ask("POST", f"calls/{call}/{what}", body)
        return status, dict(reply)

    async def call(self, call: str) -> Json:
        """The call as the API shows it."""
        status, found = await self.ask("GET", f"calls/{call}")
        assert status == 200, found
        return dict(found)

    async def journal(self, call: str, wanted: Callable[[Json], bool], seconds: float = PATIENCE) -> Json:
        """The journal's entry of a call, once it is as wanted: entries are written behind."""
        entry: Any = None
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            status, entry = await self.ask("GET", f"journal/calls/{call}")
            if status == 200 and wanted(entry):
                return dict(entry)
            await asyncio.sleep(0.1)
        raise AssertionError(f"the journal never had it as wanted, it has {entry}")

    async def counters(self) -> dict[str, int]:
        """The edge's own counters, which it tells once a second."""
        await asyncio.sleep(1.3)
        _, status = await self.ask("GET", "status")
        return dict(status["counters"])

    async def in_edge(self) -> None:
        """Wait until the edge has what was changed in the directory: the replies do not wait for it."""

        async def there() -> bool:
            _, status = await self.ask("GET", "status")
            return bool(status["directory_in_edge"])

        await eventually(there)

    async def put_directory(self, text: str, *, prune: bool = False) -> Json:
        """Apply a directory file."""
        query = "?prune=true" if prune else ""
        async with self.session.post(
            f"{self._http}/v1/directory{query}",
            data=io.BytesIO(text.encode()),
            headers={"Content-Type": "application/toml"},
        ) as reply:
            assert reply.status == 200, await reply.text()
            return dict(await reply.json())
