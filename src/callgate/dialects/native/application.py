"""The API as one ASGI application: find the operation, authorise, read, perform, reply.

It is plain ASGI, because decisions are on the hot path of every call: a framework's handler took longer than
everything else of a decision together (docs/decisions).
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import structlog

from callgate.dialects.asgi import Receive, Scope, Send
from callgate.dialects.native.auth import Keys
from callgate.dialects.native.errors import INTERNAL_ERROR, UNKNOWN_PATH, UPGRADE_REQUIRED, ProblemError, invalid
from callgate.dialects.native.idempotency import FirstResults
from callgate.dialects.native.operations import Operation, Reply, Request, Stream, problem_reply
from callgate.dialects.native.reading import Headers, check_media_type, read_body, read_json, read_query
from callgate.dialects.native.routing import RouteTable

_log = structlog.get_logger("callgate.native")


class Application:
    """Serves operations.

    Args:
        limits: how many bytes a body of each media type may have.
    """

    def __init__(
        self,
        operations: Iterable[Operation[Any, Any]],
        keys: Keys,
        firsts: FirstResults,
        limits: Mapping[str, int],
    ) -> None:
        self._routes = RouteTable(operations)
        self._keys = keys
        self._firsts = firsts
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except ProblemError as error:
            answer = problem_reply(error)
        except ConnectionResetError:
            return  # the client went away; nobody hears the reply
        except Exception as error:
            # Not with log.exception: a renderer that shows local variables would show the key.
            _log.error("request failed", path=scope["path"], error=repr(error), traceback=traceback.format_exc())
            answer = problem_reply(ProblemError(INTERNAL_ERROR))
        if not isinstance(answer, Reply):
            await answer(receive, send)
        elif scope["type"] == "http":
            await _send_reply(answer, send, "http.response")
        elif "websocket.http.response" in (scope.get("extensions") or {}):
            await _send_reply(answer, send, "websocket.http.response")
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": ""})

    async def _answer(self, scope: Scope, receive: Receive) -> Reply | Stream:
        headers = Headers(scope["headers"])
        method = scope["method"] if scope["type"] == "http" else "GET"
        operation, parameters = self._routes.find(method, scope["path"])
        if operation.web_socket != (scope["type"] == "websocket"):
            raise _wrong_protocol(operation)
        key = None
        if operation.scope is not None:
            key = self._keys.admit(headers.get(b"authorization"), operation.scope)
        query = read_query(scope["query_string"], operation.query)
        raw = b"" if operation.body is None else await self._read_body(operation, headers, receive)
        body = _parse_body(operation, raw)
        request = Request(key, parameters, query, body, headers.get(b"last-event-id"))
        once = headers.get(b"idempotency-key") if method == "POST" else None
        if once is None or key is None:
            return await operation.handler(request)
        asked = (method, f"{scope['path']}?{scope['query_string'].decode('latin-1')}", raw)
        return await self._firsts.result(key.name, once, asked, lambda: _reply_of(operation, request))

    async def _read_body(self, operation: Operation[Any, Any], headers: Headers, receive: Receive) -> bytes:
        raw = await read_body(receive, headers, self._limits[operation.body_type])
        if raw:
            check_media_type(headers, operation.body_type)
        return raw


def _parse_body(operation: Operation[Any, Any], raw: bytes) -> Any:
    type_ = operation.body
    if type_ is None:
        return None
    if type_ is bytes and raw:
        return raw
    if type_ is bytes:
        raise invalid("$", "the body is empty")
    return type_() if operation.body_optional and not raw else read_json(raw, type_)


async def _reply_of(operation: Operation[Any, Any], request: Request[Any, Any]) -> Reply:
    """The handler's reply, with a problem as what it is too: a result."""
    try:
        reply = await operation.handler(request)
    except ProblemError as error:
        return problem_reply(error)
    assert isinstance(reply, Reply)
    return reply


def _wrong_protocol(operation: Operation[Any, Any]) -> ProblemError:
    if operation.web_socket:
        return ProblemError(UPGRADE_REQUIRED, headers=((b"upgrade", b"websocket"), (b"connection", b"upgrade")))
    return ProblemError(UNKNOWN_PATH, f"there is no WebSocket at {operation.path}")


async def _send_reply(reply: Reply, send: Send, prefix: Literal["http.response", "websocket.http.response"]) -> None:
    headers = [(b"content-length", b"%d" % len(reply.body)), *reply.headers]
    if reply.body:
        headers.append((b"content-type", reply.media_type.encode()))
    await send({"type": f"{prefix}.start", "status": reply.status, "headers": headers})
    await send({"type": f"{prefix}.body", "body": reply.body})
