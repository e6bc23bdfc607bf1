"""Events over WebSocket: who has subscribed to what, and a bounded queue for each of them.

Source: Yeastar P-Series developer guide, "Monitor Events via WebSocket". A subscriber that does not read costs nobody
else anything: events wait for it up to ``http.queue_limit`` and ``http.queue_bytes``, then it is dropped.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import msgspec
import structlog

from callgate.core.calls import CallId
from callgate.core.control import CallControl
from callgate.core.events import Delivery
from callgate.core.states import State
from callgate.dialects.asgi import Receive, Send
from callgate.dialects.port import Surroundings
from callgate.dialects.yeastar.auth import Session, Tokens
from callgate.dialects.yeastar.decide import DIALECT
from callgate.dialects.yeastar.errors import ApiError, invalid
from callgate.dialects.yeastar.events import CATALOGUE, INCOMING_CALL_REQUEST, encode
from callgate.dialects.yeastar.requests import read_json
from callgate.dialects.yeastar.wire import Reply, TopicList
from callgate.settings import Settings

HEARTBEAT, HEARTBEAT_RESPONSE = "heartbeat", "heartbeat response"
DELIVERED = "delivered"

#: So many frames are written before other tasks get their turn.
_BURST = 64
#: How long (seconds) a close frame may take to leave.
_CLOSE_TIME = 2.0

_json = msgspec.json.Encoder()
_topic_list = msgspec.json.Decoder(TopicList)
_SUCCESS = _json.encode(Reply()).decode()

log = structlog.get_logger(__name__)


class Ending(msgspec.Struct, frozen=True):
    """Why a WebSocket is closed: the close code (RFC 6455 section 7.4.1) and its reason."""

    code: int
    reason: str


IDLE = Ending(1000, "no interaction for too long: send heartbeat")
TOKEN_OVER = Ending(1008, "token expired")
STOPPING = Ending(1001, "callgate stops")
TOO_SLOW = Ending(1008, "events are not read")
GONE = Ending(1006, "the application hung up")


class _Frame(msgspec.Struct, frozen=True, gc=False):
    """A text to send. ``held`` is set for the request to decide a call: its delivery is reported."""

    text: str
    held: CallId | None
    queued: float


class Subscriber:
    """One open WebSocket: its topics and what waits to be sent."""

    def __init__(self, session: Session, control: CallControl, settings: Settings) -> None:
        self.session = session
        self.topics: frozenset[int] = frozenset()
        self.ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self.last_active = asyncio.get_running_loop().time()
        self._control = control
        self._limit = settings.http.queue_limit
        self._limit_bytes = settings.http.queue_bytes
        self._queue: deque[_Frame] = deque()
        self._queued_bytes = 0
        self._filled = asyncio.Event()

    def put(self, text: str, held: CallId | None = None) -> None:
        """Have it sent. If too much is waiting already, the subscriber is dropped."""
        if self.ending.done():
            return
        size = len(text)
        if len(self._queue) >= self._limit or self._queued_bytes + size > self._limit_bytes:
            self._drop()
            return
        self._queue.append(_Frame(text, held, self._control.now()))
        self._queued_bytes += size
        self._filled.set()

    def end(self, ending: Ending) -> None:
        """Close it; the first reason counts."""
        if not self.ending.done():
            self.ending.set_result(ending)

    @property
    def half_full(self) -> bool:
        """Half of what may wait is waiting."""
        return len(self._queue) * 2 >= self._limit or self._queued_bytes * 2 >= self._limit_bytes

    async def write(self, send: Send) -> None:
        """Send what is queued, as it comes; runs until it is cancelled.

        Raises:
            OSError: the connection broke.
        """
        loop = asyncio.get_running_loop()
        while True:
            await self._filled.wait()
            for _ in range(_BURST):
                if not self._queue:
                    self._filled.clear()
                    break
                frame = self._queue.popleft()
                self._queued_bytes -= len(frame.text)
                try:
                    await send({"type": "websocket.send", "text": frame.text, "bytes": None})
                except RuntimeError as closed:  # the server has closed it already, after a ping without an answer
                    raise ConnectionAbortedError from closed
                self.last_active = loop.time()
                if frame.held is not None:
                    self._report(frame.held, DELIVERED, frame.queued)
            else:
                await asyncio.sleep(0)

    def _drop(self) -> None:
        log.warning("a subscriber does not read and is dropped", client=self.session.client, unread=len(self._queue))
        self._report(None, f"dropped: {len(self._queue)} events were not read", self._control.now())
        self._queue.clear()
        self.end(TOO_SLOW)

    def _report(self, call: CallId | None, result: str, since: float) -> None:
        now = self._control.now()
        event = str(INCOMING_CALL_REQUEST)
        self._control.delivered(
            Delivery(call, DIALECT, self.session.client, "websocket", event, result, now, now - since)
        )


class Subscriptions:
    """All open WebSockets."""

    def __init__(self, surroundings: Surroundings, tokens: Tokens) -> None:
        self._control = surroundings.control
        self._directory = surroundings.directory
        self._settings = surroundings.settings
        self._tokens = tokens
        self._subscribers: set[Subscriber] = set()
        self._by_topic: dict[int, set[Subscriber]] = {}
        self._none_open = asyncio.Event()
        self._none_open.set()

    def receivers(self, topic: int, trunk: str) -> list[Subscriber]:
        """Who gets an event of that topic about a call on that trunk."""
        subscribers = self._by_topic.get(topic)
        if not subscribers:
            return []
        clients = self._directory.current.clients
        return [
            subscriber
            for subscriber in subscribers
            if (client := clients.get(subscriber.session.client)) is not None and client.may_see(trunk)
        ]

    async def serve(self, session: Session, receive: Receive, send: Send) -> None:
        """One WebSocket from its acceptance to its end."""
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        subscriber = Subscriber(session, self._control, self._settings)
        self._subscribers.add(subscriber)
        self._none_open.clear()
        tasks: list[asyncio.Future[Any]] = [
            asyncio.create_task(self._read(subscriber, receive)),
            asyncio.create_task(subscriber.write(send)),
            asyncio.create_task(self._watch(subscriber)),
        ]
        try:
            await asyncio.wait([*tasks, subscriber.ending], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            self._subscribe(subscriber, frozenset())
            self._subscribers.discard(subscriber)
            if not self._subscribers:
                self._none_open.set()
        for result in ended:
            if isinstance(result, Exception) and not isinstance(result, OSError):
                log.error("a WebSocket failed", client=session.client, exc_info=result)
        ending = subscriber.ending.result() if subscriber.ending.done() else GONE
        if ending not in (GONE, TOO_SLOW):  # nobody reads a close frame there
            await _close(send, ending)

    def check_tokens(self) -> None:
        """Close the WebSockets whose login is void now: revoked, or its client is gone."""
        for subscriber in self._subscribers:
            if self._tokens.good_until(subscriber.session) <= self._control.now():
                subscriber.end(TOKEN_OVER)

    async def close_all(self) -> None:
        """Close every WebSocket, and wait until they have ended."""
        for subscriber in self._subscribers:
            subscriber.end(STOPPING)
        await self._none_open.wait()

    # --- one subscriber ----------------------------------------------------------------------------------------------

    async def _read(self, subscriber: Subscriber, receive: Receive) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                subscriber.end(GONE)
                return
            if message["type"] != "websocket.receive":
                continue
            subscriber.last_active = asyncio.get_running_loop().time()
            text, data = message.get("text"), message.get("bytes")
            received = text.encode() if text is not None else data or b""
            self._answer(subscriber, received)

    def _answer(self, subscriber: Subscriber, received: bytes) -> None:
        if received.strip() == HEARTBEAT.encode():
            subscriber.put(HEARTBEAT_RESPONSE)
            return
        try:
            topics = self._read_topics(received)
        except ApiError as error:
            subscriber.put(_json.encode(error.reply()).decode())
            return
        fresh = topics - subscriber.topics
        self._subscribe(subscriber, topics)
        subscriber.put(_SUCCESS)
        if INCOMING_CALL_REQUEST in fresh:
            self._tell_held(subscriber)

    def _read_topics(self, received: bytes) -> frozenset[int]:
        body = received if len(received) <= self._settings.http.body_limit else None
        topics = read_json(body, _topic_list).topic_list
        for topic in topics:
            if topic not in CATALOGUE:
                raise invalid("topic_list", str(topic), f"there is no event {topic}")
        return frozenset(topics)

    def _subscribe(self, subscriber: Subscriber, topics: frozenset[int]) -> None:
        for topic in subscriber.topics - topics:
            self._by_topic[topic].discard(subscriber)
        for topic in topics - subscriber.topics:
            self._by_topic.setdefault(topic, set()).add(subscriber)
        subscriber.topics = topics

    def _tell_held(self, subscriber: Subscriber) -> None:
        """The calls that wait for a decision already: the application was not there when they came."""
        client = self._directory.current.clients.get(subscriber.session.client)
        if client is None:
            return
        for call in self._control.live():
            if call.state is not State.HELD or not client.may_see(call.trunk):
                continue
            if subscriber.half_full:
                log.warning("more calls are held than a new subscriber can be told of", client=client.name)
                return
            subscriber.put(encode(INCOMING_CALL_REQUEST, call, self._settings.yeastar.serial), call.id)

    async def _watch(self, subscriber: Subscriber) -> None:
        """End it when nothing has gone either way for too long, or when its client has no live token any more."""
        loop, idle = asyncio.get_running_loop(), self._settings.yeastar.idle_timeout
        while True:
            quiet = subscriber.last_active + idle - loop.time()
            token = self._tokens.good_until(subscriber.session) - self._control.now()
            if token <= 0:
                subscriber.end(TOKEN_OVER)
                return
            if quiet <= 0:
                subscriber.end(IDLE)
                return
            await asyncio.sleep(min(quiet, token))


async def refuse_upgrade(status: int, error: ApiError, receive: Receive, send: Send) -> None:
    """Answer the handshake with this HTTP status and the envelope (extension "websocket.http.response" of ASGI)."""
    await receive()
    body = _json.encode(error.reply())
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body, "more_body": False})


async def _close(send: Send, ending: Ending) -> None:
    try:
        async with asyncio.timeout(_CLOSE_TIME):
            await send({"type": "websocket.close", "code": ending.code, "reason": ending.reason})
    except (OSError, TimeoutError, RuntimeError):
        pass  # it is gone already
