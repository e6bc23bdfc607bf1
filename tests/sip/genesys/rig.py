"""A running Callgate with two queues, three agents and their phones."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.sip.genesys.desktop import Desktop, desktop
from tests.sip.phone import Phone, phone
from tests.sip.rig import Rig, number, rig_on
from tests.sip.user_agent import SDP, Destination, Dialed, Message
from tests.system import eventually

PASSWORD = "PasswordOfTheTests0001"

#: 90…: from the trunk into the queue 9000; 9100: a queue of one agent, with a short wait; 9200: one call may wait.
DIRECTORY = f"""
[[trunk]]
name = "trunk"
sources = ["127.0.0.1", "::1"]

[[phone]]
name = "5001"
password = "{PASSWORD}"

[[phone]]
name = "5002"
password = "{PASSWORD}"

[[phone]]
name = "5003"
password = "{PASSWORD}"

[[phone]]
name = "5005"
password = "{PASSWORD}"

[[queue]]
name = "support"
number = "9000"
ring = 20
reject_pause = 30

[[queue]]
name = "alone"
number = "9100"
wait = 3
refusal = "busy"
missed = "ready"

[[queue]]
name = "narrow"
number = "9200"
length = 1
overflow = "sip:2002@{{destination}}"

[[agent]]
name = "kristi"
password = "{PASSWORD}"
first_name = "Kristi"
last_name = "Sippola"
phone = "5001"
queues = ["support"]

[[agent]]
name = "paul"
password = "{PASSWORD}"
phone = "5002"
queues = ["support"]

[[agent]]
name = "anna"
password = "{PASSWORD}"
phone = "5003"
queues = ["alone", "narrow"]

[[route]]
name = "support"
did = "90*"
queue = "support"

[[route]]
name = "alone"
did = "91*"
queue = "alone"

[[route]]
name = "narrow"
did = "92*"
queue = "narrow"

[[route]]
name = "kristi"
did = "5001"
phone = "5001"

[[route]]
name = "reception"
did = "2002"
destination = "sip:{{destination}}"
"""


def ring_on(destination: Destination, invite: Message) -> None:
    """180, until the test says more."""
    destination.respond(invite, 180, "Ringing")


def media_port(login: str) -> int:
    """Where a phone wants its media."""
    return 40_000 + int(login)


@dataclass
class QueueRig:
    sip: Rig
    phones: dict[str, Phone]

    def dial(self, first: str = "90") -> tuple[Dialed, str]:
        """A call from the trunk to a new number that begins so, and the number that it comes from."""
        who = number("55")
        return self.sip.caller.invite(self.sip.system.edge, number(first), number=who), who

    async def register(self) -> None:
        """Every phone registers (anew), and rings when it is called."""
        for login, one in self.phones.items():
            assert (await one.register(self.sip.system.edge, login, PASSWORD)).status == 200
            one.behave = ring_on

    async def hang_up_all(self) -> None:
        """End every call that lives."""
        native = self.sip.native
        for call in (await native.ask("GET", "calls?limit=1000"))[1]["items"]:
            if call["ended"] is None:
                await native.decide("hangup", call["id"])

    async def ringing(self, login: str, call: Dialed, count: int = 1) -> Message:
        """The newest INVITE of a call at a phone, once it has seen so many."""
        await eventually(lambda: len(self.rings(login, call)) >= count)
        return self.rings(login, call)[-1]

    async def stopped(self, login: str, call: Dialed, count: int = 1) -> None:
        """The phone was told so often to stop ringing for the call."""
        await eventually(lambda: len(self.phones[login].saw("CANCEL", call)) >= count)

    def pick_up(self, login: str, invite: Message) -> None:
        """The phone answers, with media of its own."""
        one = self.phones[login]
        one.respond(invite, 200, "OK", body=SDP.format(ip=one.ip, port=media_port(login)))

    @contextlib.asynccontextmanager
    async def agent(self, name: str, *, ready: bool = True) -> AsyncIterator[Desktop]:
        async with desktop(self.sip.system.http, name, PASSWORD, ready=ready) as one:
            yield one

    def rings(self, login: str, call: Dialed) -> list[Message]:
        """The INVITEs of a call that a phone has seen."""
        return self.phones[login].saw("INVITE", call)


@contextlib.asynccontextmanager
async def queue_rig_on(folder: Path, *, tables: str = "", settings: str = "") -> AsyncIterator[QueueRig]:
    """A rig of one's own: its phones ring, and do not answer by themselves."""
    async with contextlib.AsyncExitStack() as stack:
        sip = await stack.enter_async_context(rig_on(folder, directory=DIRECTORY, tables=tables, settings=settings))
        phones = {}
        for login in ("5001", "5002", "5003", "5005"):
            phones[login] = one = await phone(sip.system.edge, login, PASSWORD)
            stack.callback(one.close)
        yield QueueRig(sip, phones)
