"""A transport that writes what one turn of the event loop has to say in one piece.

A server writes a reply in two pieces, and a WebSocket frame by frame: each is a system call that wakes the peer, and
these cost more than making what is written.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast


class CorkedTransport:
    """Passes everything on to ``transport``, writes at the end of the turn."""

    __slots__ = ("_loop", "_pending", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pending: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Have it written before the loop looks for what is new."""
        if not self._pending:
            self._loop.call_soon(self._flush)
        self._pending.append(data)

    def close(self) -> None:
        """Close when everything is written."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        if pending and not self._transport.is_closing():
            self._transport.write(b"".join(pending))


def corked(transport: asyncio.BaseTransport) -> asyncio.Transport:
    """The transport with a cork, unless it has one."""
    if isinstance(cast(object, transport), CorkedTransport):
        return cast(asyncio.Transport, transport)
    return cast(asyncio.Transport, CorkedTransport(cast(asyncio.Transport, transport), asyncio.get_running_loop()))
