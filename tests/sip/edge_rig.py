"""A real Kamailio with a controller in the test's own process: for what no API asks of the edge yet.

Its directory has one trunk, for 127.0.0.1 and ::1. The first digit of a number says how long its calls are held and
what they get when nobody decides, see :data:`ENTRIES`; each test dials numbers of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import msgspec

from callgate.controller import Controller
from callgate.core.answers import Answer
from callgate.core.calls import Call
from callgate.core.events import CallEvent, Event, Kind
from callgate.core.reports import Ack
from callgate.core.verdicts import Decider, Dial, Target, Verdict, dial, target
from callgate.database import engine as database
from callgate.database.migrate import upgrade
from callgate.directory.model import REALM, Entry, InboundRoute, Phone, Trunk
from callgate.directory.service import DirectoryService
from callgate.edge.configuration import LinkAddress, find_kamailio
from callgate.edge.link import EdgeLink
from callgate.edge.process import EdgeProcess
from callgate.ports import free_port, free_sip_port
from callgate.settings import EdgeSettings, Settings
from tests.sip.rig import number
from tests.sip.user_agent import Caller, Destination, Dialed, Message, caller, destination
from tests.system import eventually

TEST = Decider("test", "test")
PASSWORD = "the phone's password"


def phone_entry(login: str, *, enabled: bool = True) -> Phone:
    """A phone of the directory whose password is :data:`PASSWORD`."""
    ha1 = hashlib.md5(f"{login}:{REALM}:{PASSWORD}".encode(), usedforsecurity=False).hexdigest()
    return Phone(login, ha1, enabled=enabled)


class Journal:
    """A call log that keeps up."""

    backlog = dropped = 0


class EdgeRig:
    """One edge, one controller, a caller. ``events`` is everything that the controller told."""

    def __init__(self, settings: Settings, process: EdgeProcess, address: LinkAddress, port: int) -> None:
        self.settings = settings
        self.process = process
        self.address = address
        self.edge = ("127.0.0.1", port)
        self.directory: DirectoryService
        self.controller: Controller
        self.caller: Caller
        self.fallback: Destination
        self.events: list[Event] = []
        self._news = asyncio.Event()
        self._stack = contextlib.AsyncExitStack()

    # --- the controller ------------------------------------------------------------------------------------------

    async def link(self) -> Controller:
        """A new controller, linked to the edge."""
        self.controller = Controller(self.settings, self.directory, Journal())
        self.controller.listen(self._hear)
        await self.controller.start(self.address)
        async with asyncio.timeout(20):
            await self.controller.linked.wait()
        return self.controller

    async def in_edge(self) -> None:
        """Wait until the edge has what was changed in the directory."""
        await eventually(lambda: self.controller.health().directory_in_edge)

    async def stop(self) -> None:
        await self.controller.stop()

    def kill_link(self) -> None:
        """The controller dies: it gives nothing its default, it is just gone."""
        for task in self.controller._tasks:
            task.cancel()
        self.controller._windows.close_all()
        self.edge_link.close()

    async def unlinked(self) -> None:
        """Wait until the edge knows that its controller is gone: a call gets its default at once."""
        while True:
            probe = self.caller.invite(self.edge, number("4"))
            try:
                await probe.ended(0.5)
                return
            except TimeoutError:
                probe.cancel()
                await probe.ended()

    @property
    def edge_link(self) -> EdgeLink:
        link = self.controller._edge.link
        assert link is not None
        return link

    def command(self, words: str, rest: str, *, again: int = 0) -> asyncio.Future[Ack]:
        """A command as the controller's link sends it; ``again``: sent so often more, with the same id."""
        link = self.edge_link
        answer = link._command(words, rest)
        datagrams = link._datagrams
        assert datagrams is not None
        sent = link._in_flight[link._last_id]
        for _ in range(again):
            datagrams.sendto(sent.words)
        return answer

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    async def until(self, holds: Callable[[], bool], seconds: float = 15.0) -> None:
        """Wait until an event makes this true."""
        async with asyncio.timeout(seconds):
            while not holds():
                self._news.clear()
                await self._news.wait()

    # --- calls ---------------------------------------------------------------------------------------------------

    async def call(
        self, first: str = "3", *, from_header: str | None = None, headers: tuple[str, ...] = ()
    ) -> tuple[Dialed, Call]:
        """A call that is held, at the caller and at the controller."""
        dialed = self.caller.invite(self.edge, number(first), from_header=from_header, headers=headers)
        return dialed, await self.held(dialed)

    async def held(self, dialed: Dialed) -> Call:
        await self.until(lambda: self.find(dialed) is not None)
        call = self.find(dialed)
        assert call is not None
        return call

    def find(self, dialed: Dialed) -> Call | None:
        """The controller's side of a call."""
        for event in reversed(self.events):
            if isinstance(event, CallEvent) and event.call.caller.sip_call_id == dialed.call_id:
                return event.call
        return None

    async def decide(self, call: Call, verdict: Verdict) -> Answer:
        return await self.controller.decide(call.id, verdict, TEST)

    async def ring(
        self,
        call: Call,
        *targets: Destination | Target | str,
        seconds: float = 20.0,
        limit: int = 0,
        caller_id: str = "",
    ) -> Answer:
        """Ring these: user agents, targets, or phones by their login."""
        return await self.decide(call, self.dial(*targets, seconds=seconds, limit=limit, caller_id=caller_id))

    def dial(
        self, *targets: Destination | Target | str, seconds: float = 20.0, limit: int = 0, caller_id: str = ""
    ) -> Dial:
        return dial(map(as_target, targets), ring_seconds=seconds, limit_seconds=limit, caller_id=caller_id)

    async def told(self, call: Call, kind: Kind, count: int = 1) -> CallEvent:
        """The ``count``-th event of that kind of this call, when it has come."""
        await self.until(lambda: len(self.events_of(call, kind)) >= count)
        return self.events_of(call, kind)[count - 1]

    async def over(self, call: Call, attempt: int) -> None:
        """Wait until that dialling of a call is over: somebody answered, or the call is held again."""

        def over() -> bool:
            return bool(self.events_of(call, Kind.ANSWERED)) or len(self.events_of(call, Kind.RETURNED)) == attempt

        await self.until(over, 60)

    def events_of(self, call: Call, *kinds: Kind) -> list[CallEvent]:
        return [
            event
            for event in self.events
            if isinstance(event, CallEvent) and event.call.id == call.id and (not kinds or event.kind in kinds)
        ]

    def kinds(self, call: Call) -> list[str]:
        """What was told of a call, in order."""
        return [event.kind.value for event in self.events_of(call)]

    # --- the rest ------------------------------------------------------------------------------------------------

    async def target(self, behave: Callable[[Destination, Message], None] | None = None) -> Destination:
        """A user agent to be rung, for as long as the rig stands."""
        found = await destination(behave)
        self._stack.callback(found.close)
        return found

    @property
    def entries(self) -> dict[str, int]:
        """How many entries the edge's tables of calls have, as it told within the last second."""
        return self.controller.health().entries

    async def empty(self, seconds: float = 40.0) -> None:
        """Wait until the edge remembers no call, nor what it keeps for a while against stragglers."""
        before = self.edge_link.entries  # as it was told within the last second
        await eventually(lambda: self.edge_link.entries is not before)
        try:
            await eventually(lambda: bool(self.entries) and not any(self.entries.values()), seconds)
        except TimeoutError:
            raise AssertionError(f"the edge still remembers {self.entries}") from None


def busy(target: Destination, invite: Message) -> None:
    target.respond(invite, 486, "Busy Here")


def declines(target: Destination, invite: Message) -> None:
    target.respond(invite, 180, "Ringing")
    target.respond(invite, 603, "Decline")


def silent(target: Destination, invite: Message) -> None:
    """No response at all."""


async def hears(target: Destination, method: str, call: Dialed | None = None) -> None:
    """Wait until the target has had a request of that method, of any call or of that one."""
    await eventually(lambda: target.saw(method, call) != [])


def coded(text: str) -> str:
    """A word of a command that may hold anything."""
    return b64encode(text.encode()).decode()


def as_target(each: Destination | Target | str) -> Target:
    """A user agent by its address, without a user part; a phone by its login."""
    if isinstance(each, Target):
        return each
    return target(phone=each) if isinstance(each, str) else target(f"sip:{each.host}:{each.port}")


def entries(fallback: Destination) -> list[Entry]:
    """1…: held for 1 s, then accepted; 3…: 30 s, then accepted; 4…: 1 s, then busy."""
    to = f"sip:{fallback.host}:{fallback.port}"
    return [
        Trunk("loopback", ("127.0.0.1", "::1")),
        InboundRoute("one-second", to, "1*", window=1.0),
        InboundRoute("thirty-seconds", to, "3*", window=30.0),
        InboundRoute("busy", to, "4*", window=1.0, lapse="busy"),
    ]


@contextlib.asynccontextmanager
async def edge_rig(folder: Path, extra: Iterable[Entry] = (), **edge: object) -> AsyncIterator[EdgeRig]:
    """A rig with those settings of the edge, and ``extra`` entries in its directory."""
    port = free_sip_port()
    kamailio = EdgeSettings(
        listen=(f"udp:127.0.0.1:{port}", f"tcp:127.0.0.1:{port}", f"udp:[::1]:{port}"),
        children=2,
        destination_timeout=2.0,
        ring_timeout=3.0,
    )
    kamailio = msgspec.structs.replace(kamailio, **edge)
    settings = Settings(state=folder / "state", run=folder / "run", edge=kamailio)
    settings.state.mkdir(parents=True, exist_ok=True)
    address = LinkAddress(free_port(protocol="tcp"), free_port(), secrets.token_hex(16))
    process = EdgeProcess(settings, find_kamailio(kamailio.kamailio), address)
    rig = EdgeRig(settings, process, address, port)
    async with rig._stack as stack:
        rig.fallback = await destination()
        stack.callback(rig.fallback.close)
        engine = database.create(settings)
        stack.push_async_callback(engine.dispose)
        await upgrade(engine)
        rig.directory = DirectoryService(engine)
        await rig.directory.apply([*entries(rig.fallback), *extra])
        process.prepare()
        stack.push_async_callback(process.stop)
        await process.start()
        await rig.link()
        stack.push_async_callback(rig.stop)
        rig.caller = await caller()
        stack.callback(rig.caller.close)
        yield rig
