"""The ASGI interface (asgi.readthedocs.io, HTTP and WebSocket 2.x) in types: scopes and messages are dictionaries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
#: An ASGI application.
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
