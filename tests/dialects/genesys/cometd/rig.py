"""A CometD server behind a real HTTP server, and who may enter."""

from __future__ import annotations

import base64
import contextlib
import itertools
import time
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Any

import aiohttp
import msgspec

from callgate.dialects.asgi import Scope
from callgate.dialects.genesys.bayeux.http import header
from callgate.dialects.genesys.bayeux.server import Bayeux
from callgate.dialects.genesys.errors import GenesysError, Status
from callgate.dialects.genesys.model import BASE, CALLS, NOTIFICATIONS, Login
from callgate.settings import GenesysSettings
from tests.dialects.serving import PATIENCE, served

from .talk import data

PATH = BASE + NOTIFICATIONS
PASSWORD = "Test-Secret-1"


def basic(agent: str = "anna", password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{agent}:{password}".encode()).decode()


class StandInDoorkeeper:
    """Lets in whoever has the password, or the cookie of a login that is not over."""

    def __init__(self) -> None:
        self.agents: dict[str, str] = {}
        self._numbers = itertools.count(1)

    async def admit(self, scope: Scope) -> Login:
        cookie = SimpleCookie(header(scope, b"cookie").decode()).get("JSESSIONID")
        if cookie is not None and cookie.value in self.agents:
            return Login(self.agents[cookie.value], cookie.value)
        scheme, _, credentials = header(scope, b"authorization").decode().partition(" ")
        agent, _, password = base64.b64decode(credentials).decode().partition(":")
        if scheme != "Basic" or password != PASSWORD:
            raise GenesysError(
                Status.NOT_AUTHENTICATED, "Access denied", http=401, headers=((b"www-authenticate", b"Basic"),)
            )
        session = f"session{next(self._numbers)}"
        self.agents[session] = agent
        return Login(agent, session, f"JSESSIONID={session}; Path=/; HttpOnly")

    def alive(self, session: str) -> bool:
        return session in self.agents


class Clock:
    """A clock that a test sets forward."""

    def __init__(self) -> None:
        self.shift = 0.0

    def now(self) -> float:
        return time.time() + self.shift


class Rig:
    """The server, and a simple client that has a cookie jar."""

    def __init__(
        self, bayeux: Bayeux, doorkeeper: StandInDoorkeeper, clock: Clock, port: int, http: aiohttp.ClientSession
    ) -> None:
        self.bayeux = bayeux
        self.doorkeeper = doorkeeper
        self.clock = clock
        self.port = port
        self.http = http
        self.url = f"http://localhost:{port}{PATH}"

    def publish(self, number: int, agent: str = "anna", channel: str = CALLS) -> None:
        self.bayeux.publish(agent, channel, data(number))

    async def post(self, body: object, suffix: str = "", **options: Any) -> aiohttp.ClientResponse:
        """One request; its reply has been read. A ``bytes`` body is sent as it is, an iterator of them in chunks."""
        options.setdefault("headers", {"Authorization": basic()})
        if isinstance(body, dict | list):
            body = msgspec.json.encode(body)
        async with self.http.post(
            self.url + suffix, data=body, timeout=aiohttp.ClientTimeout(PATIENCE), **options
        ) as response:
            await response.read()
            return response

    async def say(self, *messages: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
        """Bayeux messages, and what was replied to them."""
        response = await self.post(list(messages), **options)
        assert response.status == 200, await response.text()
        replies: list[dict[str, Any]] = await response.json()
        return replies

    async def connected(self, **options: Any) -> str:
        """The client id of a session that has subscribed to its calls, and polled once."""
        [reply] = await self.say({"channel": "/meta/handshake", **options})
        client_id: str = reply["clientId"]
        await self.say({"channel": "/meta/connect", "clientId": client_id, "connectionType": "long-polling"})
        [subscribed] = await self.say({"channel": "/meta/subscribe", "clientId": client_id, "subscription": CALLS})
        assert subscribed["successful"]
        return client_id


@contextlib.asynccontextmanager
async def rig(settings: GenesysSettings | None = None, *, body_limit: int = 65_536) -> AsyncIterator[Rig]:
    """A started server."""
    clock, doorkeeper = Clock(), StandInDoorkeeper()
    bayeux = Bayeux(settings or GenesysSettings(), doorkeeper, clock.now, body_limit=body_limit)
    async with served({BASE.rpartition("/")[0]: bayeux}) as port, aiohttp.ClientSession() as http:
        await bayeux.start()
        try:
            yield Rig(bayeux, doorkeeper, clock, port, http)
        finally:
            await bayeux.stop()
