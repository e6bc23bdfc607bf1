"""A TCP proxy that cuts connections in the middle of what the server says."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator


class CuttingProxy:
    """Passes bytes on between clients and a server, until it is told to cut.

    While ``cutting``, each connection is cut when the server has sent a random number of bytes over it, from a fixed
    seed: the rest of that piece never arrives.
    """

    def __init__(self, port: int, most: int) -> None:
        self.cuts = 0
        self.cutting = False
        self.port = 0
        self._server_port = port
        self._most = most
        self._random = random.Random(1)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self._server_port)
            tasks = [asyncio.create_task(self._pass(reader, back)), asyncio.create_task(self._pass_back(there, writer))]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                _abort(back)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()

    async def _pass_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = self._random.randrange(1, self._most)
        while piece := await reader.read(65_536):
            if self.cutting and len(piece) >= left:
                writer.write(piece[:left])
                await writer.drain()
                self.cuts += 1
                return
            if self.cutting:
                left -= len(piece)
            writer.write(piece)
            await writer.drain()


@contextlib.asynccontextmanager
async def cutting_proxy(port: int, most: int) -> AsyncIterator[CuttingProxy]:
    """A proxy before that port of this machine; cuts come after at most so many bytes."""
    proxy = CuttingProxy(port, most)
    connections: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(proxy.serve(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)
        task.add_done_callback(lambda _: _abort(writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def _abort(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
