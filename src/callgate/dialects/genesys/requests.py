"""A request as the endpoints see it, and the reading of its path, its query, and its body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec

from callgate.dialects.asgi import Receive, Scope
from callgate.dialects.bodies import read_within
from callgate.dialects.genesys.errors import GenesysError, Status, no_feature, not_found, too_large
from callgate.dialects.genesys.model import BASE, Login
from callgate.dialects.genesys.wire import Resource
from callgate.queues.port import AgentStatus

#: The feature that operations require (Genesys, "Voice API").
VOICE_FEATURE = "api-voice"


class Reply(msgspec.Struct, frozen=True):
    """What is answered: an HTTP status, JSON, and headers that belong to it."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Request(msgspec.Struct, frozen=True):
    """One request of an agent who has logged in.

    ``base`` is what URIs begin with, up to ``/api/v2``; ``id`` is the id in the path, "" if that has none; ``fields``
    and ``subresources`` are those of the query, empty if they are not in it.
    """

    login: Login
    status: AgentStatus
    base: str
    id: str
    fields: frozenset[str]
    subresources: frozenset[str]
    body: bytes

    @property
    def agent(self) -> str:
        """Who asks."""
        return self.login.agent

    def require_voice(self) -> None:
        """
        Raises:
            GenesysError: the agent may not operate calls.
        """
        if VOICE_FEATURE not in self.status.agent.features:
            raise no_feature(VOICE_FEATURE)


def success(**members: Any) -> Reply:
    """A reply whose ``statusCode`` is 0, with these members after it."""
    return Reply(msgspec.json.encode({"statusCode": int(Status.SUCCESS), **members}))


def otherwise(status: Status, message: str, *, http: int) -> Reply:
    """A reply to a request that is carried out, but not as a whole, or not yet."""
    return Reply(GenesysError(status, message, http=http).body, http)


def collection(request: Request, name: str, members: Sequence[tuple[str, Resource]]) -> Reply:
    """A collection: the URIs of its members, or with ``fields`` the members (Genesys, "Return Values")."""
    if not request.fields:
        return success(uris=[uri for uri, _ in members])
    return success(**{name: [member.picked(request.fields) for _, member in members]})


def single(request: Request, name: str, resource: Resource) -> Reply:
    """One resource, whole unless ``fields`` says which of its fields."""
    return success(**{name: resource.picked(request.fields or frozenset("*"))})


def segments(scope: Scope) -> tuple[str, ...]:
    """The path below ``/api/v2``, in its segments; double slashes count once, escapes are undone in each.

    Raises:
        GenesysError: it is not below that.
    """
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = tuple(unquote(part, errors="replace") for part in raw.decode("latin-1").split("/") if part)
    base = tuple(BASE.strip("/").split("/"))
    if path[: len(base)] != base:
        raise not_found("The resource")
    return path[len(base) :]


def names(scope: Scope, parameter: str) -> frozenset[str]:
    """The names in a query parameter, separated by commas."""
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return frozenset(name.strip() for value in query.get(parameter, ()) for name in value.split(",") if name.strip())


def header(scope: Scope, name: bytes) -> str:
    """The first header of that name, in lower case; "" if there is none."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body, also one that comes in chunks.

    Raises:
        GenesysError: it has more than ``limit`` bytes (known before it is read where Content-Length tells).
        ConnectionResetError: the client went away.
    """
    body = await read_within(receive, limit, header(scope, b"content-length"))
    if body is None:
        raise too_large(limit)
    return body
