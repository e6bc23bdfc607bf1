"""What the tests of this API stand on: the real gate behind an edge that a test plays, and a real HTTP server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import uvicorn

from callgate.core.answers import RESULT_NAMES, Answer, Applied, HangUpAnswer, HungUp, NotLive, UnknownCall
from callgate.core.calls import Call, Caller, CallId, Sequence
from callgate.core.control import Health, Listener
from callgate.core.events import Delivery, Event, VerdictEvent
from callgate.core.gate import Claim, Gate, InFlight, Terms
from callgate.core.reports import Ack, AckResult, Incoming, Progress, Report
from callgate.core.states import UNDECIDED
from callgate.core.verdicts import Accept, Decider, Refuse, Verdict, refuse
from callgate.database import engine as database
from callgate.database.migrate import upgrade
from callgate.dialects.native.plugin import Native
from callgate.dialects.port import Surroundings
from callgate.directory.model import ApiKey, InboundRoute, Trunk
from callgate.directory.secrets import digest, new_key
from callgate.directory.service import DirectoryService
from callgate.journal.reader import JournalReader
from callgate.listeners import Front
from callgate.settings import DirectorySettings, Settings

#: How long (seconds) a test waits for what has to happen soon, on a machine that others use too.
PATIENCE = 30.0

KEYS = {scope: new_key() for scope in ("read", "decide", "admin")}


class PlayedControl:
    """The real gate; a test plays the edge, and the clock stands until it is moved."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.time = 1_767_225_600.0
        self.linked = True
        self.edge: Callable[[Call, Verdict], Awaitable[Ack]] = self.obey
        self.hang_up_answer: Callable[[Call], HangUpAnswer] | None = None
        self.decisions: list[tuple[CallId | None, Verdict, Decider]] = []
        self._listeners: list[Listener] = []
        self._settled: dict[CallId, asyncio.Event] = {}
        self._sequence = 0

    async def obey(self, call: Call, verdict: Verdict) -> Ack:
        return Ack(AckResult.DONE, verdict.status if isinstance(verdict, Refuse) else 0)

    def acknowledge(self, result: AckResult, status: int = 0) -> None:
        """From now on the edge answers every command so."""

        async def edge(call: Call, verdict: Verdict) -> Ack:
            return Ack(result, status)

        self.edge = edge

    def ring(
        self,
        trunk: str = "main",
        *,
        route: str = "sales",
        number: str = "5503301",
        dialled: str = "2002",
        controlled: bool = True,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Call:
        """A call comes in."""
        self._sequence += 1
        self.time += 0.01
        caller = Caller(
            number=number,
            name="Ann",
            uri=f"sip:{number}@192.0.2.10",
            request_uri=f"sip:{dialled}@203.0.113.5",
            from_header=f'"Ann" <sip:{number}@192.0.2.10>;tag=1',
            to_header=f"<sip:{dialled}@203.0.113.5>",
            source="192.0.2.10:5060",
            sip_call_id=f"{self._sequence}@192.0.2.10",
            headers=headers,
        )
        incoming = Incoming(self._sequence, 7, self.time, trunk, route, dialled, caller, controlled)
        events = self.gate.admit(incoming, Terms("sip:pbx.example.com", 10.0, Accept()), self.time)
        self.tell(*events)
        return events[0].call

    def report(self, call: Call, progress: Progress, status: int = 0, by: str = "") -> None:
        """The edge tells what became of a call."""
        self.time += 0.01
        self.tell(*self.gate.report(Report(call.sequence, progress, status, by=by), self.time))

    async def pass_window(self, call: Call) -> None:
        """The window is over and nobody has decided."""
        claim = self.gate.lapse(call, self.time)
        assert claim is not None
        await self._carry_out(claim)

    def tell(self, *events: Event) -> None:
        for event in events:
            for listener in tuple(self._listeners):
                listener(event)

    # --- CallControl -------------------------------------------------------------------------------------------

    def find(self, call: CallId) -> Call | None:
        return self.gate.find(call)

    def find_sequence(self, sequence: Sequence) -> Call | None:
        return self.gate.find_sequence(sequence)

    def live(self) -> Iterable[Call]:
        return self.gate.live()

    async def decide(self, call: CallId | None, verdict: Verdict, decider: Decider) -> Answer:
        self.decisions.append((call, verdict, decider))
        found = None if call is None else self.gate.find(call)
        outcome = self.gate.decide(found, verdict, decider, self.time)
        answer: Answer
        if isinstance(outcome, Claim):
            answer = await self._carry_out(outcome)
        elif isinstance(outcome, InFlight):
            await self._settled[outcome.call.id].wait()
            answer = self.gate.answer_for_late(outcome.call)
        else:
            answer = outcome
        self.tell(VerdictEvent(call, verdict, decider, RESULT_NAMES[type(answer)], self.time, 0.002))
        return answer

    async def _carry_out(self, claim: Claim) -> Answer:
        settled = self._settled[claim.call.id] = asyncio.Event()
        ack = await self.edge(claim.call, claim.record.verdict)
        answer, events = self.gate.settle(claim, ack, self.time)
        settled.set()
        self.tell(*events)
        return answer

    async def hang_up(self, call: CallId, decider: Decider) -> HangUpAnswer:
        found = self.gate.find(call)
        if found is None:
            return UnknownCall()
        if self.hang_up_answer is not None:
            return self.hang_up_answer(found)
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
        self.tell(delivery)

    def health(self) -> Health:
        live = list(self.gate.live())
        counters = {"unknown_source": 3, "no_route": 0, "no_controller": 0, "guard": 1}
        held = sum(call.state in UNDECIDED for call in live)
        return Health(self.linked, "5.6.3", held, len(live), counters, backlog=2, dropped=1)

    def now(self) -> float:
        return self.time


class Rig(msgspec.Struct):
    """The API on a loopback port. ``http`` asks with the admin key, ``as_(scope)`` with another one."""

    control: PlayedControl
    directory: DirectoryService
    native: Native
    http: httpx.AsyncClient
    address: str

    @contextlib.asynccontextmanager
    async def as_(self, scope: str | None) -> AsyncIterator[httpx.AsyncClient]:
        async with client(self.address, None if scope is None else KEYS[scope]) as http:
            yield http

    async def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        """A POST; underscores in the names of headers are hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is None:
            return await self.http.post(path, headers=named)
        return await self.http.post(path, json=body, headers=named)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what has to happen soon."""
    for _ in range(int(PATIENCE / 0.005)):
        if holds():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not happen")


def client(address: str, key: str | None) -> httpx.AsyncClient:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    return httpx.AsyncClient(base_url=f"http://{address}", headers=headers, timeout=PATIENCE, trust_env=False)


def problem(response: httpx.Response, status: int, name: str) -> dict[str, Any]:
    """The problem document that a response has to be."""
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (response.status_code, body["status"], body["type"]) == (status, status, f"/v1/problems/{name}")
    assert body["detail"]
    return body


def _listening() -> socket.socket:
    # With the protocol named, asyncio switches Nagle's algorithm off; otherwise each reply takes 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    return listening


class _Server(uvicorn.Server):
    """Without signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(folder: Path, settings: Settings | None = None) -> AsyncIterator[Rig]:
    """A whole API: the real directory in SQLite, the played edge, a real server."""
    settings = msgspec.structs.replace(
        settings or Settings(), state=folder, directory=DirectorySettings(hash_memory=8, hash_passes=1)
    )
    engine = database.create(settings)
    await upgrade(engine)
    directory = DirectoryService(engine, settings.directory)
    await directory.start()
    await directory.apply(
        [
            Trunk("main", ("192.0.2.10",)),
            Trunk("second", ("192.0.2.20",)),
            InboundRoute("sales", "sip:pbx.example.com", did="2002"),
            *(ApiKey(scope, digest(key), scope) for scope, key in KEYS.items()),  # type: ignore[arg-type]  # they are scopes
        ]
    )
    control = PlayedControl()
    native = Native(Surroundings(control, directory, JournalReader(engine), settings))
    await native.start()
    app = Front(native.mounts)
    listening = _listening()
    address = f"127.0.0.1:{listening.getsockname()[1]}"
    server = _Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="websockets-sansio",
            lifespan="off",
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=2,
        )
    )
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await until(lambda: server.started)
        async with client(address, KEYS["admin"]) as http:
            yield Rig(control, directory, native, http, address)
    finally:
        await native.stop()
        server.should_exit = True
        await running
        await directory.stop()
        await engine.dispose()
