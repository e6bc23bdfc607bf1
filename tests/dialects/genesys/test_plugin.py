"""The dialect as a whole: what happens in the contact centre comes out of CometD."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest

from callgate.core.queues.model import Presence
from callgate.dialects.genesys import ids
from callgate.dialects.genesys.plugin import Genesys
from callgate.dialects.port import Dialect, Surroundings
from callgate.settings import Settings
from tests.dialects.serving import served, until

from .centre import StandInCentre
from .rig import ANDY, KRISTI, PASSWORD, Clock, StandInDirectory, client, good


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[tuple[StandInCentre, str, Genesys]]:
    """The contact centre, where its API is, and the dialect."""
    clock, directory = Clock(), StandInDirectory()
    stand_in = cast(Any, directory)
    centre = StandInCentre(stand_in, clock.now)
    genesys = Genesys(Surroundings(clock, stand_in, cast(Any, None), Settings(), cast(Any, None), centre))
    dialect: Dialect = genesys
    assert dialect.name == "genesys"
    await dialect.start()
    async with served(dialect.mounts) as port:
        yield centre, f"http://127.0.0.1:{port}/api/v2/", genesys
        await dialect.stop()


async def say(http: httpx.AsyncClient, **message: Any) -> list[dict[str, Any]]:
    """One Bayeux message, and what comes back."""
    reply = await http.post("notifications", json=[message])
    assert reply.status_code == 200, reply.text
    return cast(list[dict[str, Any]], reply.json())


async def subscribed(http: httpx.AsyncClient, channel: str) -> str:
    """A CometD session that has subscribed there, after its first poll."""
    (hello,) = await say(
        http, channel="/meta/handshake", id="1", version="1.0", supportedConnectionTypes=["long-polling"]
    )
    identity = cast(str, hello["clientId"])
    (done,) = await say(http, channel="/meta/subscribe", id="2", clientId=identity, subscription=channel)
    assert done["successful"], done
    await poll(http, identity)
    return identity


async def poll(http: httpx.AsyncClient, identity: str) -> list[dict[str, Any]]:
    """What has happened."""
    replies = await say(http, channel="/meta/connect", id="3", clientId=identity, connectionType="long-polling")
    return [reply for reply in replies if reply["channel"] != "/meta/connect"]


async def test_a_desktop_follows_a_call_and_rejects_it() -> None:
    async with running() as (centre, url, _), client(url, (KRISTI.name, PASSWORD)) as kristi:
        assert good(await kristi.get("me"))["user"]["userName"] == "ksippo"
        kristi.auth = httpx.Auth()  # from here on the cookie alone
        identity = await subscribed(kristi, "/v2/me/*")
        start = {"operationName": "StartContactCenterSession", "channels": ["voice"]}
        assert good(await kristi.post("me", json=start)) == {}
        assert [event["channel"] for event in await poll(kristi, identity)] == ["/v2/me/devices", "/v2/me/channels"]

        call = centre.ring("ksippo")
        (ringing,) = await poll(kristi, identity)
        assert list(ringing) == ["data", "channel"]
        assert ringing["channel"] == "/v2/me/calls"
        assert ringing["data"]["call"]["state"] == "Ringing"
        path = f"me/calls/{ringing['data']['call']['id']}"
        assert good(await kristi.post(path, json={"operationName": "Reject"})) == {}
        assert centre.asked == [("reject", "ksippo", call.call)]
        centre.release(call)
        (released,) = await poll(kristi, identity)
        assert released["data"]["call"]["id"] == ids.call_uuid(call.call)
        assert (released["data"]["call"]["state"], released["data"]["call"]["capabilities"]) == ("Released", [])


async def test_an_agent_never_hears_of_anothers_call() -> None:
    async with (
        running() as (centre, url, _),
        client(url, (KRISTI.name, PASSWORD)) as kristi,
        client(url, (ANDY.name, PASSWORD)) as andy,
    ):
        hers, his = await subscribed(kristi, "/**"), await subscribed(andy, "/**")
        centre.ring("ksippo")
        centre.present("andy", Presence.READY)
        assert [event["channel"] for event in await poll(kristi, hers)] == ["/v2/me/calls"]
        assert [event["channel"] for event in await poll(andy, his)] == ["/v2/me/devices", "/v2/me/channels"]


async def test_the_end_of_the_session_ends_the_poll() -> None:
    async with running() as (_, url, genesys), client(url, (KRISTI.name, PASSWORD)) as kristi:
        await kristi.get("me")
        kristi.auth = httpx.Auth()
        identity = await subscribed(kristi, "/v2/me/calls")
        waiting = asyncio.create_task(
            say(kristi, channel="/meta/connect", id="4", clientId=identity, connectionType="long-polling")
        )
        await until(lambda: genesys._bayeux.waiting)
        good(await kristi.post("me", json={"operationName": "EndContactCenterSession"}))
        (over,) = await waiting
        assert (over["channel"], genesys._bayeux.sessions) == ("/meta/connect", 0)
        assert (await kristi.post("notifications", json=[])).status_code == 401


async def test_it_needs_a_contact_centre() -> None:
    control, nothing = Clock(), cast(Any, None)
    with pytest.raises(ValueError, match="needs a contact centre"):
        Genesys(Surroundings(control, nothing, nothing, Settings(), nothing))
