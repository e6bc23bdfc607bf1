"""The HTTP side: every API on every listener, found by the first segment of the path.

There is no web framework between the server and a dialect (docs/decisions/0003-no-web-framework.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from callgate.cork import corked
from callgate.dialects.asgi import Application, Receive, Scope, Send
from callgate.settings import Listener

#: How long requests that are under way may take when Callgate stops, in seconds.
_STOP_TIMEOUT = 3
#: How long a WebSocket may take to close before it is cut, in seconds: a peer that never reads never closes.
_CLOSE_TIMEOUT = 1.0
#: How long an idle connection is kept, in seconds: longer than the pools of common clients keep theirs, so that none
#: sends a decision on a connection that is being closed this very moment.
_KEEP_ALIVE = 75
_BACKLOG = 2048
#: What a mount begins with whose first segment may be any.
_ANY = "/*/"


class ListenerTakenError(Exception):
    """An HTTP address cannot be listened on."""

    def __init__(self, bind: str, error: OSError) -> None:
        super().__init__(f"cannot listen on {bind}: {error.strerror}; choose another in the setting http.listeners")


class Front:
    """One ASGI application of many: the first segment of the path says which.

    Args:
        applications: by their segment with a slash before it, ``/v1``. ``/*/oauth2`` is whatever has that second
            segment, if no other has the first.
    """

    def __init__(self, applications: Mapping[str, Application]) -> None:
        named = {prefix for prefix in applications if not prefix.startswith(_ANY)}
        self._applications = {prefix.strip("/"): applications[prefix] for prefix in named}
        self._by_second = {prefix.removeprefix(_ANY): applications[prefix] for prefix in applications.keys() - named}
        known = ", ".join(sorted(named))
        self._not_found = f"Nothing here: the APIs of Callgate are at {known}.\n".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        first, _, rest = scope["path"][1:].partition("/")
        application = self._applications.get(first)
        if application is None and first:
            application = self._by_second.get(rest.partition("/")[0])
        if application is not None:
            await application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
        else:
            headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(self._not_found))]
            await send({"type": "http.response.start", "status": 404, "headers": headers})
            await send({"type": "http.response.body", "body": self._not_found})


class _Server(uvicorn.Server):
    """uvicorn without signal handlers: the controller has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Http(HttpToolsProtocol):
    """HTTP whose replies leave in one piece."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base has it
        super().connection_made(corked(transport))


class _WebSocket(WebSocketsSansIOProtocol):
    """A WebSocket whose frames leave together; its connection is cut if the peer takes nothing after the close."""

    async def send(self, message: Any) -> None:
        await super().send(message)
        # Else uvicorn takes a refusal in full for none, and logs an error (Kludex/uvicorn, pull request 3138).
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self.loop.call_later(_CLOSE_TIMEOUT, self.transport.abort)


async def listen(application: Application, listener: Listener) -> Callable[[], Awaitable[None]]:
    """Serve on one address; what is returned stops it.

    Raises:
        ListenerTakenError: the address is in use, or not this machine's.
    """
    host, _, port = listener.bind.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host.strip("[]"), int(port)))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise ListenerTakenError(listener.bind, error) from None
    server = _Server(
        uvicorn.Config(
            application,
            http=_Http,
            ws=_WebSocket,
            ws_per_message_deflate=False,  # costs CPU for each event, and events are small
            lifespan="off",
            access_log=False,
            log_config=None,
            proxy_headers=False,  # any peer could say that it comes from elsewhere
            server_header=False,
            date_header=False,
            ssl_certfile=listener.certificate or None,
            ssl_keyfile=listener.private_key or None,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=_STOP_TIMEOUT,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listening]), name=f"http {listener.bind}")
    while not server.started:
        if serving.done():
            serving.result()
        await asyncio.sleep(0.01)

    async def stop() -> None:
        server.should_exit = True
        await serving

    return stop
