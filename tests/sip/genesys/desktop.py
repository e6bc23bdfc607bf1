"""An agent's desktop for tests: the REST API by aiohttp, the events by an unmodified CometD client."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
from aiocometd_noloop import Client, ConnectionType
from aiocometd_noloop.extensions import AuthExtension

Json = dict[str, Any]

#: What is waited for longer than this (seconds) has not happened.
PATIENCE = 15.0


class _Basic(AuthExtension):  # type: ignore[misc] # the library has no types
    """Sends the agent's credentials with every CometD message."""

    def __init__(self, authorization: str) -> None:
        self._authorization = authorization

    async def incoming(self, payload: list[Json], headers: Json | None = None) -> None:
        """Nothing to do."""

    async def outgoing(self, payload: list[Json], headers: Json) -> None:
        headers["Authorization"] = self._authorization

    async def authenticate(self) -> None:
        """Basic needs no token."""


class Desktop:
    """What one agent's desktop has heard so far, and what it can ask."""

    def __init__(self, session: aiohttp.ClientSession, base: str, user: str) -> None:
        self._session = session
        self._base = base
        self.user = user
        self.events: list[Json] = []
        self._news = asyncio.Event()

    def hear(self, event: Json) -> None:
        self.events.append(event)
        self._news.set()

    async def ask(self, method: str, path: str, **body: Any) -> tuple[int, Json]:
        """One request below ``/api/v2/``: HTTP status and body."""
        async with self._session.request(method, f"{self._base}/{path}", json=body or None) as reply:
            return reply.status, dict(await reply.json())

    async def operate(self, call: str, name: str, **body: Any) -> tuple[int, int]:
        """An operation on a call: HTTP status and statusCode."""
        status, reply = await self.ask("POST", f"me/calls/{call}", operationName=name, **body)
        return status, reply["statusCode"]

    async def session(self, name: str, **body: Any) -> None:
        """An operation on the agent himself, which must succeed."""
        status, reply = await self.ask("POST", "me", operationName=name, **body)
        assert (status, reply["statusCode"]) == (200, 0), reply

    async def calls(self) -> list[Json]:
        _, reply = await self.ask("GET", "me/calls?fields=*")
        return list(reply["calls"])

    async def first(self, wanted: Callable[[Json], bool], seconds: float = PATIENCE, after: int = 0) -> Json:
        """The first event that is wanted, also if it came before; ``after`` leaves so many events aside."""
        async with asyncio.timeout(seconds):
            while True:
                for event in self.events[after:]:
                    if wanted(event):
                        return event
                self._news.clear()
                await self._news.wait()

    async def call(self, state: str, number: str, after: int = 0) -> Json:
        """The first notification that a call from (or to) that number is in that state."""
        return await self.first(
            lambda event: (
                event["channel"] == "/v2/me/calls"
                and event["data"]["call"]["state"] == state
                and event["data"]["call"]["participants"][0]["phoneNumber"] == number
            ),
            after=after,
        )

    async def heard(self, number: str, states: list[str]) -> None:
        """Wait until calls from that number have been told in just these states."""
        await self.first(lambda _: self.states(number) == states)

    def states(self, number: str) -> list[str]:
        """The states that calls from that number have been told in, in order."""
        return [
            event["data"]["call"]["state"]
            for event in self.events
            if event["channel"] == "/v2/me/calls" and event["data"]["call"]["participants"][0]["phoneNumber"] == number
        ]


@contextlib.asynccontextmanager
async def desktop(http: str, user: str, password: str, *, ready: bool = True) -> AsyncIterator[Desktop]:
    """A desktop as Genesys' own samples start one: GET me, CometD, subscribe, StartContactCenterSession, Ready."""
    authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    base = f"{http.replace('127.0.0.1', 'localhost')}/api/v2"
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{base}/me", headers={"Authorization": authorization}) as reply:
            assert (reply.status, (await reply.json())["statusCode"]) == (200, 0)
        one = Desktop(session, base, user)
        client = Client(f"{base}/notifications", ConnectionType.LONG_POLLING, auth=_Basic(authorization))
        async with client:
            await client.subscribe("/v2/me/*")

            async def listen() -> None:
                async for event in client:
                    one.hear(event)

            listening = asyncio.create_task(listen())
            try:
                if ready:
                    await one.session("StartContactCenterSession", channels=["voice"])
                    await one.session("Ready")
                yield one
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
                with contextlib.suppress(aiohttp.ClientError, AssertionError):
                    await one.session("EndContactCenterSession")
