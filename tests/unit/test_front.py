"""Which API a path belongs to."""

from __future__ import annotations

from typing import Any

import pytest

from callgate.dialects.asgi import Application, Message, Receive, Scope, Send
from callgate.listeners import Front


def named(name: str) -> Application:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": name.encode()})

    return application


async def asked(path: str, kind: str = "http") -> list[Message]:
    front = Front({"/v1": named("one"), "/graph": named("two"), "/*/oauth2": named("tokens")})
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is to be read here")

    await front({"type": kind, "path": path}, receive, send)
    return sent


@pytest.mark.parametrize(
    ("path", "application"),
    [
        ("/v1", b"one"),
        ("/v1/calls", b"one"),
        ("/graph/oauth2", b"two"),  # its own segment goes before any
        ("/acme/oauth2", b"tokens"),
        ("/acme/oauth2/v2.0/token", b"tokens"),
    ],
)
async def test_a_path_is_its_applications(path: str, application: bytes) -> None:
    assert (await asked(path))[1]["body"] == application


@pytest.mark.parametrize("path", ["/", "/acme", "/acme/", "/acme/v1", "//oauth2", "/*/oauth", "/oauth2"])
async def test_what_nobody_has_is_told_where_the_apis_are(path: str) -> None:
    start, body = await asked(path)
    assert start["status"] == 404
    assert body["body"] == b"Nothing here: the APIs of Callgate are at /graph, /v1.\n"


async def test_a_websocket_that_nobody_has_is_closed() -> None:
    assert await asked("/acme/v1", "websocket") == [{"type": "websocket.close", "code": 1008, "reason": ""}]
