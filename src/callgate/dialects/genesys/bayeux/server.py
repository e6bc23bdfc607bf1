"""The CometD server: one ASGI application for everything below ``/api/v2/notifications``.

Clients append "/handshake", "/connect", "/disconnect" or "/" to the path, or nothing: what is meant stands in the
messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import Callable, Iterator

import msgspec
import structlog

from callgate.dialects.asgi import Receive, Scope, Send
from callgate.dialects.genesys.bayeux import http, polling
from callgate.dialects.genesys.bayeux.protocol import Counts, Protocol
from callgate.dialects.genesys.bayeux.websocket import FOREIGN, STOPPING, Socket, foreign
from callgate.dialects.genesys.errors import GenesysError, Status
from callgate.dialects.genesys.model import Doorkeeper
from callgate.measures import Measure, counter, gauge
from callgate.settings import GenesysSettings, HttpSettings

#: How often (seconds) it is looked for sessions that are over, at least.
_SWEEP = 1.0
log = structlog.get_logger(__name__)


class Bayeux:
    """Serves CometD clients; a :class:`~callgate.dialects.genesys.model.Publisher`.

    Args:
        doorkeeper: knows who sends a request.
        now: Unix seconds.
        body_limit: how many bytes a body, or a WebSocket's frame, may have.
    """

    def __init__(
        self,
        settings: GenesysSettings,
        doorkeeper: Doorkeeper,
        now: Callable[[], float],
        *,
        body_limit: int = HttpSettings().body_limit,
    ) -> None:
        self._settings = settings
        self._doorkeeper = doorkeeper
        self._now = now
        self._body_limit = body_limit
        self._protocol = Protocol(settings)
        self._sockets: set[Socket] = set()
        self._none_open = asyncio.Event()
        self._none_open.set()
        self._sweeping: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def counts(self) -> Counts:
        """What happened since the start."""
        return self._protocol.counts

    @property
    def sessions(self) -> int:
        """How many sessions live."""
        return len(self._protocol)

    @property
    def sockets(self) -> int:
        """How many WebSockets are open."""
        return len(self._sockets)

    @property
    def waiting(self) -> int:
        """How many polls wait."""
        return self._protocol.waiting

    def measures(self) -> Iterator[Measure]:
        """How the sessions are, and what happened to them."""
        counts = self.counts
        yield gauge("callgate_cometd_sessions", "CometD sessions that live now.", self.sessions)
        yield gauge("callgate_cometd_websockets", "CometD's WebSockets that are open now.", self.sockets)
        yield gauge("callgate_cometd_waiting_polls", "CometD polls that are held now.", self.waiting)
        yield counter("callgate_cometd_events", "Events queued for CometD sessions.", counts.events)
        text = "CometD sessions dropped: they did not poll, or did not fetch their events."
        dropped = {"silent": counts.silent, "full": counts.full}
        yield Measure("counter", "callgate_cometd_dropped_sessions", text, dropped, "why")
        text = "CometD handshakes refused because of too many sessions."
        yield counter("callgate_cometd_refused_handshakes", text, counts.refused)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["type"] == "websocket":
                await self._web_socket(scope, receive, send)
            else:
                login = await self._doorkeeper.admit(scope)
                await polling.serve(
                    self._protocol, scope, receive, send, login=login, now=self._now, limit=self._body_limit
                )
        except GenesysError as error:
            await http.refuse(scope, send, error)
        except http.GoneError:
            pass  # nobody hears a reply
        except Exception as error:
            if scope["type"] == "websocket":
                raise
            # Not with log.exception: a renderer that shows local variables would show credentials.
            log.error("request failed", path=scope["path"], error=repr(error), traceback=traceback.format_exc())
            await http.refuse(scope, send, GenesysError(Status.INTERNAL, "Internal error", http=500))

    def publish(self, agent: str, channel: str, data: msgspec.Raw) -> None:
        """Queue an event for every session of that agent that has subscribed to the channel. Returns at once."""
        self._protocol.publish(agent, channel, data)

    def end(self, session: str) -> None:
        """The HTTP session is over: so are the CometD sessions that were made with it."""
        self._protocol.end(session)

    async def start(self) -> None:
        """Begin to look for sessions that are over."""
        self._sweeping = asyncio.create_task(self._sweep(), name="cometd sessions")

    async def stop(self) -> None:
        """Answer the polls that wait, close the WebSockets, and wait until they have ended."""
        self._stopped = True
        self._protocol.stop()
        for socket in self._sockets:
            socket.end(STOPPING)
        if self._sweeping is not None:
            self._sweeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeping
        await self._none_open.wait()

    async def _web_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if foreign(scope, self._settings.base_url):
            raise FOREIGN
        login = await self._doorkeeper.admit(scope)
        socket = Socket(self._protocol, self._doorkeeper, scope, login, now=self._now, limit=self._body_limit)
        if self._stopped:
            socket.end(STOPPING)
        self._sockets.add(socket)
        self._none_open.clear()
        try:
            await socket.serve(receive, send)
        finally:
            self._sockets.discard(socket)
            if not self._sockets:
                self._none_open.set()

    async def _sweep(self) -> None:
        patience = self._settings.poll + self._settings.poll_pause
        while True:
            await asyncio.sleep(min(_SWEEP, patience / 4))
            self._protocol.expire(self._now())
            for login in list(self._protocol.logins()):
                if not self._doorkeeper.alive(login):
                    self._protocol.end(login)
            for socket in self._sockets:
                socket.check(patience)
