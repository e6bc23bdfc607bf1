"""Fifty agents and five hundred callers, with rejects, busy phones and hang-ups thrown in at random, from a fixed seed.

A test looks at whether every call was served right, the bench at how long it took.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.sip.rig import Rig, rig_on
from tests.sip.user_agent import SDP, Destination, Dialed, Message
from tests.system import eventually

PASSWORD = "PasswordOfTheTests0001"
NUMBER = "9500"
#: How often a phone's agent rejects, and how often a phone is busy.
REJECTS, BUSY = 0.15, 0.05
#: How many of a hundred callers hang up while they wait.
HANG_UPS = 5

_DIRECTORY = """
[[trunk]]
name = "trunk"
sources = ["127.0.0.1"]

[[queue]]
name = "many"
number = "{number}"
length = 10000
missed = "ready"
reject_pause = 30

[[route]]
name = "many"
did = "{number}"
queue = "many"
"""
_AGENT = """
[[agent]]
name = "agent{number}"
password = "{password}"
address = "sip:{number}@{{destination}}"
queues = ["many"]
"""


@dataclass
class Course:
    """What one call went through: ``rung`` at which phones and when (monotonic seconds), and what each did."""

    call: Dialed
    rung: list[tuple[float, str]] = field(default_factory=list)
    did: list[str] = field(default_factory=list)
    hangs_up: bool = False

    @property
    def served_by(self) -> list[str]:
        return [phone for (_, phone), what in zip(self.rung, self.did, strict=True) if what == "answered"]


class Centre:
    """The agents, their phones (one endpoint for all), and the calls."""

    def __init__(self, rig: Rig, agents: int, seed: int) -> None:
        self.rig = rig
        self.phones = [str(6000 + index) for index in range(agents)]
        self.courses: dict[str, Course] = {}
        self.rejected: list[int] = []
        #: From a call's end (or its reject) to the next INVITE at that phone (or for that call), in seconds.
        self.free_to_ring: list[float] = []
        self.reject_to_ring: list[float] = []
        self._chance = random.Random(seed)
        self._freed: dict[str, float] = {}
        self._given_back: dict[str, float] = {}
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        rig.destination.behave = self._rung

    async def log_in(self) -> None:
        """Every agent, ready for calls."""
        for phone in self.phones:
            credentials = base64.b64encode(f"agent{phone}:{PASSWORD}".encode()).decode()
            session = aiohttp.ClientSession(
                self.rig.system.http,
                headers={"Authorization": f"Basic {credentials}"},
                cookie_jar=aiohttp.CookieJar(unsafe=True),
            )
            self._sessions[phone] = session
            for body in ({"operationName": "StartContactCenterSession", "channels": ["voice"]}, _READY):
                async with session.post("/api/v2/me", json=body) as reply:
                    assert (await reply.json())["statusCode"] == 0

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for session in self._sessions.values():
            await session.close()

    async def arrive(self, callers: int) -> None:
        """So many callers, one after the other, each told that it is queued before the next one comes."""
        for index in range(callers):
            call = self.rig.caller.invite(self.rig.system.edge, NUMBER, number=f"55{index:05}")
            self.courses[call.call_id] = Course(call)
            await call.until(lambda call: 182 in call.statuses)

    async def serve(self, seconds: float) -> None:
        """Let the agents work until every call is over; some callers do not wait for that."""
        for course in self._chance.sample(list(self.courses.values()), len(self.courses) * HANG_UPS // 100):
            course.hangs_up = True
            self._later(self._chance.uniform(0, 2), course.call.cancel)
        await self.log_in()
        await eventually(lambda: all(each.call.finals for each in self.courses.values()), seconds)

    def _rung(self, destination: Destination, invite: Message) -> None:
        now, phone = time.monotonic(), invite.number
        course = self.courses[invite.header("Call-ID")]
        if phone in self._freed:
            self.free_to_ring.append(now - self._freed.pop(phone))
        if invite.header("Call-ID") in self._given_back:
            self.reject_to_ring.append(now - self._given_back.pop(invite.header("Call-ID")))
        course.rung.append((now, phone))
        chance = self._chance.random()
        if chance < REJECTS:
            course.did.append("rejected")
            destination.respond(invite, 180, "Ringing")
            self._task(self._reject(phone, course))
        elif chance < REJECTS + BUSY:
            course.did.append("busy")
            destination.respond(invite, 486, "Busy Here")
        else:
            course.did.append("answered")
            destination.respond(invite, 180, "Ringing")
            self._later(self._chance.uniform(0.01, 0.05), lambda: self._answer(destination, invite))

    def _answer(self, destination: Destination, invite: Message) -> None:
        course = self.courses[invite.header("Call-ID")]
        if any(each.branch == invite.branch for each in destination.saw("CANCEL", course.call)):
            course.did[-1] = "cancelled"
            return
        destination.respond(invite, 200, "OK", body=SDP.format(ip=destination.ip, port=50000))
        self._later(self._chance.uniform(0.05, 0.15), lambda: self._hang_up(destination, invite))

    def _hang_up(self, destination: Destination, invite: Message) -> None:
        self._freed[invite.number] = time.monotonic()
        destination.bye(invite)

    async def _reject(self, phone: str, course: Course) -> None:
        number = course.call.request.partition("From: <sip:")[2].partition("@")[0]
        session = self._sessions[phone]
        while not course.call.finals:  # its INVITE may be here before the word of it is there
            async with session.get("/api/v2/me/calls?fields=*") as reply:
                calls = (await reply.json())["calls"]
            for call in calls:
                if call["participants"][0]["phoneNumber"] == number:
                    self._given_back[course.call.call_id] = time.monotonic()
                    rejecting = session.post(f"/api/v2/me/calls/{call['id']}", json={"operationName": "Reject"})
                    async with rejecting as reply:
                        self.rejected.append((await reply.json())["statusCode"])
                    return
            await asyncio.sleep(0.01)

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        async def later() -> None:
            await asyncio.sleep(seconds)
            what()

        self._task(later())

    def _task(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_READY = {"operationName": "Ready"}


@contextlib.asynccontextmanager
async def many(folder: Path, *, agents: int = 50, seed: int = 20_261_121) -> AsyncIterator[Centre]:
    """A running Callgate with so many agents of one queue."""
    directory = _DIRECTORY.format(number=NUMBER) + "".join(
        _AGENT.format(number=6000 + index, password=PASSWORD) for index in range(agents)
    )
    async with rig_on(folder, directory=directory) as rig:
        centre = Centre(rig, agents, seed)
        try:
            yield centre
        finally:
            await centre.close()
