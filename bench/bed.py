"""The test bed: what runs for a measurement, as processes that the bench can order about."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from bench import application, documents, load
from bench.application import CLIENT_ID, SECRET, Decided, Order
from bench.caller import Calls, Plan
from tests.system import System, running

_spawn = multiprocessing.get_context("spawn")

_DIRECTORY = """
[[trunk]]
name = "bench"
sources = ["127.0.0.1"]

[[route]]
name = "everything"
did = "*"
destination = "sip:127.0.0.1:{port}"
window = {window}

[[trunk]]
name = "documents"
sources = ["127.0.0.2"]

[[account]]
name = "bench"
sid = "AC00000000000000000000000000000001"
token = "BenchTokenThatEverybodyKnows0001"

[[route]]
name = "documents"
did = "{documented}"
trunks = ["documents"]
destination = "sip:127.0.0.1:{port}"
window = {window}
  [route.rcml]
  account = "bench"
  voice_url = "http://127.0.0.1:{voice_port}/voice"

[[account]]
name = "dead"
sid = "AC00000000000000000000000000000002"
token = "BenchTokenThatEverybodyKnows0002"

[[route]]
name = "dead"
did = "{dead}"
trunks = ["documents"]
destination = "sip:127.0.0.1:{port}"
window = {window}
  [route.rcml]
  account = "dead"
  voice_url = "http://127.0.0.1:{silent_port}/voice"

[[client]]
name = "bench"
client_id = "{client_id}"
secret = "{secret}"
see = ["bench"]
decide = ["bench"]
"""
#: The numbers that an RCML application decides, and one that never answers.
DOCUMENTED, DEAD = "2003", "2004"
#: Where those calls come from.
DOCUMENTS_IP = "127.0.0.2"
#: A refused call's transaction stays for five seconds (RFC 3261, Timer I): 10,000 calls/s need more than the default.
_EDGE = "shared_memory = 2048"


class Part:
    """A process of the bench, and the pipe to it."""

    def __init__(self, target: Callable[..., None], *arguments: object) -> None:
        self._pipe, theirs = _spawn.Pipe()
        self._process = _spawn.Process(target=target, args=(*arguments, theirs), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    async def answer(self) -> Any:
        """What it says next."""
        return await asyncio.to_thread(self._pipe.recv)

    async def ask(self, question: object) -> Any:
        """Send it something, and wait for its answer."""
        self._pipe.send(question)
        return await self.answer()

    def say(self, word: object) -> None:
        self._pipe.send(word)

    def close(self) -> None:
        """End it."""
        self._pipe.close()
        self._process.join(5)
        self._process.kill()


class Load(Part):
    """Caller and destination, at one loopback address: each trunk has its own."""

    def __init__(self, ip: str = "127.0.0.1") -> None:
        super().__init__(load.run, ip)

    async def call(self, edge: tuple[str, int]) -> None:
        """Call that edge from now on."""
        self.say(edge)

    async def place(self, plan: Plan) -> Calls:
        calls: Calls = await self.ask(plan)
        return calls


class Documents(Part):
    """The RCML applications."""

    def __init__(self) -> None:
        super().__init__(documents.run)


class Application(Part):
    """The application that decides."""

    def __init__(self, base: str) -> None:
        super().__init__(application.run, base)

    async def order(self, order: Order) -> Decided:
        decided: Decided = await self.ask(order)
        return decided


class Bed:
    """A whole Callgate with a load and an application."""

    def __init__(self, system: System, load: Load, application: Application, documents: Documents) -> None:
        self.system = system
        self.documents = documents
        self.load = load
        self.application = application

    def parts(self) -> dict[str, list[int]]:
        """The processes of each part."""
        return {
            "edge": self.system.edge_pids(),
            "controller": [self.system.controller_pid()],
            "application": [self.application.pid, self.documents.pid],
            "load": [self.load.pid],
        }

    def shared_memory_mb(self) -> float:
        """The shared memory that the edge has in use (Kamailio's RPC command core.shmmem)."""
        command = self.system.processes()[self.system.edge_pids()[0]].split()
        folder = Path(command[command.index("-Y") + 1])
        question = {"jsonrpc": "2.0", "id": 1, "method": "core.shmmem"}
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
            asking.bind("")  # a name of the kernel's own choice, for the answer to come back to
            asking.settimeout(5)
            asking.sendto(json.dumps(question).encode(), str(folder / "kamailio_rpc.sock"))
            answer = json.loads(asking.recv(65_536))
        used: int = answer["result"]["real_used"]
        return used / 1024**2


@contextlib.asynccontextmanager
async def bed(folder: Path, *, window: int = 10) -> AsyncIterator[Bed]:
    """Start all of it, and end it. ``window`` is how long calls may be held, in seconds."""
    load, web = Load(), Documents()
    try:
        port = await load.answer()
        voice_port, silent_port = await web.answer()
        directory = _DIRECTORY.format(
            port=port,
            window=window,
            client_id=CLIENT_ID,
            secret=SECRET,
            documented=DOCUMENTED,
            dead=DEAD,
            voice_port=voice_port,
            silent_port=silent_port,
        )
        async with running(folder, directory, tables=_EDGE) as system:
            await load.call(system.edge)
            application = Application(system.http)
            try:
                await application.answer()  # it has subscribed
                yield Bed(system, load, application, web)
            finally:
                application.close()
    finally:
        load.close()
        web.close()


@contextlib.asynccontextmanager
async def callers(running: Bed) -> AsyncIterator[Load]:
    """Callers on the trunk whose calls documents decide."""
    load = Load(DOCUMENTS_IP)
    try:
        await load.answer()
        await load.call(running.system.edge)
        yield load
    finally:
        load.close()
