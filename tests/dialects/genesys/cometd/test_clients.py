"""Real CometD clients, unmodified: the official one for JavaScript, and aiocometd."""

from __future__ import annotations

import asyncio
from typing import Any

import aiocometd_noloop
import pytest
from aiocometd_noloop import AuthExtension, Client, ConnectionType, Extension

from callgate.dialects.genesys.model import CALLS, DEVICES
from callgate.settings import GenesysSettings
from tests.dialects.serving import PATIENCE, until

from .cutting import CuttingProxy, cutting_proxy
from .official import official_client
from .rig import PASSWORD, PATH, Rig, basic
from .rig import rig as make_rig
from .talk import numbers

POLLING, WEBSOCKET = "long-polling", "websocket"


def url(port: int) -> str:
    """With credentials in it, as the official client's WebSocket takes no header."""
    return f"http://anna:{PASSWORD}@localhost:{port}{PATH}"


async def publish_until_cut(rig: Rig, proxy: CuttingProxy, cuts: int) -> int:
    """Publish events while connections are cut, until so many were; gives how many events there were."""
    proxy.cutting, published = True, 0
    async with asyncio.timeout(PATIENCE):
        while proxy.cuts < cuts:
            rig.publish(published)
            published += 1
            await asyncio.sleep(0.01)
    proxy.cutting = False
    return published


async def settled(rig: Rig) -> None:
    """The client's poll waits."""
    await until(lambda: rig.bayeux.waiting == 1)


# --- the official client ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ack", [False, True])
@pytest.mark.parametrize("transport", [POLLING, WEBSOCKET])
async def test_the_official_client_hears_its_agents_events(rig: Rig, transport: str, ack: bool) -> None:
    async with official_client(url(rig.port), transport, ack=ack, subscriptions=["/v2/me/*", "/**"]) as client:
        await settled(rig)
        rig.publish(1)
        rig.publish(2, "ben")
        rig.publish(3, channel=DEVICES)
        await until(lambda: len(client.heard("event")) == 4)
        # Both subscriptions match, and each of the two has its own callback.
        assert numbers(client.heard("event")) == [1, 1, 3, 3]
        assert [event["channel"] for event in client.heard("event")][1:3] == [CALLS, DEVICES]
        [handshake] = client.heard("handshake")
        assert handshake.get("ext") == ({"ack": True} if ack else None)
        assert not client.heard("unsuccessful")
    assert rig.bayeux.sessions == 0


async def test_the_official_client_is_told_what_it_may_not_subscribe_to(rig: Rig) -> None:
    async with official_client(url(rig.port), POLLING, ack=False, subscriptions=["/v2/users/ben/calls"]) as client:
        [reply] = client.heard("subscribed")
        assert reply["error"] == "403:/v2/users/ben/calls:Subscription denied"


async def test_the_official_client_takes_credentials_in_a_header(rig: Rig) -> None:
    async with official_client(rig.url, POLLING, ack=True, authorization=basic()) as client:
        rig.publish(1)
        await until(lambda: numbers(client.heard("event")) == [1])


async def test_the_official_client_polls_again_when_the_time_is_over() -> None:
    async with (
        make_rig(GenesysSettings(poll=0.1)) as rig,
        official_client(url(rig.port), POLLING, ack=True) as client,
    ):
        await until(lambda: len(client.heard("connect")) >= 4)
        rig.publish(1)
        await until(lambda: numbers(client.heard("event")) == [1])
        assert not client.heard("connect failed")


@pytest.mark.parametrize("transport", [POLLING, WEBSOCKET])
async def test_the_official_client_shakes_hands_again_when_its_session_is_gone(rig: Rig, transport: str) -> None:
    async with official_client(url(rig.port), transport, ack=True) as client:
        await settled(rig)
        for login in list(rig.doorkeeper.agents):
            rig.bayeux.end(login)
        await until(lambda: len(client.heard("handshake")) == 2 and len(client.heard("subscribed")) == 2)
        rig.publish(1)
        await until(lambda: numbers(client.heard("event")) == [1])


@pytest.mark.parametrize("transport", [POLLING, WEBSOCKET])
async def test_the_official_client_loses_nothing_and_hears_nothing_twice_over_broken_connections(
    rig: Rig, transport: str
) -> None:
    async with (
        cutting_proxy(rig.port, most=1500) as proxy,
        official_client(url(proxy.port), transport, ack=True) as client,
    ):
        await settled(rig)
        published = await publish_until_cut(rig, proxy, cuts=10)
        await until(lambda: len(client.heard("event")) >= published)
        await settled(rig)
        assert numbers(client.heard("event")) == list(range(published))
        assert len(client.heard("handshake")) == 1


# --- aiocometd -------------------------------------------------------------------------------------------------------


class Credentials(AuthExtension):  # type: ignore[misc]  # aiocometd has no types
    """Brings the agent's credentials with every request."""

    async def outgoing(self, payload: list[dict[str, Any]], headers: dict[str, str]) -> None:
        headers["Authorization"] = basic()

    async def incoming(self, payload: list[dict[str, Any]], headers: dict[str, str] | None = None) -> None:
        """Nothing to do."""

    async def authenticate(self) -> None:
        """They are what they are."""


class Acknowledgement(Extension):  # type: ignore[misc]  # aiocometd has no types
    """The acknowledgement extension, which aiocometd leaves to its users."""

    def __init__(self) -> None:
        self.batch = 0

    async def outgoing(self, payload: list[dict[str, Any]], headers: dict[str, str]) -> None:
        for message in payload:
            if message["channel"] == "/meta/handshake":
                message["ext"] = {"ack": True}
            elif message["channel"] == "/meta/connect":
                message["ext"] = {"ack": self.batch}

    async def incoming(self, payload: list[dict[str, Any]], headers: dict[str, str] | None = None) -> None:
        for message in payload:
            if message["channel"] == "/meta/connect" and message["successful"]:
                self.batch = message["ext"]["ack"]


def aiocometd_client(port: int, transport: str, *, ack: bool) -> Client:
    kind = {POLLING: ConnectionType.LONG_POLLING, WEBSOCKET: ConnectionType.WEBSOCKET}[transport]
    extensions = [Acknowledgement()] if ack else []
    return Client(f"http://localhost:{port}{PATH}", kind, ssl=True, auth=Credentials(), extensions=extensions)


async def hear(client: Client, count: int) -> list[dict[str, Any]]:
    """The next events."""
    async with asyncio.timeout(PATIENCE):
        return [await client.receive() for _ in range(count)]


@pytest.mark.filterwarnings("ignore:float parameter 'receive_timeout':DeprecationWarning")  # it asks aiohttp for that
@pytest.mark.parametrize("ack", [False, True])
@pytest.mark.parametrize("transport", [POLLING, WEBSOCKET])
async def test_aiocometd_hears_its_agents_events(rig: Rig, transport: str, ack: bool) -> None:
    async with aiocometd_client(rig.port, transport, ack=ack) as client:
        await client.subscribe("/v2/me/*")
        await settled(rig)
        rig.publish(1)
        rig.publish(2, "ben")
        rig.publish(3, channel=DEVICES)
        assert numbers(await hear(client, 2)) == [1, 3]
    assert rig.bayeux.sessions == 0


async def test_aiocometd_is_told_what_it_may_not_subscribe_to(rig: Rig) -> None:
    async with aiocometd_client(rig.port, POLLING, ack=False) as client:
        with pytest.raises(aiocometd_noloop.exceptions.ServerError, match="Subscribe request failed"):
            await client.subscribe("/v2/users/ben/calls")


async def test_aiocometd_loses_nothing_and_hears_nothing_twice_over_broken_connections(rig: Rig) -> None:
    async with (
        cutting_proxy(rig.port, most=1500) as proxy,
        aiocometd_client(proxy.port, POLLING, ack=True) as client,
    ):
        await client.subscribe(CALLS)
        await settled(rig)
        published = await publish_until_cut(rig, proxy, cuts=3)  # it waits for a second after each
        assert numbers(await hear(client, published)) == list(range(published))
        await settled(rig)
        assert not client.has_pending_messages
