"""Host names to addresses: off the event loop, a few at once, each with an end.

``getaddrinfo`` can neither be cancelled nor given a time limit. So a lookup has a thread of its own, which nobody waits
for when the time is over, also not the end of the process; it keeps its place among the few that may be under way, so
that a name server which does not answer costs no more than these threads, and nobody else's lookups wait for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any

import msgspec


class Found(msgspec.Struct, frozen=True):
    """One address of a host; ``family`` as the socket module counts them."""

    address: str
    family: int


#: What ``socket.getaddrinfo`` gives for a host and a port, in a thread.
Lookup = Callable[[str, int], list[tuple[Any, ...]]]


def system_lookup(host: str, port: int) -> list[tuple[Any, ...]]:
    """As the machine does it: hosts file, DNS, whatever it is set up for."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)


class Names:
    """Looks names up; ``at_once`` of them at the same time, the others wait for their turn."""

    def __init__(self, lookup: Lookup = system_lookup, *, at_once: int = 4) -> None:
        self._lookup = lookup
        self._turns = asyncio.Semaphore(at_once)

    async def addresses(self, host: str, port: int, seconds: float) -> list[Found]:
        """All addresses of a host, at least one.

        Raises:
            OSError: it has none, or there was no answer within ``seconds``.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._turns.acquire()
                return await self._begin(host, port)
        except TimeoutError:
            raise OSError("the name servers did not answer in time") from None

    def _begin(self, host: str, port: int) -> asyncio.Future[list[Found]]:
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[Found]] = loop.create_future()

        def settle(addresses: list[Found]) -> None:
            self._turns.release()
            if found.done():
                return  # nobody waits any more
            if addresses:
                found.set_result(addresses)
            else:
                found.set_exception(OSError("the host name was not found"))

        def work() -> None:
            try:
                addresses = [Found(str(entry[4][0]), int(entry[0])) for entry in self._lookup(host, port)]
            except (OSError, ValueError):  # ValueError: a label that IDNA cannot have
                addresses = []
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(settle, addresses)

        try:
            threading.Thread(target=work, daemon=True, name="callgate-lookup").start()
        except RuntimeError:  # the machine has no more threads
            settle([])
        return found
