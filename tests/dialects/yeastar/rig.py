"""What the tests of this dialect stand on: the real gate behind a stand-in for the edge, and a real HTTP server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any, cast

import aiohttp
import msgspec
import uvicorn

from callgate.core.answers import Answer, Applied, HangUpAnswer, HungUp, NotLive, UnknownCall
from callgate.core.calls import Call, Caller, CallId, Sequence
from callgate.core.control import Health, Listener
from callgate.core.events import Delivery, Event
from callgate.core.gate import Claim, Gate, InFlight, Terms
from callgate.core.reports import Ack, AckResult, Incoming, Progress, Report
from callgate.core.states import UNDECIDED
from callgate.core.verdicts import Accept, Decider, Refuse, Verdict, refuse
from callgate.dialects.port import Surroundings
from callgate.dialects.yeastar.plugin import Yeastar
from callgate.directory.model import Client, Directory, Entry, InboundRoute, Trunk
from callgate.directory.secrets import SecretHasher
from callgate.listeners import Front
from callgate.settings import DirectorySettings, HttpSettings, Settings, YeastarSettings

#: Cheap to verify, so that tests do not wait.
CHEAP = DirectorySettings(hash_memory=8, hash_passes=1)
SECRET = "n0tAsecretFromAnyVendorsManual00"
SECRET_HASH = SecretHasher(CHEAP).hash(SECRET)

PATIENCE = 20.0


class StandInControl:
    """The gate, with an edge that does at once what it is told, or what a test lets it do."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.deliveries: list[Delivery] = []
        self.verdicts: list[tuple[CallId | None, Verdict, Decider]] = []
        self.commands: list[Verdict] = []
        self.linked = True
        self.shift = 0.0
        self.edge: Callable[[Call, Verdict], Awaitable[Ack]] = self.obey
        self.hang_up_answer: HangUpAnswer | None = None
        self._listeners: list[Listener] = []
        self._in_flight: dict[CallId, asyncio.Event] = {}
        self._sequence = 0x90

    async def obey(self, call: Call, verdict: Verdict) -> Ack:
        return Ack(AckResult.DONE, verdict.status if isinstance(verdict, Refuse) else 0)

    # --- what a test makes happen ------------------------------------------------------------------------------------

    def ring(
        self,
        *,
        trunk: str = "peer-to-41",
        number: str = "5503301",
        dialled: str = "2002",
        destination: str = "sip:2002@127.0.0.1:5080",
        window: float = 10.0,
        lapse: Verdict | None = None,
        sequence: int | None = None,
        received: float | None = None,
        controlled: bool = True,
    ) -> Call:
        """A call comes in."""
        self._sequence += 1
        incoming = Incoming(
            sequence=self._sequence if sequence is None else sequence,
            edge=7,
            received=self.now() if received is None else received,
            trunk=trunk,
            route="all",
            dialled=dialled,
            caller=Caller(
                number=number,
                name="",
                uri=f"sip:{number}@192.0.2.1",
                request_uri=f"sip:{dialled}@192.0.2.2",
                from_header=f"<sip:{number}@192.0.2.1>;tag=1",
                to_header=f"<sip:{dialled}@192.0.2.2>",
                source="192.0.2.1:5060",
                sip_call_id=f"call-{self._sequence}@192.0.2.1",
            ),
            controlled=controlled,
        )
        events = self.gate.admit(incoming, Terms(destination, window, lapse or Accept()), self.now())
        self._tell(events)
        return events[0].call

    def report(self, call: Call, progress: Progress, status: int = 0, phrase: str = "", by: str = "") -> None:
        """The edge tells what became of a call."""
        self._tell(self.gate.report(Report(call.sequence, progress, status, phrase, by), self.now()))

    async def pass_window(self, call: Call) -> None:
        """The window of a call is over and nobody has decided."""
        claim = self.gate.lapse(call, self.now())
        assert claim is not None
        await self._carry_out(claim)

    # --- CallControl -------------------------------------------------------------------------------------------------

    def find(self, call: CallId) -> Call | None:
        return self.gate.find(call)

    def find_sequence(self, sequence: Sequence) -> Call | None:
        return self.gate.find_sequence(sequence)

    def live(self) -> Iterable[Call]:
        return self.gate.live()

    async def decide(self, call: CallId | None, verdict: Verdict, decider: Decider) -> Answer:
        self.verdicts.append((call, verdict, decider))
        found = self.gate.find(call) if call is not None else None
        outcome = self.gate.decide(found, verdict, decider, self.now())
        if isinstance(outcome, Claim):
            return await self._carry_out(outcome)
        if isinstance(outcome, InFlight):
            await self._in_flight[outcome.call.id].wait()
            return self.gate.answer_for_late(outcome.call)
        return outcome

    async def _carry_out(self, claim: Claim) -> Answer:
        self.commands.append(claim.record.verdict)
        settled = self._in_flight[claim.call.id] = asyncio.Event()
        answer, events = self.gate.settle(claim, await self.edge(claim.call, claim.record.verdict), self.now())
        self._tell(events)
        settled.set()
        return answer

    async def hang_up(self, call: CallId, decider: Decider) -> HangUpAnswer:
        if self.hang_up_answer is not None:
            return self.hang_up_answer
        found = self.gate.find(call)
        if found is None:
            return UnknownCall()
        if found.state in UNDECIDED:
            answer = await self.decide(call, refuse(), decider)
            return HungUp(found) if isinstance(answer, Applied) else NotLive(found)
        if found.ended is not None:
            return NotLive(found)
        self.report(found, Progress.ENDED, by="controller")
        return HungUp(found)

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def delivered(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)

    def health(self) -> Health:
        return Health(linked=self.linked, edge_version="", held=0, live=0, counters={})

    def now(self) -> float:
        return time.time() + self.shift

    def _tell(self, events: Iterable[Event]) -> None:
        for event in events:
            for listener in list(self._listeners):
                listener(event)


class StandInDirectory:
    """A directory that a test changes by putting other entries there."""

    def __init__(self, *entries: Entry) -> None:
        self.current = Directory.of(entries)
        self.hasher = SecretHasher(CHEAP)
        self._listeners: list[Callable[[Directory, object], None]] = []

    def put(self, *entries: Entry) -> None:
        """Add or replace these."""
        self._become(Directory.of([*_entries(self.current), *entries]))

    def remove_client(self, name: str) -> None:
        gone = self.current.clients[name]
        self._become(Directory.of(entry for entry in _entries(self.current) if entry is not gone))

    def listen(self, listener: Callable[[Directory, object], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _become(self, directory: Directory) -> None:
        self.current = directory
        for listener in list(self._listeners):
            listener(directory, None)


def _entries(directory: Directory) -> Iterator[Entry]:
    yield from directory.trunks.values()
    yield from directory.routes.values()
    yield from directory.clients.values()
    yield from directory.keys.values()


def client(name: str, **fields: Any) -> Client:
    """An application whose client id is its name and ``-id``, with :data:`SECRET`."""
    return Client(**{"name": name, "client_id": f"{name}-id", "secret_hash": SECRET_HASH, **fields})


def default_entries() -> list[Entry]:
    return [
        Trunk("peer-to-41", ("192.0.2.1",), number=27),
        Trunk("test-peer-trunking", ("192.0.2.16/28",), number=29),
        InboundRoute("all", "sip:127.0.0.1:5080", number=3),
        client("desk"),
        client("crm"),
    ]


class Reply(msgspec.Struct):
    """An HTTP reply: its status, its body as received and as JSON."""

    status: int
    raw: bytes

    @property
    def json(self) -> dict[str, Any]:
        return cast(dict[str, Any], msgspec.json.decode(self.raw))

    @property
    def errcode(self) -> int:
        return cast(int, self.json["errcode"])


class Rig:
    """A Yeastar dialect behind a real server, and a way to speak to it."""

    def __init__(self, control: StandInControl, directory: StandInDirectory, yeastar: Yeastar, port: int) -> None:
        self.control = control
        self.directory = directory
        self.yeastar = yeastar
        self.port = port
        self.base = f"http://127.0.0.1:{port}/openapi/v1.0"
        self.websocket_base = f"ws://127.0.0.1:{port}/openapi/v1.0"
        self.http = aiohttp.ClientSession()

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        json: object = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """One request; ``headers`` replace the usual ones."""
        if json is not None:
            body = msgspec.json.encode(json)
        usual = {"User-Agent": "OpenAPI", "Content-Type": "application/json"}
        url = path if path.startswith("http") else f"{self.base}/{path}"
        if token is not None:
            url += f"{'&' if '?' in url else '?'}access_token={token}"
        async with self.http.request(
            method,
            url,
            data=body,
            headers=usual if headers is None else headers,
            skip_auto_headers=("User-Agent",),
            timeout=aiohttp.ClientTimeout(PATIENCE),
        ) as response:
            return Reply(response.status, await response.read())

    async def get(self, path: str, token: str | None = None) -> Reply:
        return await self.request("GET", path, token=token)

    async def post(self, path: str, json: object, token: str | None = None) -> Reply:
        return await self.request("POST", path, json=json, token=token)

    async def login(self, name: str = "desk") -> dict[str, Any]:
        reply = await self.post("get_token", {"username": f"{name}-id", "password": SECRET})
        assert reply.errcode == 0, reply.raw
        return reply.json

    async def token(self, name: str = "desk") -> str:
        return cast(str, (await self.login(name))["access_token"])

    async def accept(self, channel: str, token: str) -> Reply:
        return await self.post("call/accept_inbound", {"channel_id": channel}, token)

    async def refuse(self, channel: str, token: str) -> Reply:
        return await self.post("call/refuse_inbound", {"channel_id": channel}, token)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # the test runner's signals are its own


@contextlib.asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """An ASGI application behind a real server on loopback; gives its port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        ws_per_message_deflate=False,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await until(lambda: server.started)
        yield cast(int, listener.getsockname()[1])
    finally:
        server.should_exit = True
        await task
        listener.close()


@contextlib.asynccontextmanager
async def yeastar_rig(
    *entries: Entry, yeastar: YeastarSettings | None = None, http: HttpSettings | None = None
) -> AsyncIterator[Rig]:
    """The dialect with these directory entries (or the usual ones) and settings."""
    control = StandInControl()
    directory = StandInDirectory(*(entries or default_entries()))
    settings = Settings(yeastar=yeastar or YeastarSettings(), http=http or HttpSettings())
    # The two stand-ins have what this dialect uses of what they stand in for.
    plugin = Yeastar(Surroundings(control, cast(Any, directory), cast(Any, None), settings))
    app = Front(plugin.mounts)
    await plugin.start()
    async with serving(app) as port:
        rig = Rig(control, directory, plugin, port)
        try:
            yield rig
        finally:
            await rig.http.close()
            await plugin.stop()


async def until(condition: Callable[[], object]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  # most of what is waited for has no event to set
            await asyncio.sleep(0.005)
