"""Bots that a test plays: one server where each path is a bot's callback, and does what the test has it do.

It keeps every notification that comes. What a path may do is said with :data:`ACCEPTED`, :func:`status`,
:func:`moved`, :func:`after`, :func:`in_turn`, :func:`silence`, :func:`reset`, :func:`raw` and :func:`endless`::

    async with Bots().serving() as bots:
        callback = bots.on("/api/calls", ACCEPTED)
        ...
        await bots.heard("/api/calls", 1)
        assert bots.changes("/api/calls") == ["created"]

With TLS: ``server, client = certificate(folder)``, ``serving(server)``, and ``client`` for who has to trust it.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from tests.dialects.rcml.applications import (
    Applications,
    Asked,
    Behaviour,
    after,
    certificate,
    endless,
    in_turn,
    raw,
    reset,
    silence,
    status,
)
from tests.dialects.serving import until

__all__ = [
    "ACCEPTED",
    "Asked",
    "Behaviour",
    "Bots",
    "Heard",
    "after",
    "certificate",
    "endless",
    "in_turn",
    "moved",
    "raw",
    "reset",
    "silence",
    "status",
]

#: What Microsoft's samples answer.
ACCEPTED: Behaviour = status(202)


def moved(location: str, code: int = 302) -> Behaviour:
    """A redirect to that URL, which may be relative."""
    return status(code, headers=f"Location: {location}\r\n")


class Heard(msgspec.Struct, frozen=True):
    """A notification as a bot got it. ``headers`` have their names in lower case; ``connection`` counts from 1."""

    path: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def token(self) -> str:
        """What stands behind ``Bearer`` in the Authorization header."""
        scheme, _, token = self.headers["authorization"].partition(" ")
        assert scheme == "Bearer"
        return token

    @property
    def json(self) -> Any:
        """The whole body."""
        return msgspec.json.decode(self.body)

    @property
    def value(self) -> dict[str, Any]:
        """The one notification in it."""
        (value,) = self.json["value"]
        assert isinstance(value, dict)
        return value

    @property
    def change(self) -> str:
        return str(self.value["changeType"])

    @property
    def resource(self) -> dict[str, Any]:
        """Its ``resourceData``."""
        data = self.value["resourceData"]
        assert isinstance(data, dict)
        return data

    @property
    def state(self) -> str | None:
        return self.resource.get("state")


class Bots:
    """The server. ``base`` is its URL without a path; a path that nothing was said of answers 404."""

    def __init__(self) -> None:
        self._server = Applications()

    @contextlib.asynccontextmanager
    async def serving(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[Bots]:
        """On 127.0.0.1, by TLS if there is a context."""
        async with self._server.serving(tls):
            yield self

    @property
    def base(self) -> str:
        return self._server.base

    @property
    def connections(self) -> int:
        """How many connections there have been."""
        return self._server.accepted

    @property
    def open(self) -> int:
        """How many connections there are now."""
        return self._server.open

    def on(self, path: str, behaviour: Behaviour = ACCEPTED) -> str:
        """Have a path do that; gives its URL."""
        return self._server.on(path, behaviour)

    def all(self, path: str | None = None) -> list[Heard]:
        """All that came, or what came at that path, in the order in which it came."""
        return [
            Heard(asked.path, asked.target, asked.headers, asked.body, asked.connection)
            for asked in self._server.asked
            if path in (None, asked.path)
        ]

    def changes(self, path: str | None = None) -> list[str]:
        """The change types of the notifications that came."""
        return [heard.change for heard in self.all(path)]

    async def heard(self, path: str | None, count: int) -> list[Heard]:
        """Wait until that many notifications have come at least; gives all of them."""
        await until(lambda: len(self.all(path)) >= count)
        return self.all(path)
