"""What most tests of real calls share: one running Callgate, a caller, a destination, and an application of each kind.

Every test dials numbers of its own, so that tests do not see each other. The first digits of a number say what
becomes of its calls: see :data:`DIRECTORY`.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from tests.sip.applications import NativeApplication, Request, YeastarApplication
from tests.sip.user_agent import Caller, Destination, Dialed, Message, caller, destination
from tests.system import System, running

LISTEN = ("udp:127.0.0.1", "tcp:127.0.0.1", "udp:[::1]")
CLIENT_ID, CLIENT_SECRET = "SipTestClientId00000000000000001", "SipTestClientSecret0000000000001"

#: 1…: window of 1 s, then accepted; 2…: 5 s; 3…: 30 s; 4…: 1 s, then busy; 5…: 1 s, then 503; 2002: as Yeastar's.
DIRECTORY = """
[[trunk]]
name = "test-peer-trunking"
sources = ["127.0.0.1", "::1"]

[[trunk]]
name = "uncontrolled"
sources = ["127.0.0.2"]
control = false

[[trunk]]
name = "wide"
sources = ["127.3.0.0/16"]
refuse = "busy"
lapse = "forbidden"

[[trunk]]
name = "narrow"
sources = ["127.3.3.0/24"]

[[trunk]]
name = "single"
sources = ["127.3.3.3"]

[[route]]
name = "reception"
did = "2002"
destination = "sip:{destination}"
window = 10

[[route]]
name = "one-second"
did = "1*"
destination = "sip:{destination}"
window = 1

[[route]]
name = "five-seconds"
did = "2*"
destination = "sip:{destination}"
window = 5

[[route]]
name = "thirty-seconds"
did = "3*"
destination = "sip:{destination}"
window = 30

[[route]]
name = "busy"
did = "4*"
destination = "sip:{destination}"
window = 1
lapse = "busy"

[[route]]
name = "closed"
did = "5*"
destination = "sip:{destination}"
window = 1
lapse = "service_unavailable"
"""

CLIENT = f"""
[[client]]
name = "application"
client_id = "{CLIENT_ID}"
secret = "{CLIENT_SECRET}"
"""

#: The applications live in the loop of the session, which says nothing while tests with a loop of their own run.
PATIENT = """
[yeastar]
idle_timeout = 3600
"""

_numbers = itertools.count(10_000)


def number(first: str = "") -> str:
    """A number that no other test uses, beginning with these digits."""
    return f"{first}{next(_numbers)}"


@dataclass
class Rig:
    system: System
    caller: Caller
    destination: Destination
    yeastar: YeastarApplication
    native: NativeApplication

    def dial(self, first: str, behave: Callable[[Destination, Message], None] | None = None) -> Dialed:
        """Place a call to a new number that begins so; ``behave`` is what the destination does with it."""
        did = number(first)
        if behave is not None:
            self.destination.numbers[did] = behave
        return self.caller.invite(self.system.edge, did, number=number("55"))

    async def held(self, call: Dialed) -> str:
        """The call's id, once it is held."""
        return await self.native.held(call.call_id)

    async def accepted(self, first: str = "2", behave: Callable[[Destination, Message], None] | None = None) -> Dialed:
        """A call that was accepted over Callgate's own API."""
        call = self.dial(first, behave)
        status, reply = await self.native.decide("accept", await self.held(call))
        assert (status, reply["result"]) == (200, "applied")
        return call

    async def requested(self, call: Dialed) -> Request:
        """The call as a Yeastar application is told of it."""
        return await self.yeastar.incoming(caller_of(call))


def caller_of(call: Dialed) -> str:
    """The number that places the call."""
    return call.request.partition("From: <sip:")[2].partition("@")[0]


@contextlib.asynccontextmanager
async def rig_on(
    folder: Path, *, directory: str = DIRECTORY, settings: str = "", tables: str = ""
) -> AsyncIterator[Rig]:
    """A rig of one's own; ``{destination}`` in its directory becomes the address of its destination."""
    async with contextlib.AsyncExitStack() as stack:
        callee = await destination()
        stack.callback(callee.close)
        text = directory.replace("{destination}", f"{callee.ip}:{callee.port}") + CLIENT
        system = await stack.enter_async_context(running(folder, text, settings, tables + PATIENT, LISTEN))
        one = await caller()
        stack.callback(one.close)
        yeastar = await YeastarApplication.open(system.http, CLIENT_ID, CLIENT_SECRET)
        stack.push_async_callback(yeastar.close)
        native = await NativeApplication.open(system.http, system.admin)
        stack.push_async_callback(native.close)
        yield Rig(system, one, callee, yeastar, native)


async def entries(rig: Rig) -> dict[str, int]:
    """How many entries the edge's tables of calls have."""
    async with rig.native.session.get(f"{rig.system.http}/metrics") as reply:
        text = await reply.text()
    return {table: int(float(count)) for table, count in re.findall(r'edge_entries{table="(\w+)"} (\S+)', text)}


async def empty(rig: Rig) -> bool:
    """Whether the edge remembers no call, nor what it keeps for a while against stragglers."""
    found = await entries(rig)
    return bool(found) and not any(found.values())
