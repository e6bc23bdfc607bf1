"""An RCML application for tests: it answers voice requests with documents, and hears status callbacks."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

PATIENCE = 15.0
XML = "text/xml"


@dataclass(frozen=True)
class Asked:
    """One request: its path with the query, its headers and its parameters."""

    method: str
    path: str
    url: str
    headers: dict[str, str]
    parameters: dict[str, str]


Answer = Callable[[Asked], Awaitable[web.StreamResponse]]


def document(inner: str) -> Answer:
    """A ``<Response>`` with this in it."""
    return body(f'<?xml version="1.0" encoding="UTF-8"?><Response>{inner}</Response>')


def body(text: str | bytes, content_type: str = XML, status: int = 200, **headers: str) -> Answer:
    """Any reply."""
    data = text.encode() if isinstance(text, str) else text

    async def answer(asked: Asked) -> web.StreamResponse:
        return web.Response(body=data, status=status, headers={"Content-Type": content_type, **headers})

    return answer


async def silence(asked: Asked) -> web.StreamResponse:
    """No reply, for as long as the other side waits."""
    await asyncio.sleep(3600)
    raise AssertionError


class RcmlApplication:
    """A web server. What it answers is chosen by the number that was dialled and the path.

    ``/voice`` is the voice URL, ``/fallback`` the fallback URL, ``/status`` hears status callbacks; tests add others.
    """

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Answer] = {}
        self.asked: dict[str, list[Asked]] = defaultdict(list)
        self._changed = asyncio.Condition()
        self.url = ""

    async def start(self) -> None:
        server = web.Server(self._serve)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=2048)
        await site.start()
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[union-attr]  # it listens

    async def stop(self) -> None:
        await self._runner.cleanup()

    def says(self, number: str, answer: Answer, path: str = "/voice") -> None:
        """What is answered when that number was dialled."""
        self.answers[path, number] = answer

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        parameters = dict(request.query)
        if request.method == "POST":
            parameters |= {name: str(value) for name, value in (await request.post()).items()}
        asked = Asked(request.method, request.path, str(request.url), dict(request.headers), parameters)
        number = parameters.get("To", "")
        self.asked[number].append(asked)
        async with self._changed:
            self._changed.notify_all()
        answer = self.answers.get((request.path, number))
        if answer is None:
            return web.Response(status=204 if request.path == "/status" else 404)
        return await answer(asked)

    def paths(self, number: str) -> list[str]:
        """What was asked for when that number was dialled, without the status callbacks."""
        return [asked.path for asked in self.asked[number] if asked.path != "/status"]

    def statuses(self, number: str) -> list[str]:
        """What the status callback was told."""
        return [asked.parameters["CallStatus"] for asked in self.asked[number] if asked.path == "/status"]

    async def until(self, holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait until a request makes this true."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(holds)

    async def told(self, number: str, status: str) -> list[str]:
        """All that the status callback was told, once it was told this."""
        await self.until(lambda: status in self.statuses(number))
        return self.statuses(number)

    async def request(self, number: str, path: str = "/voice") -> Asked:
        """The first request to that path for a call to that number."""
        await self.until(lambda: path in (asked.path for asked in self.asked[number]))
        return next(asked for asked in self.asked[number] if asked.path == path)
