"""What the tests of the interpreter stand on: the real gate, and an edge, a clock, HTTP and SQL that a test plays."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Any, cast

from callgate.core.calls import Call, CallId
from callgate.core.gate import Terms
from callgate.core.verdicts import Verdict
from callgate.dialects.rcml.live import Live
from callgate.dialects.rcml.model import CallRecord, DocumentRequest, Fetched, FetchError, Notification
from callgate.dialects.rcml.parts import Parts
from callgate.directory.model import (
    Account,
    Directory,
    Entry,
    InboundRoute,
    Phone,
    RcmlNumber,
    RcmlVoice,
    Trunk,
    lapse_verdict,
)
from callgate.settings import RcmlSettings
from tests.dialects.control import GateControl, incoming

BASE = "https://app.example.com"
VOICE, FALLBACK, STATUS = f"{BASE}/voice", f"{BASE}/fallback", f"{BASE}/status"
ACCOUNT = Account("acme", "AC" + "a" * 32, "a token that nobody may see")
DESTINATION = "sip:192.0.2.20:5070"
WINDOW = 10.0


class Clock:
    """It stands until it is moved; whoever sleeps by it wakes in order."""

    def __init__(self) -> None:
        self.time = 1_767_225_600.0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.time + seconds, next(self._numbers), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """So much time passes, and everything happens that is due."""
        end = self.time + seconds
        await settle()
        while self._waiting and self._waiting[0][0] <= end:
            at, _, woken = heapq.heappop(self._waiting)
            if not woken.done():
                self.time = at
                woken.set_result(None)
                await settle()
        self.time = end
        await settle()


async def settle() -> None:
    """Let every task go on until it waits for something that a test does."""
    for _ in range(40):
        await asyncio.sleep(0)


class Control(GateControl):
    """An edge that the test plays, by the test's clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def now(self) -> float:
        return self._clock.now()


Answer = bytes | str | FetchError | Callable[[], Any]


class Documents:
    """A ``Fetcher``: what each URL answers. ``asked`` are the requests, with the seconds that each might take."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._answers: dict[str, Answer] = {}
        self.asked: list[DocumentRequest] = []
        self.seconds: list[float] = []
        self.abandoned = 0

    def says(self, url: str, answer: Answer) -> None:
        """``answer`` is what stands in the ``Response``, the bytes of a whole reply, or how it fails."""
        self._answers[url] = answer

    def told(self, index: int = -1) -> dict[str, str]:
        """What a request told, by name."""
        return dict(self.asked[index].parameters)

    @property
    def urls(self) -> list[str]:
        return [request.url for request in self.asked]

    async def fetch(self, account: str, request: DocumentRequest, seconds: float) -> Fetched:
        assert account == ACCOUNT.name
        self.asked.append(request)
        self.seconds.append(seconds)
        answer = self._answers.get(request.url, not_found(request.url))
        try:
            if answer is SILENCE:
                await self._clock.sleep(seconds)
                raise FetchError(11205, f"no reply within {seconds:g} s", url=request.url)
            if callable(answer):
                answer = await answer()
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.abandoned += 1
            raise
        if isinstance(answer, FetchError):
            raise answer
        body = answer if isinstance(answer, bytes) else f"<Response>{answer}</Response>".encode()
        return Fetched(request.url, "text/xml", "utf-8", "Content-Type: text/xml", body)


def SILENCE() -> None:
    """No reply: for as long as the other side waits."""


def not_found(url: str) -> FetchError:
    return FetchError(21402, "the URL was answered with 404", url=url, status=404)


class Told:
    """A ``Log`` and ``Callbacks``: all that was told, in its order."""

    def __init__(self) -> None:
        self.records: list[CallRecord] = []
        self.notifications: list[Notification] = []
        self.callbacks: list[tuple[CallId, str, DocumentRequest, str]] = []

    def call(self, record: CallRecord) -> None:
        self.records.append(record)

    def notification(self, notification: Notification) -> None:
        self.notifications.append(notification)

    def tell(self, call: CallId, account: str, request: DocumentRequest, event: str) -> None:
        self.callbacks.append((call, account, request, event))

    @property
    def statuses(self) -> list[str]:
        """The statuses of the inbound call."""
        return [record.status for record in self.records if record.parent_sid is None]

    def legs(self) -> dict[str, list[str]]:
        """The statuses of what was dialled, by its name."""
        found: dict[str, list[str]] = {}
        for record in self.records:
            if record.parent_sid is not None:
                found.setdefault(record.to, []).append(record.status)
        return found

    @property
    def errors(self) -> list[Notification]:
        return [each for each in self.notifications if each.log == 0]

    @property
    def warnings(self) -> list[Notification]:
        return [each for each in self.notifications if each.log == 1]


class DirectoryInHand:
    """A directory that a test replaces."""

    def __init__(self, *entries: Entry) -> None:
        self.current = Directory.of(entries)


class Rig:
    """The interpreter with one number, ``2002``, and calls to it."""

    def __init__(self, *, settings: RcmlSettings | None = None, account: Account = ACCOUNT, **number: Any) -> None:
        voice = number.pop("voice", RcmlVoice(VOICE, status_callback=STATUS))
        destination = number.pop("destination", DESTINATION)
        outbound = number.pop("outbound", "")
        self.window = number.pop("window", WINDOW)
        self.lapse = number.pop("lapse", "temporarily_unavailable")
        entries = number.pop("entries", ())
        route = InboundRoute(
            "sales",
            destination,
            window=self.window,
            lapse=self.lapse,
            outbound=outbound,
            rcml=RcmlNumber("acme", "PN" + "b" * 32, voice=voice, **number),
        )
        self.clock = Clock()
        self.control = Control(self.clock)
        self.documents = Documents(self.clock)
        self.told = Told()
        self.directory = DirectoryInHand(
            Trunk("main", ("192.0.2.1",)),
            account,
            route,
            InboundRoute("plain", DESTINATION),
            Phone("alice", "0" * 32, account="acme"),
            Phone("bob", "0" * 32, account="acme"),
            Phone("away", "0" * 32, account="acme", enabled=False),
            Phone("stranger", "0" * 32, account="other"),
            *entries,
        )
        self._destination = destination
        self.settings = settings or RcmlSettings()
        self.live = Live(
            Parts(
                control=self.control,
                directory=cast(Any, self.directory),
                settings=self.settings,
                fetcher=self.documents,
                callbacks=self.told,
                log=self.told,
                instance="ID" + "c" * 32,
                sleep=self.clock.sleep,
            )
        )
        self.control.listen(self.live.hear)
        self._sequences = itertools.count(1)

    def arrive(self, *, route: str = "sales", headers: tuple[tuple[str, str], ...] = ()) -> Call:
        """A call comes in, and nothing has happened yet."""
        call = incoming(
            next(self._sequences),
            self.clock.now(),
            trunk="main",
            route=route,
            number="5503301",
            dialled="2002",
            controlled=True,
            headers=headers,
        )
        return self.control.admit(call, Terms(self._destination, self.window, lapse_verdict(self.lapse)))

    async def ring(self, document: Answer | None = None, **arguments: Any) -> Call:
        """A call comes in, and everything happens that needs no time."""
        if document is not None:
            self.documents.says(VOICE, document)
        call = self.arrive(**arguments)
        await settle()
        return call

    @property
    def verdict(self) -> Verdict:
        """What the edge was told last."""
        return self.control.commands[-1]


def sessions(rig: Rig) -> list[asyncio.Task[Any]]:
    """The tasks of calls that there are."""
    return [task for task in asyncio.all_tasks() if task.get_name().startswith("rcml call")]
