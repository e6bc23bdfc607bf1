"""The contact centre over the real gate and distributor: the edge, the clock and what outlives it are played."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable, Iterable
from typing import Any, cast

import msgspec

from callgate.core.calls import Call, CallId
from callgate.core.events import Synced
from callgate.core.gate import Terms
from callgate.core.queues.model import Presence
from callgate.core.reports import Incoming
from callgate.core.verdicts import Dial, Verdict
from callgate.directory.changes import Changes, difference
from callgate.directory.model import INTERNAL, Agent, Directory, Entry, InboundRoute, Phone, Queue, Trunk
from callgate.queues.port import AgentCall, AgentChanged, CallChanged, Notice
from callgate.queues.service import ContactCentreService
from callgate.queues.store import Saved, SavedCall, SavedPresence
from callgate.settings import QueueSettings
from tests.dialects.control import GateControl, incoming

SUPPORT = Queue("support", "9000", ring=20.0, wait=600.0, reject_pause=30.0)
KRISTI = Agent("kristi", "hash", "a" * 32, phone="5001", queues=("support",))
PAUL = Agent("paul", "hash", "b" * 32, phone="5002", queues=("support",))
DESTINATION = "sip:192.0.2.20:5070"

ENTRIES: tuple[Entry, ...] = (
    Trunk("trunk", ("192.0.2.10",)),
    *(Phone(login, "0" * 32) for login in ("5001", "5002", "5003", "5005")),
    SUPPORT,
    Queue("sales", "9100"),
    KRISTI,
    PAUL,
    InboundRoute("support", "", "90*", window=60.0, queue="support"),
    InboundRoute("kristi", "", "5001", window=60.0, phone="5001"),
    InboundRoute("reception", DESTINATION, "2002"),
)


class Clock:
    """It stands until it is moved; then what is due happens in its order."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0
        self._timers: list[tuple[float, int, _Timer]] = []
        self._numbers = itertools.count()

    def now(self) -> float:
        return self.time

    def later(self, seconds: float, callback: Callable[[], None]) -> _Timer:
        timer = _Timer(callback)
        heapq.heappush(self._timers, (self.time + seconds, next(self._numbers), timer))
        return timer

    @property
    def timers(self) -> int:
        """How many timers are set."""
        return sum(not timer.cancelled for _, _, timer in self._timers)

    async def advance(self, seconds: float) -> None:
        end = self.time + seconds
        await settle()
        while self._timers and self._timers[0][0] <= end:
            at, _, timer = heapq.heappop(self._timers)
            if not timer.cancelled:
                self.time = max(self.time, at)
                timer.callback()
                await settle()
        self.time = end
        await settle()


class _Timer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


async def settle() -> None:
    """Let every task go on until it waits for something that a test does."""
    for _ in range(20):
        await asyncio.sleep(0)


class Control(GateControl):
    """An edge that the test plays, by the test's clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def now(self) -> float:
        return self._clock.now()


class Memory:
    """A ``Store`` that outlives the controllers of one test."""

    def __init__(self) -> None:
        self.agents: dict[str, bytes] = {}
        self.calls: dict[CallId, bytes] = {}

    async def load(self) -> Saved:
        presences = tuple(msgspec.json.decode(one, type=SavedPresence) for one in self.agents.values())
        return Saved(presences, {id: msgspec.json.decode(one, type=SavedCall) for id, one in self.calls.items()})

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def presence(self, saved: SavedPresence) -> None:
        self.agents.pop(saved.agent, None)
        if saved.presence is not Presence.LOGGED_OUT:
            self.agents[saved.agent] = msgspec.json.encode(saved)

    def call(self, saved: SavedCall) -> None:
        self.calls.pop(saved.call, None)
        if saved.placement is not None or saved.phones:
            self.calls[saved.call] = msgspec.json.encode(saved)

    def forget_all_but(self, live: Iterable[CallId]) -> None:
        for call in set(self.calls).difference(live):
            del self.calls[call]


class DirectoryInHand:
    """A directory that a test replaces."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.current = Directory.of(entries)
        self._listeners: list[Callable[[Directory, Changes], None]] = []

    def listen(self, listener: Callable[[Directory, Changes], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def put(self, *entries: Entry) -> None:
        self._become(self.current.with_changes(entries))

    def remove(self, *gone: tuple[Any, str]) -> None:
        self._become(self.current.with_changes(gone=gone))

    def _become(self, after: Directory) -> None:
        changes, self.current = difference(self.current, after), after
        for listener in tuple(self._listeners):
            listener(after, changes)


class Rig:
    """One controller after the other, over one directory, one clock, and one edge that has the calls."""

    def __init__(self, *entries: Entry, settings: QueueSettings | None = None) -> None:
        self.clock = Clock()
        self.memory = Memory()
        self.directory = DirectoryInHand((*ENTRIES, *entries))
        self.settings = settings or QueueSettings(outcome=0.2)
        self._sequences = itertools.count(1)
        self._incoming: dict[int, Incoming] = {}
        self._begin()

    def _begin(self) -> None:
        self.control = Control(self.clock)
        self.notices: list[Notice] = []
        self.centre = ContactCentreService(
            self.control, cast(Any, self.directory), self.settings, self.memory, later=self.clock.later
        )

    # --- life --------------------------------------------------------------------------------------------------------

    async def start(self, *phones: str) -> None:
        await self.centre.start()
        self.centre.listen(self.notices.append)
        for login in phones:
            self.control.registers(login)

    async def link(self, *phones: str) -> None:
        """A controller that starts, with these phones registered, and no calls."""
        await self.start(*phones)
        self.synced()

    def synced(self) -> None:
        """The edge has told all that it has."""
        self.control.tell(Synced(self.clock.now()))

    async def crash(self) -> Control:
        """The controller is no more, and another one has been started, that has not heard of any call yet."""
        before = self.control
        await self.centre.stop()
        self._begin()
        await self.start(*before.registered)
        return before

    async def stop(self) -> None:
        await self.centre.stop()

    # --- calls -------------------------------------------------------------------------------------------------------

    def arrive(self, route: str = "support", dialled: str = "9000", *, number: str = "5503301") -> Call:
        """A call comes in by the trunk, and nothing has happened yet."""
        return self._admit(route, dialled, number, "trunk")

    def place(self, login: str, route: str, dialled: str) -> Call:
        """A registered phone places a call."""
        return self._admit(route, dialled, login, INTERNAL)

    def _admit(self, route: str, dialled: str, number: str, trunk: str) -> Call:
        one = incoming(
            next(self._sequences),
            self.clock.now(),
            trunk=trunk,
            route=route,
            number=number,
            dialled=dialled,
            controlled=True,
        )
        self._incoming[one.sequence] = one
        return self.tell_again(one.sequence)

    def tell_again(self, sequence: int) -> Call:
        """The edge tells of a call, maybe for the second time."""
        one = self._incoming[sequence]
        directory = self.directory.current
        route, trunk = directory.route_of(one.route), directory.trunk_of(one.trunk)
        assert route is not None and trunk is not None
        return self.control.admit(one, Terms(route.destination, route.window, directory.lapse_of(route, trunk)))

    def resume(self, call: Call, *, answered: bool = False, attempt: int = 1) -> Call:
        """The edge tells of a call that was let go before there was this controller."""
        again = self.tell_again(call.sequence)
        self.control.tell(*self.control.gate.resume(again, self.clock.now(), answered=answered, attempt=attempt))
        return again

    async def rings(self, *agents: str, **arguments: Any) -> Call:
        """These agents are ready, and a call to the queue rings at the first of them."""
        self.ready(*agents)
        call = self.arrive(**arguments)
        await settle()
        assert self.states(agents[0]) == ["ringing"]
        return call

    def ready(self, *agents: str) -> None:
        for agent in agents:
            assert self.centre.present(agent, Presence.READY)

    # --- what is to be seen ------------------------------------------------------------------------------------------

    @property
    def verdict(self) -> Verdict:
        """What the edge was told last."""
        return self.control.commands[-1]

    @property
    def rung(self) -> list[str]:
        """The phones that were dialled, in order."""
        dialled = [verdict for verdict in self.control.commands if isinstance(verdict, Dial)]
        return [each.phone or each.uri for verdict in dialled for each in verdict.targets]

    def told(self, agent: str) -> list[AgentCall]:
        """What was told of an agent's calls."""
        return [each.call for each in self.notices if isinstance(each, CallChanged) and each.call.agent == agent]

    def states(self, agent: str) -> list[str]:
        return [each.state.value for each in self.told(agent)]

    def presence(self, agent: str) -> Presence:
        status = self.centre.agent(agent)
        assert status is not None
        return status.presence

    def changes(self, agent: str) -> int:
        """How often it was told that the agent has changed."""
        return sum(each == AgentChanged(agent) for each in self.notices)
