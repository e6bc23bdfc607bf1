"""An edge that is no Kamailio: it speaks the link's protocol over real loopback sockets, and does what a test says."""

from __future__ import annotations

import asyncio
import contextlib
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from callgate.edge.configuration import LinkAddress
from callgate.edge.frames import frame

SECRET = "the-links-secret"
NONCE = 0x2AB_CDEF_0123


class Command(msgspec.Struct, frozen=True):
    """One datagram of the controller, taken apart: ``rest`` are the words behind the id."""

    word: str
    number: int
    rest: tuple[str, ...]


#: What the edge acknowledges a command with: result and status; ``None``: it stays silent.
Reply = tuple[str, int] | None


class FakeEdge:
    """One edge. ``commands`` are all that came, repeated ones too; ``reply`` says how each is answered."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.beats: list[int] = []
        self.reply: Callable[[Command], Reply] = lambda command: ("done", 0)
        self.welcoming = True
        #: Told to a controller that connects, between "welcome" and "synced".
        self.snapshot: list[dict[str, Any]] = []
        self.tables: dict[int, dict[str, str]] = {0: {}}
        self.generation = 0
        self.digest = ""
        self.connections = 0
        self._changed = asyncio.Condition()
        self._writer: asyncio.StreamWriter | None = None
        self._joining = 0

    @property
    def rows(self) -> dict[str, str]:
        """The rows that calls are looked up in."""
        return self.tables.get(self.generation, {})

    def named(self, *words: str) -> list[Command]:
        """The commands with one of these words, each once."""
        return list(dict.fromkeys(command for command in self.commands if command.word in words))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something that the edge has seen makes this true."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(holds)

    async def command(self, *words: str, count: int = 1) -> Command:
        """The ``count``-th command with one of these words, when it is there."""
        await self.until(lambda: len(self.named(*words)) >= count)
        return self.named(*words)[count - 1]

    # --- what the edge tells -------------------------------------------------------------------------------------

    def tell(self, event: str, **fields: Any) -> None:
        self.write(frame(msgspec.json.encode({"e": event, **fields})))

    def write(self, data: bytes) -> None:
        assert self._writer is not None
        self._writer.write(data)

    def acknowledge(self, command: Command, result: str = "done", status: int = 0) -> None:
        self.tell("ack", id=command.number, result=result, status=status)

    def drop_link(self) -> None:
        """The connection ends, as it does when the edge dies."""
        assert self._writer is not None
        self._writer.transport.abort()

    # --- what the controller sends -------------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if writer.get_extra_info("peername")[1] != self._joining:
            writer.close()
            return
        self._writer = writer
        self.connections += 1
        if self.welcoming:
            self.tell("welcome", edge=NONCE, version="5.6.3", generation=self.generation, digest=self.digest)
            for told in self.snapshot:
                self.write(frame(msgspec.json.encode(told)))
            self.tell("synced")
        await self._notify()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    def _received(self, data: bytes) -> None:
        secret, word, *words = data.decode().split(" ")
        assert secret == SECRET
        if word == "join":
            self._joining = int(words[0])
        elif word == "beat":
            self.beats.append(int(words[0]))
        else:
            command = Command(word, int(words[0]), tuple(words[1:]))
            self.commands.append(command)
            reply = self.reply(command)
            if reply is not None:
                if reply[0] == "done":
                    self._change_tables(command)
                self.acknowledge(command, *reply)
        self._notifying = asyncio.ensure_future(self._notify())

    def _change_tables(self, command: Command) -> None:
        match command.word, command.rest:
            case "put", (into, *rows):
                generation = self.generation if into == "now" else int(into)
                table = self.tables.setdefault(generation, {})
                table.update(zip(rows[::2], rows[1::2], strict=True))
            case "drop", keys:
                for key in keys:
                    self.rows.pop(key, None)
            case "commit", (generation, digest):
                if int(generation) != self.generation:
                    self.tables.pop(self.generation, None)
                self.generation, self.digest = int(generation), digest

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._received(data)


@contextlib.asynccontextmanager
async def running(edge: FakeEdge) -> AsyncIterator[LinkAddress]:
    """The edge on two free ports, for as long as the block runs."""
    loop = asyncio.get_running_loop()
    datagrams, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(edge._received), local_addr=("127.0.0.1", 0))
    server = await asyncio.start_server(edge._connected, "127.0.0.1", 0)
    link_port = server.sockets[0].getsockname()[1]
    control_port = datagrams.get_extra_info("sockname")[1]
    try:
        yield LinkAddress(link_port, control_port, SECRET)
    finally:
        server.close()
        datagrams.close()
        if edge._writer is not None:
            edge._writer.transport.abort()
        await asyncio.sleep(0)


def call_frame(key: str = "1000.7", *, held: bool = True, **fields: Any) -> dict[str, Any]:
    """A "call" event, as the edge tells it."""
    texts = {
        "did": "5503302",
        "uri": "sip:5503301@192.0.2.10",
        "ruri": "sip:5503302@192.0.2.1",
        "from": "<sip:5503301@192.0.2.10>;tag=1",
        "to": "<sip:5503302@192.0.2.1>",
        "id": f"{key}@192.0.2.10",
        "number": "5503301",
    }
    coded = {name: b64encode(text.encode()).decode() for name, text in texts.items()}
    about = {"trunk": "carrier", "route": "sales", "source": "192.0.2.10", "port": 5060, "cseq": 1, "us": 250_000}
    return {"e": "call", "k": key, "held": int(held), **about, **coded, **fields}
