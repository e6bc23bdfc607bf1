"""CometD over a WebSocket with a real server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest

from callgate.dialects.genesys.model import CALLS
from callgate.settings import GenesysSettings
from tests.dialects.serving import PATIENCE, until

from .rig import Rig, basic
from .rig import rig as make_rig
from .talk import numbers

HANDSHAKE = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["websocket"]}


class Desktop:
    """A client on a WebSocket."""

    def __init__(self, web_socket: aiohttp.ClientWebSocketResponse) -> None:
        self.web_socket = web_socket
        self.client_id = ""
        self._id = 0

    async def send(self, channel: str, **fields: Any) -> str:
        """Send a message; gives its id."""
        self._id += 1
        message = {"id": str(self._id), "channel": channel, "clientId": self.client_id, **fields}
        await self.web_socket.send_str(msgspec.json.encode([message]).decode())
        return str(self._id)

    async def receive(self) -> list[dict[str, Any]]:
        """The messages of the next frame."""
        async with asyncio.timeout(PATIENCE):
            messages: list[dict[str, Any]] = msgspec.json.decode(await self.web_socket.receive_str())
            return messages

    async def ask(self, channel: str, **fields: Any) -> dict[str, Any]:
        """The reply to one message, which is the next thing that comes."""
        id_ = await self.send(channel, **fields)
        reply = (await self.receive())[-1]
        assert reply["id"] == id_
        return reply

    async def connect(self, **fields: Any) -> str:
        return await self.send("/meta/connect", connectionType="websocket", **fields)

    async def begin(self, **fields: Any) -> None:
        """Shake hands, poll once, subscribe, and poll: it waits."""
        reply = await self.ask("/meta/handshake", supportedConnectionTypes=["websocket"], **fields)
        self.client_id = reply["clientId"]
        assert (await self.ask("/meta/connect", connectionType="websocket"))["successful"]
        assert (await self.ask("/meta/subscribe", subscription=CALLS))["successful"]
        await self.connect(**({"ext": {"ack": 1}} if fields else {}))

    async def closed(self) -> int | None:
        """Wait until the server has closed; gives the close code."""
        async with asyncio.timeout(PATIENCE):
            while not self.web_socket.closed:
                await self.web_socket.receive()
        return self.web_socket.close_code


@contextlib.asynccontextmanager
async def desktop(rig: Rig, **headers: str) -> AsyncIterator[Desktop]:
    """A WebSocket that is open."""
    closing = aiohttp.ClientWSTimeout(ws_close=1.0)
    headers = headers or {"Authorization": basic()}
    async with rig.http.ws_connect(rig.url, headers=headers, timeout=closing) as web_socket:
        yield Desktop(web_socket)


async def test_events_come_while_a_poll_waits(rig: Rig) -> None:
    async with desktop(rig) as client:
        await client.begin()
        await until(lambda: rig.bayeux.waiting == 1)
        rig.publish(1)
        assert numbers(await client.receive()) == [1]
        rig.publish(2)
        assert numbers(await client.receive()) == [2]
        assert rig.bayeux.waiting == 1


async def test_a_poll_over_a_websocket_ends_when_its_time_is_over(rig: Rig) -> None:
    async with desktop(rig) as client:
        await client.begin()
        id_ = await client.connect(advice={"timeout": 50})
        replies = [*await client.receive(), *await client.receive()]
        assert [reply.get("error", "")[:3] for reply in replies] == ["408", ""]
        assert replies[1]["id"] == id_
        assert replies[1]["successful"]


async def test_with_acknowledgements_events_come_with_the_poll(rig: Rig) -> None:
    async with desktop(rig) as client:
        await client.begin(ext={"ack": True})
        rig.publish(1)
        rig.publish(2)
        *events, reply = await client.receive()
        assert numbers(events) == [1, 2]
        assert reply["ext"] == {"ack": 2}


async def test_a_broken_websocket_loses_nothing_that_is_not_acknowledged(rig: Rig) -> None:
    async with desktop(rig) as client:
        await client.begin(ext={"ack": True})
        rig.publish(1)
        assert numbers(await client.receive()) == [1]
        await until(lambda: rig.bayeux.waiting == 0)
    rig.publish(2)
    async with desktop(rig) as again:
        again.client_id = client.client_id
        await again.connect(ext={"ack": 1})
        assert numbers(await again.receive()) == [1, 2]


async def test_a_client_that_does_not_come_back_after_its_websocket_broke_is_dropped(rig: Rig) -> None:
    async with desktop(rig) as client:
        await client.begin()
        await until(lambda: rig.bayeux.waiting == 1)
    await until(lambda: rig.bayeux.waiting == 0)
    assert rig.bayeux.sessions == 1
    rig.clock.shift = 60.0
    await until(lambda: rig.bayeux.sessions == 0)


async def test_a_session_may_begin_by_polling_and_go_on_over_a_websocket(rig: Rig) -> None:
    client_id = await rig.connected()
    async with desktop(rig) as client:
        client.client_id = client_id
        await client.connect()
        await until(lambda: rig.bayeux.waiting == 1)
        rig.publish(1)
        assert numbers(await client.receive()) == [1]


async def test_disconnecting_ends_the_poll_and_the_session(rig: Rig) -> None:
    async with desktop(rig) as client:
        await client.begin()
        id_ = await client.send("/meta/disconnect")
        replies = [*await client.receive(), *await client.receive()]
        by_channel = {reply["channel"]: reply for reply in replies}
        assert by_channel["/meta/disconnect"]["id"] == id_
        assert by_channel["/meta/connect"]["advice"]["reconnect"] == "none"
        assert rig.bayeux.sessions == 0


async def test_a_cookie_does_for_a_login_over_a_websocket(rig: Rig) -> None:
    await rig.post(HANDSHAKE)
    async with desktop(rig, Accept="*/*") as client:
        await client.begin()
    assert rig.doorkeeper.agents == {"session1": "anna"}


async def test_a_websocket_brings_the_logins_cookie_and_keeps_that_login(rig: Rig) -> None:
    async with desktop(rig) as client:
        await client.begin()
        assert [cookie.value for cookie in rig.http.cookie_jar] == ["session1"]
        assert rig.doorkeeper.agents == {"session1": "anna"}


async def test_without_a_login_the_upgrade_is_refused(rig: Rig) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with desktop(rig, Authorization=basic(password="wrong")):
            pass
    assert refused.value.status == 401


@pytest.mark.parametrize("site", ["https://elsewhere.example", "http://localhost", "null"])
async def test_a_page_of_another_site_cannot_use_the_browsers_cookie(rig: Rig, site: str) -> None:
    await rig.post(HANDSHAKE)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with desktop(rig, Origin=site):
            pass
    assert refused.value.status == 403
    async with desktop(rig, Origin=f"http://localhost:{rig.port}") as client:
        await client.begin()


async def test_a_refused_upgrade_is_no_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with make_rig() as rig:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with desktop(rig, Authorization=basic(password="wrong")):
                pass
        await rig.post(HANDSHAKE)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with desktop(rig, Origin="https://elsewhere.example"):
                pass
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.INFO] == []


async def test_a_login_that_ends_ends_the_poll(rig: Rig) -> None:
    async with desktop(rig) as client:
        await client.begin()
        await until(lambda: rig.bayeux.waiting == 1)
        rig.bayeux.end("session1")
        [reply] = await client.receive()
        assert reply["error"] == "402::Unknown client"
        assert reply["advice"]["reconnect"] == "handshake"


async def test_nothing_more_is_heard_over_a_websocket_whose_login_is_over(rig: Rig) -> None:
    rig.doorkeeper.agents["mine"] = "anna"
    async with desktop(rig, Cookie="JSESSIONID=mine") as client:
        await client.begin()
        del rig.doorkeeper.agents["mine"]
        await client.send("/meta/subscribe", subscription="/v2/me/*")
        assert await client.closed() == 1008


@pytest.mark.parametrize(("frame", "code"), [("not json", 1007), ("[" + " " * 2000 + "]", 1009)])
async def test_a_frame_without_messages_ends_the_websocket(frame: str, code: int) -> None:
    async with make_rig(body_limit=1000) as rig, desktop(rig) as client:
        await client.web_socket.send_str(frame)
        assert await client.closed() == code


async def test_a_malformed_message_is_answered_and_the_websocket_stays(rig: Rig) -> None:
    async with desktop(rig) as client:
        await client.web_socket.send_str('[{"channel":7}]')
        [reply] = await client.receive()
        assert reply["error"].startswith("400::")
        await client.begin()


async def test_a_websocket_that_no_session_uses_is_closed(rig: Rig) -> None:
    async with desktop(rig) as client:
        await client.begin()
        await client.send("/meta/disconnect")
        await until(lambda: rig.bayeux.sessions == 0)
        rig.clock.shift = 60.0
        assert await client.closed() == 1000


async def test_a_server_that_stops_answers_the_poll_and_closes(rig: Rig) -> None:
    async with desktop(rig) as client:
        await client.begin()
        await until(lambda: rig.bayeux.waiting == 1)
        stopping = asyncio.create_task(rig.bayeux.stop())
        [reply] = await client.receive()
        assert reply["error"] == "503::Callgate stops"
        assert await client.closed() == 1001
        await stopping


@pytest.mark.parametrize("ext", [{}, {"ext": {"ack": True}}])
async def test_a_client_that_does_not_read_is_dropped_with_its_session(ext: dict[str, Any]) -> None:
    async with make_rig(GenesysSettings(event_queue=50)) as rig, desktop(rig) as client:
        await client.begin(**ext)
        padding = msgspec.Raw(b'{"padding":"%s"}' % (b"x" * 100_000))
        async with asyncio.timeout(PATIENCE):
            while rig.bayeux.sessions:
                rig.bayeux.publish("anna", CALLS, padding)
                await asyncio.sleep(0)
        assert rig.bayeux.counts.full == 1
        await until(lambda: rig.bayeux.sockets == 0)


async def test_two_sessions_may_share_a_websocket(rig: Rig) -> None:
    async with desktop(rig) as client:
        await client.begin()
        first = client.client_id
        await client.begin()
        await until(lambda: rig.bayeux.waiting == 2)
        rig.publish(1)
        assert numbers(await client.receive()) == numbers(await client.receive()) == [1]
        client.client_id = first
        assert (await client.ask("/meta/unsubscribe", subscription=CALLS))["successful"]
        rig.publish(2)
        assert numbers(await client.receive()) == [2]


async def test_pages_at_the_base_url_may_connect() -> None:
    async with make_rig(GenesysSettings(base_url="https://gate.example.com")) as rig:
        await rig.post(HANDSHAKE)
        async with desktop(rig, Origin="https://gate.example.com") as client:
            await client.begin()


async def test_a_client_that_reads_is_not_dropped_however_much_there_is() -> None:
    async with make_rig(GenesysSettings(event_queue=50)) as rig, desktop(rig) as client:
        await client.begin()

        async def publish() -> None:
            for number in range(500):
                rig.publish(number)
                await asyncio.sleep(0)

        publishing, heard = asyncio.create_task(publish()), list[int]()
        while len(heard) < 500:
            heard += numbers(await client.receive())
        await publishing
        assert heard == list(range(500))
