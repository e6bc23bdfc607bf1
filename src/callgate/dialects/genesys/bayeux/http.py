"""HTTP as CometD's clients speak it: a body in pieces within a bound, and the replies."""

from __future__ import annotations

import msgspec

from callgate.dialects.asgi import Receive, Scope, Send
from callgate.dialects.bodies import read_within
from callgate.dialects.genesys.errors import GenesysError, Status

_JSON = b"application/json;charset=UTF-8"


class GoneError(Exception):
    """The client hung up before its request was complete."""


class _Refusal(msgspec.Struct, frozen=True, rename="camel"):
    status_code: int
    status_message: str


def header(scope: Scope, name: bytes) -> bytes:
    """The first header of that name (in lower case); b"" if there is none."""
    return next((value for key, value in scope["headers"] if key == name), b"")


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body, whether it comes with its length or in chunks.

    Raises:
        GenesysError: 413, it has more than ``limit`` bytes.
        GoneError: the client hung up.
    """
    try:
        body = await read_within(receive, limit, header(scope, b"content-length").decode("latin-1"))
    except ConnectionResetError as error:
        raise GoneError from error
    if body is None:
        raise _too_large(limit)
    return body


async def reply(send: Send, body: bytes, set_cookie: str = "") -> None:
    """Bayeux messages: always HTTP 200, whatever they say."""
    await _send(send, "http.response", 200, body, cookie(set_cookie))


async def refuse(scope: Scope, send: Send, error: GenesysError) -> None:
    """What is no Bayeux reply, also to a WebSocket's handshake: the HTTP status and the API's own form."""
    body = msgspec.json.encode(_Refusal(error.status, error.message))
    web_socket = scope["type"] == "websocket"
    if web_socket and "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1008, "reason": ""})
        return
    kind = "websocket.http.response" if web_socket else "http.response"
    await _send(send, kind, error.http, body, list(error.headers))


def cookie(set_cookie: str) -> list[tuple[bytes, bytes]]:
    """The header that brings a login's cookie, if it has one."""
    return [(b"set-cookie", set_cookie.encode("latin-1"))] if set_cookie else []


async def _send(send: Send, kind: str, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    headers = [
        (b"content-type", _JSON),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        *headers,
    ]
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body, "more_body": False})


def _too_large(limit: int) -> GenesysError:
    return GenesysError(Status.OUT_OF_RANGE, f"The body may have at most {limit} bytes", http=413)
