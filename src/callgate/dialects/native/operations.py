"""An operation of the API as a value: one table of them drives the routing, the checks and the OpenAPI document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from callgate.dialects.asgi import Receive, Send
from callgate.dialects.native.errors import Kind, ProblemError
from callgate.dialects.native.wire import Scope
from callgate.directory.model import ApiKey

JSON, TOML = "application/json", "application/toml"
PROBLEM_JSON = "application/problem+json"

Query = TypeVar("Query")
Body = TypeVar("Body")
_encode = msgspec.json.Encoder().encode


class Reply(msgspec.Struct, frozen=True):
    """A whole HTTP response."""

    status: int
    body: bytes = b""
    media_type: str = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Stream(Protocol):
    """A response that goes on: it is given the connection and sends everything itself."""

    async def __call__(self, receive: Receive, send: Send) -> None: ...


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No query parameters."""


class Request(msgspec.Struct, Generic[Query, Body], frozen=True):
    """A request that has been checked: whose it is, the path's parameters, the query and the body.

    ``key`` is ``None`` for an operation that needs none. ``last_event_id`` is the header of that name.
    """

    key: ApiKey | None
    parameters: dict[str, str]
    query: Query
    body: Body
    last_event_id: str | None = None

    @property
    def application(self) -> str:
        """The name of the key, as journal and events tell it."""
        return self.key.name if self.key else ""


class Operation(msgspec.Struct, Generic[Query, Body], frozen=True):
    """One method of one path.

    ``scope`` is what the key must allow, ``None``: no key. ``body`` is the body's type, ``None``: none is read, or
    ``bytes``: it is taken as it is, of ``body_type``; ``body_optional``: an empty one is the type's defaults.
    ``reply`` is the type of the reply, ``None``: empty. ``problems`` are those beside the ones all operations have.
    ``web_socket``: it is a WebSocket's handshake. ``example`` is one of a body.
    """

    method: str
    path: str
    handler: Callable[[Request[Query, Body]], Awaitable[Reply | Stream]]
    tag: str
    summary: str
    scope: Scope | None = "read"
    query: type[Query] = NoQuery  # type: ignore[assignment]  # the default of the type variable is not expressible
    body: type[Body] | None = None
    body_type: str = JSON
    body_optional: bool = False
    reply: Any = None
    reply_type: str = JSON
    status: int = 200
    problems: tuple[Kind, ...] = ()
    web_socket: bool = False
    example: object = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the path's parameters, in their order."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))


def json_reply(value: object, status: int = 200) -> Reply:
    """The value as JSON."""
    return Reply(status, _encode(value))


def problem_reply(error: ProblemError) -> Reply:
    """The error as a problem document."""
    return Reply(error.kind.status, _encode(error.problem), PROBLEM_JSON, error.headers)
