"""What the tests of this API stand on: the real gate behind an edge that a test plays, and a real HTTP server."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec

from callgate.core.answers import RESULT_NAMES, Answer
from callgate.core.calls import Call, CallId
from callgate.core.events import Delivery, VerdictEvent
from callgate.core.gate import Terms
from callgate.core.reports import Report
from callgate.core.verdicts import Accept, Decider, Verdict
from callgate.database import engine as database
from callgate.database.migrate import upgrade
from callgate.dialects.native.plugin import Native
from callgate.dialects.port import Surroundings
from callgate.directory.model import ApiKey, InboundRoute, Trunk
from callgate.directory.secrets import digest, new_key
from callgate.directory.service import DirectoryService
from callgate.journal.reader import JournalReader
from callgate.measures import Measures
from callgate.settings import DirectorySettings, Settings
from tests.dialects.control import GateControl, incoming
from tests.dialects.serving import PATIENCE, served

from .centre import PlayedCentre

KEYS = {scope: new_key() for scope in ("read", "decide", "admin")}


#: Who dials, in another dialect.
DIALLER = Decider("rcml", "acme")


class PlayedControl(GateControl):
    """The clock stands until it is moved. Listeners hear of verdicts and deliveries too, as the event stream does."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 1_767_225_600.0
        self._sequences = itertools.count(1)

    def ring(
        self,
        trunk: str = "main",
        *,
        route: str = "sales",
        number: str = "5503301",
        dialled: str = "2002",
        controlled: bool = True,
        destination: str = "sip:pbx.example.com",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Call:
        """A call comes in."""
        self.time += 0.01
        call = incoming(
            next(self._sequences),
            self.time,
            trunk=trunk,
            route=route,
            number=number,
            dialled=dialled,
            controlled=controlled,
            headers=headers,
        )
        return self.admit(call, Terms(destination, 10.0, Accept()))

    def hear(self, report: Report) -> None:
        self.time += 0.01
        super().hear(report)

    async def decide(self, call: CallId | None, verdict: Verdict, decider: Decider) -> Answer:
        answer = await super().decide(call, verdict, decider)
        self.tell(VerdictEvent(call, verdict, decider, RESULT_NAMES[type(answer)], self.time, 0.002))
        return answer

    def delivered(self, delivery: Delivery) -> None:
        super().delivered(delivery)
        self.tell(delivery)

    def now(self) -> float:
        return self.time


class Rig(msgspec.Struct):
    """The API on a loopback port. ``http`` asks with the admin key, ``as_(scope)`` with another one."""

    control: PlayedControl
    measures: Measures
    directory: DirectoryService
    centre: PlayedCentre
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


@contextlib.asynccontextmanager
async def serving(folder: Path, settings: Settings | None = None, *, centre: bool = True) -> AsyncIterator[Rig]:
    """A whole API: the real directory in SQLite, the played edge and contact centre, a real server."""
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
    played = PlayedCentre(directory, control.now)
    reader = JournalReader(engine)
    measures = Measures()
    native = Native(Surroundings(control, directory, reader, settings, engine, played if centre else None, measures))
    await native.start()
    try:
        async with served(native.mounts) as port:
            address = f"127.0.0.1:{port}"
            try:
                async with client(address, KEYS["admin"]) as http:
                    yield Rig(control, measures, directory, played, native, http, address)
            finally:
                await native.stop()
    finally:
        await directory.stop()
        await engine.dispose()
