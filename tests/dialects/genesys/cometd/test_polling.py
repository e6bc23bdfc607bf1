"""Long polling with a real server: what travels in which request, and what becomes of a broken one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from callgate.dialects.genesys.model import CALLS
from callgate.settings import GenesysSettings
from tests.dialects.serving import PATIENCE, until

from .rig import Rig, basic
from .rig import rig as make_rig
from .talk import numbers

HANDSHAKE = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}


def connect(client_id: str, **fields: object) -> dict[str, object]:
    return {"channel": "/meta/connect", "clientId": client_id, "connectionType": "long-polling", **fields}


async def waiting(rig: Rig, count: int = 1) -> None:
    """So many polls wait."""
    await until(lambda: rig.bayeux.waiting == count)


@pytest.mark.parametrize("suffix", ["", "/", "/handshake", "/anything/else"])
async def test_what_stands_behind_the_path_does_not_matter(rig: Rig, suffix: str) -> None:
    [reply] = await rig.say(HANDSHAKE, suffix=suffix)
    assert reply["successful"]


async def test_a_body_may_come_in_chunks(rig: Rig) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        body = msgspec.json.encode([HANDSHAKE])
        yield body[:10]
        await asyncio.sleep(0.05)
        yield body[10:]

    response = await rig.post(chunks())
    assert response.status == 200
    assert (await response.json())[0]["successful"]


async def test_a_reply_is_json_and_not_for_caches(rig: Rig) -> None:
    response = await rig.post(HANDSHAKE)
    assert response.status == 200
    assert response.headers["content-type"] == "application/json;charset=UTF-8"
    assert response.headers["cache-control"] == "no-store"


async def test_the_logins_cookie_is_brought_and_does_for_a_login(rig: Rig) -> None:
    response = await rig.post(HANDSHAKE)
    assert response.headers["set-cookie"].startswith("JSESSIONID=session1;")
    response = await rig.post(HANDSHAKE, headers={})
    assert response.status == 200
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("headers", [{}, {"Authorization": basic(password="wrong")}])
async def test_without_a_login_the_reply_is_the_apis(rig: Rig, headers: dict[str, str]) -> None:
    response = await rig.post(HANDSHAKE, headers=headers)
    assert response.status == 401
    assert response.headers["www-authenticate"] == "Basic"
    assert await response.json() == {"statusCode": 20, "statusMessage": "Access denied"}


async def test_a_failed_message_is_http_200_all_the_same(rig: Rig) -> None:
    [reply] = await rig.say(connect("no such"))
    assert reply["error"] == "402::Unknown client"
    [reply] = await rig.say({"channel": 7, "id": "1"})
    assert reply["error"].startswith("400::")


@pytest.mark.parametrize("body", [b"", b"not json", b"[1]"])
async def test_a_body_without_messages_is_refused(rig: Rig, body: bytes) -> None:
    response = await rig.post(body)
    assert response.status == 400
    assert (await response.json())["statusCode"] == 1


async def test_only_post_is_spoken(rig: Rig) -> None:
    async with rig.http.get(rig.url, headers={"Authorization": basic()}) as response:
        assert response.status == 405
        assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large_is_refused(chunked: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100

    async with make_rig(body_limit=1000) as rig:
        response = await rig.post(chunks() if chunked else b" " * 2000)
        assert response.status == 413
        assert (await response.json())["statusCode"] == 10


async def test_an_empty_array_is_answered_with_one(rig: Rig) -> None:
    assert await rig.say() == []


async def test_a_waiting_poll_is_answered_when_there_is_an_event(rig: Rig) -> None:
    client_id = await rig.connected()
    poll = asyncio.create_task(rig.say(connect(client_id)))
    await waiting(rig)
    rig.publish(1)
    rig.publish(2)
    async with asyncio.timeout(PATIENCE):
        assert numbers(await poll) == [1, 2]


async def test_a_poll_is_answered_when_its_time_is_over(rig: Rig) -> None:
    client_id = await rig.connected()
    [reply] = await rig.say(connect(client_id, advice={"timeout": 50}))
    assert reply["successful"]


async def test_other_requests_are_answered_while_a_poll_waits(rig: Rig) -> None:
    client_id = await rig.connected()
    poll = asyncio.create_task(rig.say(connect(client_id)))
    await waiting(rig)
    [reply] = await rig.say({"channel": "/meta/subscribe", "clientId": client_id, "subscription": "/v2/me/*"})
    assert reply["successful"]
    assert not poll.done()
    await rig.say({"channel": "/meta/disconnect", "clientId": client_id})
    [last] = await poll
    assert last["advice"]["reconnect"] == "none"


async def test_a_second_poll_ends_the_first(rig: Rig) -> None:
    client_id = await rig.connected()
    first = asyncio.create_task(rig.say(connect(client_id)))
    await waiting(rig)
    second = asyncio.create_task(rig.say(connect(client_id)))
    [reply] = await first
    assert reply["error"].startswith("408::")
    rig.publish(1)
    assert numbers(await second) == [1]


async def test_a_poll_that_is_hung_up_on_loses_nothing(rig: Rig) -> None:
    client_id = await rig.connected()
    poll = asyncio.create_task(rig.say(connect(client_id)))
    await waiting(rig)
    poll.cancel()
    await waiting(rig, 0)
    rig.publish(1)
    assert numbers(await rig.say(connect(client_id))) == [1]


async def test_a_login_that_ends_ends_its_polls(rig: Rig) -> None:
    client_id = await rig.connected()
    poll = asyncio.create_task(rig.say(connect(client_id)))
    await waiting(rig)
    rig.bayeux.end("session1")
    [reply] = await poll
    assert reply["error"] == "402::Unknown client"
    assert reply["advice"]["reconnect"] == "handshake"


async def test_a_login_that_is_found_dead_ends_its_polls(rig: Rig) -> None:
    client_id = await rig.connected()
    poll = asyncio.create_task(rig.say(connect(client_id)))
    await waiting(rig)
    del rig.doorkeeper.agents["session1"]
    [reply] = await poll
    assert reply["error"] == "402::Unknown client"


async def test_a_client_that_stays_away_is_dropped(rig: Rig) -> None:
    await rig.connected()
    assert rig.bayeux.sessions == 1
    rig.clock.shift = 60.0
    await until(lambda: rig.bayeux.sessions == 0)
    assert rig.bayeux.counts.silent == 1


async def test_a_server_that_stops_answers_waiting_polls_at_once() -> None:
    async with make_rig(GenesysSettings(poll=86_400.0)) as rig:
        client_id = await rig.connected()
        poll = asyncio.create_task(rig.say(connect(client_id)))
        await waiting(rig)
        await rig.bayeux.stop()
        [reply] = await poll
        assert reply["error"] == "503::Callgate stops"
        [reply] = await rig.say(HANDSHAKE)
        assert reply["successful"] is False


async def test_a_fault_is_an_internal_error_and_is_not_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(scope: object) -> None:
        raise LookupError("secret")

    monkeypatch.setattr(rig.doorkeeper, "admit", fail)
    response = await rig.post(HANDSHAKE)
    assert response.status == 500
    assert await response.json() == {"statusCode": 4, "statusMessage": "Internal error"}


async def test_agents_hear_nothing_of_each_other(rig: Rig) -> None:
    anna = await rig.connected()
    rig.http.cookie_jar.clear()
    [reply] = await rig.say(HANDSHAKE, headers={"Authorization": basic("ben")})
    ben = reply["clientId"]
    for message in (connect(ben), {"channel": "/meta/subscribe", "clientId": ben, "subscription": "/**"}):
        [reply] = await rig.say(message, headers={})
        assert reply["successful"]
    rig.publish(1)
    [reply] = await rig.say(connect(ben, advice={"timeout": 0}), headers={})
    assert reply["successful"]
    [reply] = await rig.say(connect(anna), headers={})
    assert reply["error"] == "402::Unknown client"
    rig.http.cookie_jar.clear()
    assert [event["channel"] for event in await rig.say(connect(anna))][:-1] == [CALLS]
