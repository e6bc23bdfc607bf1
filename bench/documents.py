"""An RCML application: a web server that answers every voice request with one document, or never.

A process of its own, as lean as can be made: uvloop and a protocol that reads a request as far as it must.
"""

from __future__ import annotations

import asyncio
import contextlib
from multiprocessing.connection import Connection
from typing import cast

import uvloop

_DOCUMENT = b'<?xml version="1.0" encoding="UTF-8"?><Response><Reject reason="busy"/></Response>'
_REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%b" % (len(_DOCUMENT), _DOCUMENT)


class _Connection(asyncio.Protocol):
    def __init__(self, silent: bool) -> None:
        self._silent = silent
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        data = self._received + data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            at = data.lower().find(b"content-length:", 0, end)
            length = int(data[at + 15 : data.find(b"\r\n", at)]) if at >= 0 else 0
            if len(data) < end + 4 + length:
                break
            data = data[end + 4 + length :]
            if not self._silent:
                self._transport.write(_REPLY)
        self._received = data


def run(pipe: Connection) -> None:
    """The process: tells the ports of the server that answers and of the one that never does, till the pipe closes."""
    uvloop.run(_run(pipe))


async def _run(pipe: Connection) -> None:
    loop = asyncio.get_running_loop()
    servers = [
        await loop.create_server(lambda silent=silent: _Connection(silent), "127.0.0.1", 0, backlog=4096)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        for silent in (False, True)
    ]
    pipe.send([server.sockets[0].getsockname()[1] for server in servers])
    with contextlib.suppress(EOFError):  # the bench has closed the pipe
        await asyncio.to_thread(pipe.recv)
