"""A controller with a real directory in SQLite and, at the other end of real sockets, an edge of our own."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from callgate.clock import SteadyClock
from callgate.controller import Controller
from callgate.core.calls import Call
from callgate.core.events import CallEvent, Event, Kind, VerdictEvent
from callgate.core.states import State
from callgate.core.verdicts import Decider
from callgate.database import engine as database
from callgate.database.migrate import upgrade
from callgate.directory.model import Account, Entry, InboundRoute, RcmlNumber, RcmlVoice, Trunk
from callgate.directory.service import DirectoryService
from callgate.edge.configuration import LinkAddress
from callgate.edge.wire import key_of, sequence_of
from callgate.settings import EdgeSettings, Settings
from tests.unit.edge import fake
from tests.unit.edge.fake import Command, FakeEdge, Reply, call_frame

ALICE, BOB = Decider("native", "alice"), Decider("yeastar", "bob")
NUMBER = RcmlNumber("acme", "PN" + "a" * 32, voice=RcmlVoice("http://127.0.0.1/voice.xml"))
ENTRIES: tuple[Entry, ...] = (
    Trunk("carrier", ("192.0.2.10",)),
    InboundRoute("sales", "sip:192.0.2.20", "5503302", window=10.0),
    InboundRoute("closed", "sip:192.0.2.20", "5503303", window=10.0, lapse="busy"),
    Account("acme", "AC" + "a" * 32, "TokenOfAcmeThatNobodyElseKnows01"),
    InboundRoute("dialled", "", "5503304", window=10.0, lapse="busy", rcml=NUMBER),
)


def settings(state: Path) -> Settings:
    return Settings(state=state, remember_calls=10, edge=EdgeSettings(command_timeout=0.3))


def silent(command: Command) -> Reply:
    return None


async def make_database(state: Path) -> None:
    """The database with the directory of the tests; each test gets a copy."""
    engine = database.create(settings(state))
    await upgrade(engine)
    await DirectoryService(engine).apply(ENTRIES)
    await engine.dispose()


class Journal:
    backlog, dropped = 3, 1


class Rig:
    """A running controller, its edge, and everything a listener was told."""

    def __init__(self, edge: FakeEdge, address: LinkAddress, directory: DirectoryService, state: Path) -> None:
        self.edge = edge
        self.address = address
        self.directory = directory
        self.state = state
        self.events: list[Event] = []
        #: Seconds that the controller's clock is ahead of the real one.
        self.ahead = 0.0
        self._clock = SteadyClock()
        self._news = asyncio.Event()
        self._calls = 0
        self.controller = self.another_controller()

    def another_controller(self) -> Controller:
        """One that has heard of nothing yet."""
        self.controller = Controller(
            settings(self.state), self.directory, Journal(), clock=lambda: self._clock() + self.ahead
        )
        self.controller.listen(self._hear)
        return self.controller

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until an event makes this true."""
        async with asyncio.timeout(10):
            while not holds():
                self._news.clear()
                await self._news.wait()

    # --- calls ---------------------------------------------------------------------------------------------------

    def frame(self, *, age: float = 0.0, **fields: Any) -> dict[str, Any]:
        """A new call that was received so many seconds ago."""
        self._calls += 1
        received = self.controller.now() - age
        key = f"{int(received)}.{self._calls}"
        return call_frame(key, us=int(received % 1 * 1_000_000), **fields)

    async def call(self, *, age: float = 0.0, **fields: Any) -> Call:
        """A call that the edge has just told."""
        frame = self.frame(age=age, **fields)
        self.edge.tell(**_as_event(frame))
        return await self.found(frame)

    async def found(self, frame: dict[str, Any]) -> Call:
        """The call of that frame, when the controller has it."""
        sequence = sequence_of(frame["k"])
        await self.until(lambda: self.controller.find_sequence(sequence) is not None)
        call = self.controller.find_sequence(sequence)
        assert call is not None
        return call

    def returned(self, call: Call, attempt: int = 1, status: int = 486) -> None:
        """The edge tells that nobody who was dialled has answered."""
        self.edge.tell("returned", k=key_of(call), n=attempt, status=status)

    async def reaches(self, call: Call, state: State) -> None:
        await self.until(lambda: call.state is state)

    def told(self, call: Call) -> list[Kind]:
        """What was told of a call."""
        return [event.kind for event in self.events if isinstance(event, CallEvent) and event.call.id == call.id]

    @property
    def verdicts(self) -> list[tuple[str, str]]:
        """Who was told what came of his verdict."""
        return [(one.decider.application, one.result) for one in self.events if isinstance(one, VerdictEvent)]


def _as_event(frame: dict[str, Any]) -> dict[str, Any]:
    return {"event": frame["e"], **{name: value for name, value in frame.items() if name != "e"}}


@contextlib.asynccontextmanager
async def rig_of(template: Path, state: Path) -> AsyncIterator[Rig]:
    """A rig whose controller is linked."""
    shutil.copytree(template, state, dirs_exist_ok=True)
    engine = database.create(settings(state))
    directory = DirectoryService(engine)
    await directory.start()
    edge = FakeEdge()
    async with fake.running(edge) as address:
        rig = Rig(edge, address, directory, state)
        await rig.controller.start(address)
        async with asyncio.timeout(10):
            await rig.controller.linked.wait()
        edge.commands.clear()
        try:
            yield rig
        finally:
            await rig.controller.stop()
            await engine.dispose()
