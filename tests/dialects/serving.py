"""The HTTP side of a dialect under test: the server that Callgate itself has, in the test's loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping

from callgate.dialects.asgi import Application
from callgate.listeners import Front, listen
from callgate.ports import free_port
from callgate.settings import Listener

#: How long (seconds) a test waits for what has to happen soon, on a machine that others use too.
PATIENCE = 30.0


async def until(holds: Callable[[], object]) -> None:
    """Wait for what has to happen soon."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110  # most of what is waited for has no event to set
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def served(mounts: Mapping[str, Application]) -> AsyncIterator[int]:
    """These applications on a loopback port, which it gives."""
    port = free_port("127.0.0.1", "tcp")
    stop = await listen(Front(mounts), Listener(f"127.0.0.1:{port}"))
    try:
        yield port
    finally:
        await stop()
