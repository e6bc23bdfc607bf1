"""A whole controller, from the database to the listeners, at an edge of our own."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callgate import app, listeners
from callgate.dialects.asgi import Application
from callgate.ports import free_port
from callgate.settings import DirectorySettings, GenesysSettings, HttpSettings, Listener, Settings
from tests.dialects.serving import PATIENCE
from tests.unit.edge import fake

API = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
#: A poll is held for longer than any test.
HELD = GenesysSettings(poll=3600.0)
DIRECTORY = """
[[agent]]
name = "kristi"
password = "a-password-of-agents"
address = "sip:5001@192.0.2.30"
queues = ["support"]

[[queue]]
name = "support"
number = "9000"
"""


@contextlib.asynccontextmanager
async def running(folder: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """The controller, and a client at its address that logs in as the agent."""
    file = folder / "directory.toml"
    file.write_text(DIRECTORY)
    address = f"127.0.0.1:{free_port('127.0.0.1', 'tcp')}"
    settings = Settings(
        state=folder,
        run=folder,
        directory_file=file,
        http=HttpSettings((Listener(address),)),
        genesys=HELD,
        directory=DirectorySettings(hash_memory=8, hash_passes=1),
    )
    agent = {"Authorization": aiohttp.encode_basic_auth("kristi", "a-password-of-agents")}
    patience = aiohttp.ClientTimeout(PATIENCE)
    async with (
        aiohttp.ClientSession(f"http://{address}", headers=agent, timeout=patience) as http,
        fake.running(fake.FakeEdge()) as link,
        app.running(settings, link),
    ):
        yield http


async def say(http: aiohttp.ClientSession, **message: Any) -> dict[str, Any]:
    """What is replied to one CometD message."""
    async with http.post("/api/v2/notifications", json=[message]) as response:
        assert response.status == 200, await response.text()
        [reply] = await response.json()
        return dict(reply)


async def scraped(http: aiohttp.ClientSession) -> str:
    async with http.get("/metrics") as response:
        return await response.text()


async def test_a_poll_that_is_held_is_answered_before_the_listeners_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered: asyncio.Task[dict[str, Any]] | None = None
    ends: list[str] = []

    async def listen(application: Application, listener: Listener) -> Callable[[], Awaitable[None]]:
        really_stop = await listeners.listen(application, listener)

        async def stop() -> None:
            assert answered is not None
            async with asyncio.timeout(PATIENCE):
                ends.append((await answered)["error"])
            await really_stop()
            ends.append("the listener has stopped")

        return stop

    monkeypatch.setattr(app, "listen", listen)
    async with running(tmp_path) as http:
        client = (await say(http, channel="/meta/handshake", supportedConnectionTypes=["long-polling"]))["clientId"]
        connect = {"channel": "/meta/connect", "clientId": client, "connectionType": "long-polling"}
        assert (await say(http, **connect))["successful"]
        answered = asyncio.create_task(say(http, **connect))
        while "callgate_cometd_waiting_polls 1.0" not in await scraped(http):
            assert not answered.done()
    assert ends == ["503::Callgate stops", "the listener has stopped"]


async def test_every_metric_of_every_part_is_told_in_the_documentation(tmp_path: Path) -> None:
    async with running(tmp_path) as http:
        text = await scraped(http)
    assert 'callgate_queue_logged_in_agents{queue="support"} 0.0' in text
    assert 'callgate_agents{presence="logged_out"} 1.0' in text
    served = {name for name in re.findall(r"# TYPE (callgate_\w+?) ", text) if not name.endswith("_created")}
    assert served == set(re.findall(r"callgate_\w+", API))
