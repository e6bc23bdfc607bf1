"""A running Callgate whose numbers are an RCML application's, with what tests ask of its REST API.

The first digits of a number say what is set for it: see :data:`DIRECTORY`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.sip.rcml.application import PATIENCE, Answer, RcmlApplication
from tests.sip.rig import Rig, caller_of, number, rig_on
from tests.sip.user_agent import Destination, Dialed, Message

ACCOUNT = "AC" + "a" * 32
TOKEN = "TokenOfTheTests0000000000000001"
_CREDENTIALS = {"Authorization": aiohttp.encode_basic_auth(ACCOUNT, TOKEN)}
REST = f"/restcomm/2012-04-24/Accounts/{ACCOUNT}"

#: 71…: voice URL alone; 72…: with a fallback URL; 73…: fails open; 74…: nowhere to go but by documents, by GET;
#: 75…: a window of 3 s; 79…: no application, as a neighbour.
DIRECTORY = """
[[trunk]]
name = "trunk"
sources = ["127.0.0.1", "::1"]

[[account]]
name = "acme"
sid = "{account}"
token = "{token}"

[[route]]
name = "plain"
did = "71*"
destination = "sip:{{destination}}"
window = 10
  [route.rcml]
  account = "acme"
  voice_url = "{url}/voice"
  status_callback = "{url}/status"

[[route]]
name = "with-fallback"
did = "72*"
destination = "sip:{{destination}}"
window = 10
  [route.rcml]
  account = "acme"
  voice_url = "{url}/voice"
  voice_fallback_url = "{url}/fallback"
  status_callback = "{url}/status"

[[route]]
name = "fails-open"
did = "73*"
destination = "sip:{{destination}}"
window = 10
lapse = "accept"
  [route.rcml]
  account = "acme"
  voice_url = "{url}/voice"
  on_failure = "lapse"
  status_callback = "{url}/status"

[[route]]
name = "nowhere"
did = "74*"
outbound = "sip:{{destination}}"
window = 10
lapse = "temporarily_unavailable"
  [route.rcml]
  account = "acme"
  voice_url = "{url}/voice"
  voice_method = "GET"
  voice_fallback_url = "{url}/fallback"
  voice_fallback_method = "GET"
  status_callback = "{url}/status"
  status_callback_method = "GET"

[[route]]
name = "hurried"
did = "75*"
destination = "sip:{{destination}}"
window = 3
  [route.rcml]
  account = "acme"
  voice_url = "{url}/voice"
  status_callback = "{url}/status"

[[route]]
name = "neighbour"
did = "79*"
destination = "sip:{{destination}}"
window = 10

[[phone]]
name = "alice"
password = "PasswordOfAlice1"
account = "acme"

[[phone]]
name = "bob"
password = "PasswordOfBob111"
account = "acme"

[[phone]]
name = "stranger"
password = "PasswordOfStranger"
"""


@dataclass
class RcmlRig:
    sip: Rig
    application: RcmlApplication
    rest: aiohttp.ClientSession

    def dial(
        self,
        first: str,
        answer: Answer | None = None,
        *,
        fallback: Answer | None = None,
        behave: Callable[[Destination, Message], None] | None = None,
        headers: tuple[str, ...] = (),
    ) -> tuple[Dialed, str]:
        """Place a call to a new number that begins so; ``answer`` is what its voice URL says."""
        did = number(first)
        if answer is not None:
            self.application.says(did, answer)
        if fallback is not None:
            self.application.says(did, fallback, "/fallback")
        if behave is not None:
            self.sip.destination.numbers[did] = behave
        return self.sip.caller.invite(self.sip.system.edge, did, number=number("55"), headers=headers), did

    async def ask(self, method: str, path: str, **parameters: str) -> tuple[int, Any]:
        """One request to the REST API, JSON; ``path`` is below the account."""
        data = parameters if method in ("POST", "PUT") else None
        query = None if data is not None else parameters
        url = f"{self.sip.system.http}{REST}/{path}"
        async with self.rest.request(method, url, params=query, data=data) as reply:
            text = await reply.text()
            return reply.status, await reply.json(content_type=None) if text.startswith(("{", "[")) else text

    async def eventually(self, path: str, wanted: Callable[[Any], bool], **parameters: str) -> Any:
        """What the REST API says once it is as wanted: its log is written behind."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while True:
            status, found = await self.ask("GET", path, **parameters)
            if status == 200 and wanted(found):
                return found
            assert asyncio.get_running_loop().time() < end, f"{path} never was as wanted: {status} {found}"
            await asyncio.sleep(0.05)

    async def record(self, sid: str, status: str) -> dict[str, Any]:
        """A call's record, once it has that status."""
        return dict(await self.eventually(f"Calls/{sid}.json", lambda call: call["status"] == status))

    async def sid(self, did: str) -> str:
        """The sid of the call to that number, as its application was told it."""
        return (await self.application.request(did)).parameters["CallSid"]

    async def notifications(self, did: str, count: int = 1) -> list[dict[str, Any]]:
        """What the account's error log says of the call to that number, the oldest first."""
        sid = await self.sid(did)
        found = await self.eventually(
            f"Calls/{sid}/Notifications.json", lambda listing: len(listing["notifications"]) >= count
        )
        return list(reversed(found["notifications"]))

    def untouched(self, call: Dialed) -> bool:
        """Whether the destination never saw the call."""
        return self.sip.destination.saw("INVITE", call) == []


@contextlib.asynccontextmanager
async def rcml_rig_on(folder: Path, *, tables: str = "", settings: str = "") -> AsyncIterator[RcmlRig]:
    """A rig of one's own."""
    async with contextlib.AsyncExitStack() as stack:
        application = RcmlApplication()
        await application.start()
        stack.push_async_callback(application.stop)
        directory = DIRECTORY.format(account=ACCOUNT, token=TOKEN, url=application.url)
        sip = await stack.enter_async_context(rig_on(folder, directory=directory, tables=tables, settings=settings))
        rest = await stack.enter_async_context(aiohttp.ClientSession(headers=_CREDENTIALS))
        yield RcmlRig(sip, application, rest)


__all__ = ["ACCOUNT", "REST", "TOKEN", "RcmlRig", "caller_of", "rcml_rig_on"]
