"""The endpoints of the calls API, and the rules that hold for all of them.

One handler without a framework: also what is wrong with a path, a method or a body is answered in Graph's form, and
every reply has the headers that Graph's have.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from uuid import uuid4

import structlog

from callgate.dialects.asgi import Receive, Scope, Send
from callgate.dialects.graph.actions import Actions
from callgate.dialects.graph.errors import NotAllowed, body, failed
from callgate.dialects.graph.model import Refused, Tokens
from callgate.dialects.graph.requests import Headers, Reply, Request, Target, check_json, read_body
from callgate.settings import Settings

#: The versions of the API, which are served alike.
VERSIONS = ("/v1.0", "/beta")

Endpoint = Callable[[Request], Awaitable[Reply]]

log = structlog.get_logger(__name__)


class Api:
    """The calls API as an ASGI application, which gets the whole path. ``now`` gives Unix seconds."""

    def __init__(self, settings: Settings, tokens: Tokens, actions: Actions, now: Callable[[], float]) -> None:
        self._body_limit = settings.http.body_limit
        self._base_url = settings.graph.base_url.rstrip("/")
        self._tokens = tokens
        self._now = now
        #: What each method does, by the action in the path.
        self._table: Mapping[str, Mapping[str, Endpoint]] = {
            "": {"GET": actions.get, "DELETE": actions.delete},
            "reject": {"POST": actions.reject},
            "answer": {"POST": actions.answer},
            "redirect": {"POST": actions.redirect},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        headers = Headers(scope["headers"])
        request_id = str(uuid4())
        client_request_id = headers.client_request_id or request_id
        error: Refused | None = None
        try:
            reply = await self._answer(scope, headers, receive)
        except ConnectionResetError:  # the client was gone before its request was whole
            return
        except Refused as refused:
            error = refused
        except Exception:
            log.exception("a request failed unexpectedly", method=scope["method"], path=scope["path"][:64])
            error = failed()
        now = self._now()
        sent = {
            "content-type": "application/json; charset=utf-8",
            "request-id": request_id,
            "client-request-id": client_request_id,
            "date": formatdate(now, usegmt=True),
        }
        if error is not None:
            told = body(error, request_id=request_id, client_request_id=client_request_id, now=now)
            reply = Reply(error.status, told)
            sent |= _headers_of(error, headers)
        if reply.status != 204:
            sent["content-length"] = str(len(reply.body))
        raw = [(name.encode(), value.encode()) for name, value in sent.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": raw})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else reply.body})

    async def _answer(self, scope: Scope, headers: Headers, receive: Receive) -> Reply:
        caller = self._tokens.caller(headers.get(b"authorization"))
        target = Target.of(scope)
        method = scope["method"]
        methods = self._table[target.action]
        endpoint = methods.get(method)
        if endpoint is None:
            raise NotAllowed(method, tuple(methods))
        content = b""
        if method == "POST":
            content = await read_body(receive, headers, self._body_limit)
            if content:
                check_json(headers)
        base = self._base_url or f"{scope['scheme']}://{headers.get(b'host')}"
        return await endpoint(Request(caller, target.call, f"{base}/{target.version}", content))


def _headers_of(error: Refused, headers: Headers) -> dict[str, str]:
    if isinstance(error, NotAllowed):
        return {"allow": ", ".join(error.allow)}
    if error.status == 401:  # RFC 6750 section 3
        problem = ', error="invalid_token"' if headers.get(b"authorization") else ""
        return {"www-authenticate": f'Bearer realm="callgate"{problem}'}
    return {}
