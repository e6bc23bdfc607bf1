"""An application that speaks the Yeastar API: it hears 30016 on a WebSocket and answers each over HTTP.

A process of its own, as lean as a customer's could be made: uvloop, one WebSocket, a few keep-alive connections with
one request on its way at a time. It knows a call by its caller's number, which the bench makes unique.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import time
import urllib.request
from collections import deque
from multiprocessing.connection import Connection
from typing import Literal, cast
from urllib.parse import urlsplit

import msgspec
import uvloop

CLIENT_ID, SECRET = "BenchClientIdForThisMachineOnly1", "BenchSecretThatEverybodyKnows001"
_CONNECTIONS = 32
_HEARTBEAT = 20.0
_TEXT, _PING, _PONG = 0x1, 0x9, 0xA

Behaviour = Literal["refuse", "accept", "hold"]


class Decided(msgspec.Struct):
    """The calls that an application was told of, by caller's number; times are monotonic seconds.

    ``told`` is when the event was here, ``asked`` when the decision left, ``answered`` when its reply said success.
    ``failed`` replies said something else, ``held`` calls wait for the order to release them.
    """

    told: dict[int, float]
    asked: dict[int, float]
    answered: dict[int, float]
    failed: int = 0
    held: int = 0


class Order(msgspec.Struct, frozen=True):
    """What the application is to do: behave so from now on, refuse what it holds, tell what it has seen since."""

    behaviour: Behaviour | None = None
    release: bool = False
    report: bool = False


class _Leg(msgspec.Struct):
    number: str = msgspec.field(name="from")
    channel_id: str


class _Member(msgspec.Struct):
    inbound: _Leg


class _Message(msgspec.Struct):
    members: list[_Member]


class _Event(msgspec.Struct):
    type: int
    msg: str


_event = msgspec.json.Decoder(_Event)
_message = msgspec.json.Decoder(_Message)


class Application:
    """One application: its WebSocket, its connections, what it has seen."""

    def __init__(self, base: str) -> None:
        place = urlsplit(base)
        self._host, self._port = str(place.hostname), int(place.port or 80)
        self._token = _get_token(base)
        self._behaviour: Behaviour = "refuse"
        self._idle: deque[_Connection] = deque()
        self._waiting: deque[tuple[int, str, str]] = deque()
        self._held: list[tuple[int, str]] = []
        self._rest = asyncio.Event()  # no request is on its way
        self._rest.set()
        self._connecting: set[asyncio.Task[None]] = set()
        self.decided = Decided({}, {}, {})

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(_CONNECTIONS):
            await self.connect(None)
        handshake = (
            f"GET /openapi/v1.0/subscribe?access_token={self._token} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            "User-Agent: OpenAPI\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n"
        )
        subscribed = asyncio.Event()
        await loop.create_connection(lambda: _Events(self, handshake.encode(), subscribed), self._host, self._port)
        await subscribed.wait()

    async def connect(self, request: tuple[int, bytes] | None) -> None:
        """One more connection, and at once a request on it if one was lost with another."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: _Connection(self), self._host, self._port)
        if request is None:
            self.free(connection)
        else:
            connection.ask(*request)

    def lost(self, connection: _Connection, request: tuple[int, bytes] | None) -> None:
        """The server closed a connection, perhaps with a request on it that it has not read."""
        if connection in self._idle:
            self._idle.remove(connection)
        self._connecting.add(task := asyncio.get_running_loop().create_task(self.connect(request)))
        task.add_done_callback(self._connecting.discard)

    async def obey(self, order: Order) -> Decided:
        if order.behaviour is not None:
            self._behaviour = order.behaviour
        if order.release:
            held, self._held = self._held, []
            for number, channel in held:
                self._decide(number, channel, "refuse")
        if not order.report:
            return Decided({}, {}, {}, held=len(self._held))
        await self._rest.wait()
        decided, self.decided = self.decided, Decided({}, {}, {})
        return decided

    def hear(self, text: bytes) -> None:
        """An event has come."""
        now = time.monotonic()
        leg = _message.decode(_event.decode(text).msg).members[0].inbound
        number = int(leg.number)
        self.decided.told[number] = now
        if self._behaviour == "hold":
            self._held.append((number, leg.channel_id))
        else:
            self._decide(number, leg.channel_id, self._behaviour)

    def free(self, connection: _Connection) -> None:
        """A connection can take the next request."""
        if self._waiting:
            self._send(connection, *self._waiting.popleft())
        else:
            self._idle.append(connection)
            if len(self._idle) == _CONNECTIONS:
                self._rest.set()

    def _decide(self, number: int, channel: str, verdict: str) -> None:
        self._rest.clear()
        if self._idle:
            self._send(self._idle.pop(), number, channel, verdict)
        else:
            self._waiting.append((number, channel, verdict))

    def _send(self, connection: _Connection, number: int, channel: str, verdict: str) -> None:
        body = f'{{"channel_id":"{channel}"}}'
        self.decided.asked[number] = time.monotonic()
        connection.ask(
            number,
            (
                f"POST /openapi/v1.0/call/{verdict}_inbound?access_token={self._token} HTTP/1.1\r\n"
                f"Host: {self._host}:{self._port}\r\nUser-Agent: OpenAPI\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}"
            ).encode(),
        )


class _Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._asked: tuple[int, bytes] | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._application.lost(self, self._asked)

    def ask(self, number: int, request: bytes) -> None:
        """Send the request that decides the call of that number."""
        self._asked = number, request
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._received:
            data = self._received + data
        end = data.find(b"\r\n\r\n")
        at = data.lower().find(b"content-length:", 0, end)
        if end < 0 or len(data) < end + 4 + int(data[at + 15 : data.find(b"\r\n", at)]):
            self._received = data
            return
        self._received = b""
        decided = self._application.decided
        if self._asked is not None and data.find(b'"errcode":0,', end) > 0:
            decided.answered[self._asked[0]] = time.monotonic()
        else:
            decided.failed += 1
        self._asked = None
        self._application.free(self)


class _Events(asyncio.Protocol):
    """The WebSocket (RFC 6455), as far as it is needed here: whole text frames from the server."""

    def __init__(self, application: Application, handshake: bytes, subscribed: asyncio.Event) -> None:
        self._application = application
        self._handshake = handshake
        self._subscribed = subscribed
        self._upgraded = False
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._handshake)

    def data_received(self, data: bytes) -> None:
        data = self._received + data if self._received else data
        at = 0
        if not self._upgraded:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._received = data
                return
            self._upgraded = True
            at = end + 4
            self._say(b'{"topic_list":[30016]}')
            self._beat()
        while len(data) - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                if len(data) - at < 4:
                    break
                length, start = data[at + 2] << 8 | data[at + 3], at + 4
            if start + length > len(data):
                break
            self._frame(data[at] & 0x0F, data[start : start + length])
            at = start + length
        self._received = data[at:]

    def _frame(self, opcode: int, content: bytes) -> None:
        if opcode == _PING:
            self._say(content, _PONG)
        elif content.startswith(b'{"type":'):
            self._application.hear(content)
        elif content.startswith(b'{"errcode":0'):
            self._subscribed.set()

    def _beat(self) -> None:
        self._say(b"heartbeat")
        asyncio.get_running_loop().call_later(_HEARTBEAT, self._beat)

    def _say(self, content: bytes, opcode: int = _TEXT) -> None:
        # The mask is zero: the content may stand there as it is (RFC 6455 section 5.3 has masks because of proxies).
        self._transport.write(bytes((0x80 | opcode, 0x80 | len(content), 0, 0, 0, 0)) + content)


def _get_token(base: str) -> str:
    request = urllib.request.Request(
        f"{base}/openapi/v1.0/get_token",
        json.dumps({"username": CLIENT_ID, "password": SECRET}).encode(),
        {"User-Agent": "OpenAPI", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        token: str = json.load(reply)["access_token"]
    return token


def run(base: str, pipe: Connection) -> None:
    """The process: obeys orders until the pipe is closed."""
    uvloop.run(_run(base, pipe))


async def _run(base: str, pipe: Connection) -> None:
    application = Application(base)
    await application.start()
    pipe.send(None)  # ready
    with contextlib.suppress(EOFError):  # the bench has closed the pipe
        while True:
            order = await asyncio.to_thread(pipe.recv)
            pipe.send(await application.obey(order))
