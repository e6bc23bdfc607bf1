"""CometD over a WebSocket: text frames that hold arrays of messages, in both directions.

One connection carries the polls of its sessions, and what else they say, side by side. Nothing is read while replies
are waiting to be written, and events wait in their session, which is dropped when it has too many: a client that does
not read costs no more memory than one that does not poll.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec
import structlog

from callgate.dialects.asgi import Receive, Scope, Send
from callgate.dialects.genesys.bayeux.http import cookie, header
from callgate.dialects.genesys.bayeux.messages import MalformedError, UnreadableError, array, read
from callgate.dialects.genesys.bayeux.protocol import Protocol
from callgate.dialects.genesys.bayeux.sessions import Ending, Poll, Session
from callgate.dialects.genesys.errors import GenesysError, Status
from callgate.dialects.genesys.model import Doorkeeper, Login

#: How long (seconds) a close frame may take to leave.
_CLOSE_TIME = 2.0
log = structlog.get_logger(__name__)


class Close(msgspec.Struct, frozen=True):
    """Why a WebSocket is closed: the code (RFC 6455 section 7.4.1) and its reason."""

    code: int
    reason: str


GONE = Close(1006, "the client hung up")
IDLE = Close(1000, "no session uses this connection")
STOPPING = Close(1001, "Callgate stops")
NOT_MESSAGES = Close(1007, "a frame has no Bayeux messages")
TOO_SLOW = Close(1008, "events are not read")
LOGGED_OUT = Close(1008, "the login is over")
TOO_LARGE = Close(1009, "a frame is too large")


class Socket:
    """One WebSocket from its acceptance to its end.

    Args:
        login: who opened it.
        now: Unix seconds.
        limit: how many bytes a frame may have.
    """

    def __init__(
        self,
        protocol: Protocol,
        doorkeeper: Doorkeeper,
        scope: Scope,
        login: Login,
        *,
        now: Callable[[], float],
        limit: int,
    ) -> None:
        self._protocol = protocol
        self._doorkeeper = doorkeeper
        self._scope = _with_cookie(scope, login)
        self._login = login
        self._now = now
        self._limit = limit
        self._ending: asyncio.Future[Close] = asyncio.get_running_loop().create_future()
        self._heard = now()
        self._sessions: set[Session] = set()
        self._polls: dict[Poll, asyncio.TimerHandle] = {}
        #: What is to be sent: polls that are to be answered, sessions that have events. In order, each once.
        self._due: dict[Poll | Session, None] = {}
        self._filled = asyncio.Event()
        self._writing = asyncio.Lock()

    async def serve(self, receive: Receive, send: Send) -> None:
        """Accept it, and serve it until it ends."""
        await receive()
        await send({"type": "websocket.accept", "subprotocol": None, "headers": cookie(self._login.set_cookie)})
        tasks: list[asyncio.Future[Any]] = [
            asyncio.create_task(self._read(receive, send)),
            asyncio.create_task(self._deliver(send)),
        ]
        try:
            await asyncio.wait([*tasks, self._ending], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            self._let_go()
        for result in ended:
            if isinstance(result, Exception) and not isinstance(result, OSError):
                log.error("a WebSocket failed", agent=self._login.agent, exc_info=result)
        close = self._ending.result() if self._ending.done() else GONE
        if close not in (GONE, TOO_SLOW):  # nobody reads a close frame there
            await _close(send, close)

    def end(self, close: Close) -> None:
        """Close it; the first reason counts."""
        if not self._ending.done():
            self._ending.set_result(close)

    def check(self, patience: float) -> None:
        """Close it if no session has used it for so many seconds."""
        if not self._sessions and self._now() - self._heard > patience:
            self.end(IDLE)

    # --- what the protocol says (a Line) -----------------------------------------------------------------------------

    def joined(self, session: Session) -> None:
        """The session speaks over this connection."""
        self._sessions.add(session)

    def left(self, session: Session) -> None:
        """The session speaks over another connection."""
        self._sessions.discard(session)

    def due(self, session: Session) -> None:
        """There are events to fetch for that session."""
        self._put(session)

    def over(self, session: Session, ending: Ending) -> None:
        """The session is gone; if it could not be sent its events, so is the connection."""
        self._sessions.discard(session)
        if ending is Ending.FULL:
            self.end(TOO_SLOW)

    # --- reading -----------------------------------------------------------------------------------------------------

    async def _read(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                self.end(GONE)
                return
            text, data = message.get("text"), message.get("bytes")
            frame = text.encode() if text is not None else data or b""
            if len(frame) > self._limit:
                self.end(TOO_LARGE)
                return
            try:
                await self._take(frame, send)
            except UnreadableError:
                self.end(NOT_MESSAGES)
                return
            except GenesysError:
                self.end(LOGGED_OUT)
                return

    async def _take(self, frame: bytes, send: Send) -> None:
        try:
            messages = read(frame)
        except MalformedError as error:
            await self._send(send, array([error.reply]))
            return
        # Each frame is a request of that login: it keeps it alive, and nothing is heard when it is over.
        self._login = await self._doorkeeper.admit(self._scope)
        self._heard = self._now()
        replies = self._protocol.receive(messages, self._login, self._heard, self)
        if isinstance(replies, Poll):
            self._hold(replies)
        elif replies:
            await self._send(send, array(replies))

    def _hold(self, poll: Poll) -> None:
        loop = asyncio.get_running_loop()
        poll.wake = lambda: self._put(poll)
        self._polls[poll] = loop.call_later(poll.timeout, self._put, poll)

    # --- writing -----------------------------------------------------------------------------------------------------

    def _put(self, item: Poll | Session) -> None:
        self._due[item] = None
        self._filled.set()

    async def _deliver(self, send: Send) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._due:
                async with self._writing:
                    item = next(iter(self._due))
                    del self._due[item]
                    text = self._protocol.fetch(item) if isinstance(item, Session) else self._finish(item)
                    if text is not None:
                        await _write(send, text)

    def _finish(self, poll: Poll) -> bytes | None:
        timer = self._polls.pop(poll, None)
        if timer is None:  # it was answered before
            return None
        timer.cancel()
        return self._protocol.finish(poll)

    async def _send(self, send: Send, text: bytes) -> None:
        async with self._writing:
            await _write(send, text)

    def _let_go(self) -> None:
        for poll, timer in self._polls.items():
            timer.cancel()
            self._protocol.abandon(poll)
        for session in self._sessions:
            self._protocol.leave(session, self)


def foreign(scope: Scope, base_url: str) -> bool:
    """Whether a page of another site opens it, and would have the browser's cookie do for a login (RFC 6455 section
    10.2): an Origin that is neither the host that it asks for nor the base URL's, and no credentials of its own."""
    origin = header(scope, b"origin").decode("latin-1")
    if not origin or header(scope, b"authorization"):
        return False
    site = urlsplit(origin).netloc  # "" for "null": a page without a site
    return not site or site not in (header(scope, b"host").decode("latin-1"), urlsplit(base_url).netloc)


FOREIGN = GenesysError(Status.FORBIDDEN, "A page of another site may not connect", http=403)


def _with_cookie(scope: Scope, login: Login) -> Scope:
    """The scope as the client would send it next: with the cookie that it is given now."""
    given = login.set_cookie.partition(";")[0].encode("latin-1")
    if not given:
        return scope
    headers = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
    return {**scope, "headers": [*headers, (b"cookie", given)]}


async def _write(send: Send, text: bytes) -> None:
    try:
        await send({"type": "websocket.send", "text": text.decode(), "bytes": None})
    except RuntimeError as closed:  # the server has closed it already, after a ping without an answer
        raise ConnectionAbortedError from closed


async def _close(send: Send, close: Close) -> None:
    try:
        async with asyncio.timeout(_CLOSE_TIME):
            await send({"type": "websocket.close", "code": close.code, "reason": close.reason})
    except (OSError, TimeoutError, RuntimeError):
        pass  # it is gone already
