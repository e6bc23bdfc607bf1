"""Events over WebSocket, spoken to with an independent client library."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from callgate.core.calls import Call
from callgate.core.reports import Progress
from callgate.dialects.yeastar import plugin
from callgate.dialects.yeastar.events import encode
from callgate.dialects.yeastar.spelling import channel_of
from callgate.settings import HttpSettings, YeastarSettings
from tests.dialects.serving import PATIENCE, until

from .rig import SECRET, SECRET_HASH, Rig, client, default_entries, yeastar_rig

SUCCESS = {"errcode": 0, "errmsg": "SUCCESS"}


async def open_websocket(rig: Rig, token: str, topics: list[int] | None = None) -> ClientConnection:
    websocket = await connect(f"{rig.websocket_base}/subscribe?access_token={token}", compression=None)
    if topics is not None:
        assert await ask(websocket, msgspec.json.encode({"topic_list": topics}).decode()) == SUCCESS
    return websocket


async def receive(websocket: ClientConnection) -> str:
    async with asyncio.timeout(PATIENCE):
        text = await websocket.recv()
    assert isinstance(text, str)
    return text


async def ask(websocket: ClientConnection, text: str | bytes) -> dict[str, Any]:
    await websocket.send(text)
    reply: dict[str, Any] = msgspec.json.decode(await receive(websocket))
    return reply


async def told(websocket: ClientConnection) -> tuple[int, dict[str, Any]]:
    event = msgspec.json.decode(await receive(websocket))
    return event["type"], msgspec.json.decode(event["msg"])


async def nothing_comes(websocket: ClientConnection) -> bool:
    """Nothing but the answer to a heartbeat, which waits behind whatever is queued."""
    await websocket.send("heartbeat")
    return await receive(websocket) == "heartbeat response"


async def closing_code(websocket: ClientConnection) -> tuple[int, str]:
    async with asyncio.timeout(PATIENCE):
        try:
            while True:
                await websocket.recv()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return closed.rcvd.code, closed.rcvd.reason


async def test_a_held_call_is_told_to_a_subscriber_in_the_manuals_frame(rig: Rig) -> None:
    websocket = await open_websocket(rig, await rig.token(), [30016])
    call = rig.control.ring(sequence=0xB5)
    assert await receive(websocket) == encode(30016, call, "CALLGATE0001")
    await websocket.close()


async def test_topics_that_were_not_asked_for_are_not_told(rig: Rig) -> None:
    websocket = await open_websocket(rig, await rig.token(), [30012])
    call = rig.control.ring()
    rig.control.report(call, Progress.CANCELLED, 487)
    assert (await told(websocket))[0] == 30012
    assert await nothing_comes(websocket)
    await websocket.close()


async def test_heartbeat_is_answered_also_before_any_topic_list(rig: Rig) -> None:
    websocket = await open_websocket(rig, await rig.token())
    await websocket.send("heartbeat")
    assert await receive(websocket) == "heartbeat response"
    assert await ask(websocket, '{"topic_list":[30011]}') == SUCCESS
    await websocket.send("heartbeat")
    assert await receive(websocket) == "heartbeat response"
    await websocket.close()


async def test_a_second_topic_list_replaces_the_first(rig: Rig) -> None:
    websocket = await open_websocket(rig, await rig.token(), [30016, 30012])
    assert await ask(websocket, '{"topic_list":[30011]}') == SUCCESS
    call = rig.control.ring()
    rig.control.report(call, Progress.CANCELLED, 487)
    assert (await told(websocket))[0] == 30011
    assert await nothing_comes(websocket)
    assert await ask(websocket, '{"topic_list":[]}') == SUCCESS
    rig.control.ring()
    assert await nothing_comes(websocket)
    await websocket.close()


async def test_every_event_of_the_vendors_catalogue_can_be_subscribed_to(rig: Rig) -> None:
    websocket = await open_websocket(rig, await rig.token(), [*range(30005, 30037), 30038])
    rig.control.ring()
    assert (await told(websocket))[0] == 30016
    await websocket.close()


async def test_an_unknown_topic_is_an_error_and_changes_nothing(rig: Rig) -> None:
    websocket = await open_websocket(rig, await rig.token(), [30016])
    reply = await ask(websocket, '{"topic_list":[30011,99999]}')
    assert (reply["errcode"], reply["errmsg"]) == (40002, "PARAMETER ERROR")
    assert reply["invalid_param_list"] == [{"field": "topic_list", "value": "99999"}]
    rig.control.ring()
    assert (await told(websocket))[0] == 30016
    await websocket.close()


@pytest.mark.parametrize(
    ("message", "errcode"),
    [
        ("hello", 40001),
        ("", 40002),
        ("[30016]", 40001),
        ('{"topic_list":30016}', 40002),
        ('{"topic_list":["30016"]}', 40002),
        ('{"topics":[30016]}', 40002),
        (b"\x00\xff", 40001),
        ("[" * 60_000, 40001),
        ('{"topic_list":[' + "30016," * 20_000 + "30016]}", 40004),
    ],
)
async def test_a_message_that_is_no_topic_list_is_an_error_in_the_envelope(
    rig: Rig, message: str | bytes, errcode: int
) -> None:
    websocket = await open_websocket(rig, await rig.token())
    assert (await ask(websocket, message))["errcode"] == errcode
    assert await nothing_comes(websocket)
    await websocket.close()


async def test_a_bad_token_is_refused_at_the_upgrade_with_401_and_the_envelope(rig: Rig) -> None:
    expired = await rig.token()
    rig.control.shift = 2000.0
    for token in ("wrong", "", expired):
        with pytest.raises(InvalidStatus) as refused:
            await open_websocket(rig, token)
        assert refused.value.response.status_code == 401
        assert msgspec.json.decode(refused.value.response.body or b"") == {
            "errcode": 10004,
            "errmsg": "TOKEN EXPIRED",
        }


async def test_a_websocket_elsewhere_is_refused_with_404(rig: Rig) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{rig.websocket_base}/events?access_token={await rig.token()}")
    assert refused.value.response.status_code == 404
    assert msgspec.json.decode(refused.value.response.body or b"")["errcode"] == 10001


async def test_a_quiet_websocket_is_closed_and_a_heartbeat_keeps_it_open() -> None:
    async with yeastar_rig(yeastar=YeastarSettings(idle_timeout=2.0)) as rig:
        token = await rig.token()
        quiet, alive = await open_websocket(rig, token), await open_websocket(rig, token)
        closed = asyncio.create_task(closing_code(quiet))
        while not closed.done():
            assert await nothing_comes(alive)
            await asyncio.sleep(0.05)
        assert closed.result() == (1000, "no interaction for too long: send heartbeat")
        assert await nothing_comes(alive)
        await alive.close()


async def test_a_websocket_is_closed_when_its_token_expires() -> None:
    async with yeastar_rig(yeastar=YeastarSettings(access_token_lifetime=0.5)) as rig:
        websocket = await open_websocket(rig, await rig.token())
        assert await closing_code(websocket) == (1008, "token expired")


@pytest.mark.parametrize("renew", ["refresh_token", "get_token"])
async def test_a_websocket_outlives_its_token_if_the_application_renews_it(rig: Rig, renew: str) -> None:
    pair = await rig.login()
    websocket = await open_websocket(rig, pair["access_token"])
    rig.control.shift = 1000.0
    if renew == "refresh_token":
        assert (await rig.post("refresh_token", {"refresh_token": pair["refresh_token"]})).errcode == 0
    else:
        await rig.token()
    rig.control.shift = 2000.0
    rig.directory.put(client("crm"))  # any change has every WebSocket's token looked at
    assert await nothing_comes(websocket)
    rig.control.shift = 3000.0
    rig.directory.put(client("crm"))
    assert await closing_code(websocket) == (1008, "token expired")


async def test_del_token_closes_the_websockets_of_that_login_only(rig: Rig) -> None:
    one, other = await rig.token(), await rig.token()
    ends, stays = await open_websocket(rig, one), await open_websocket(rig, other)
    await rig.get("del_token", one)
    assert await closing_code(ends) == (1008, "token expired")
    assert await nothing_comes(stays)
    await stays.close()


async def test_websockets_end_with_their_client_or_its_secret(rig: Rig) -> None:
    desk, crm = await open_websocket(rig, await rig.token()), await open_websocket(rig, await rig.token("crm"))
    rig.directory.remove_client("desk")
    assert await closing_code(desk) == (1008, "token expired")
    assert await nothing_comes(crm)
    rig.directory.put(client("crm", secret_hash=SECRET_HASH + "x"))
    assert await closing_code(crm) == (1008, "token expired")


async def test_a_client_is_told_of_the_trunks_that_it_may_see_and_this_changes_while_running() -> None:
    limited = client("limited", see=("test-peer-trunking",), decide=())
    async with yeastar_rig(*default_entries(), limited) as rig:
        websocket = await open_websocket(rig, await rig.token("limited"), [30016])
        rig.control.ring(trunk="peer-to-41")
        seen = rig.control.ring(trunk="test-peer-trunking")
        assert (await told(websocket))[1]["members"][0]["inbound"]["channel_id"] == channel_of(seen)
        rig.directory.put(client("limited", see=("peer-to-41",), decide=()))
        rig.control.ring(trunk="test-peer-trunking")
        seen = rig.control.ring(trunk="peer-to-41")
        assert (await told(websocket))[1]["members"][0]["inbound"]["channel_id"] == channel_of(seen)
        assert await nothing_comes(websocket)
        await websocket.close()


async def test_an_event_is_encoded_once_for_all_and_not_at_all_for_nobody(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []

    def counting(topic: int, call: Call, serial: str) -> str:
        encoded.append(topic)
        return encode(topic, call, serial)

    monkeypatch.setattr(plugin, "encode", counting)
    rig.control.ring()
    assert encoded == []
    tokens = [await rig.token(name) for name in ("desk", "crm")]
    sockets = [await open_websocket(rig, token, [30016]) for token in tokens * 2]
    for websocket in sockets:
        await receive(websocket)  # the call that is held already
    call = rig.control.ring()
    rig.control.report(call, Progress.CANCELLED, 487)
    for websocket in sockets:
        assert (await told(websocket))[1]["members"][0]["inbound"]["channel_id"] == channel_of(call)
        await websocket.close()
    assert encoded == [30016]


async def test_calls_that_are_held_already_are_told_to_who_subscribes_to_30016(rig: Rig) -> None:
    held, over = rig.control.ring(), rig.control.ring()
    await rig.control.pass_window(over)
    websocket = await open_websocket(rig, await rig.token(), [30011])
    assert await nothing_comes(websocket)
    assert await ask(websocket, '{"topic_list":[30011,30016]}') == SUCCESS
    assert (await told(websocket))[1]["members"][0]["inbound"]["channel_id"] == channel_of(held)
    assert await ask(websocket, '{"topic_list":[30016]}') == SUCCESS  # and not a second time
    assert await nothing_comes(websocket)
    await websocket.close()


async def test_a_new_subscriber_is_not_dropped_for_the_many_calls_that_are_held() -> None:
    async with yeastar_rig(http=HttpSettings(queue_limit=20)) as rig:
        for _ in range(100):
            rig.control.ring()
        with structlog.testing.capture_logs() as logs:
            websocket = await open_websocket(rig, await rig.token(), [30016])
            for _ in range(9):  # half of the bound, with the answer to the topic_list before them
                assert (await told(websocket))[0] == 30016
        assert await nothing_comes(websocket)
        assert [line["event"] for line in logs] == ["more calls are held than a new subscriber can be told of"]
        await websocket.close()


async def test_a_connection_that_the_server_has_closed_ends_quietly(rig: Rig) -> None:
    session, _ = rig.yeastar._tokens.authorise(await rig.token())
    open_for_good = asyncio.Event()
    messages = [{"type": "websocket.receive", "text": "heartbeat"}]

    async def receive_one() -> Any:
        if not messages:
            await open_for_good.wait()
        return messages.pop()

    async def send(message: Any) -> None:
        if message["type"] != "websocket.accept":
            raise RuntimeError("Unexpected ASGI message 'websocket.send', after sending 'websocket.close'.")

    with structlog.testing.capture_logs() as logs:
        async with asyncio.timeout(PATIENCE):
            await rig.yeastar._subscriptions.serve(session, receive_one, send)
    assert logs == [] and not rig.yeastar._subscriptions._subscribers


async def test_each_request_to_decide_that_was_sent_is_reported_as_delivered(rig: Rig) -> None:
    websocket = await open_websocket(rig, await rig.token(), [30016, 30011, 30012])
    call = rig.control.ring()
    rig.control.report(call, Progress.CANCELLED, 487)
    assert [(await told(websocket))[0] for _ in range(3)] == [30016, 30011, 30012]
    await until(lambda: rig.control.deliveries)
    assert len(rig.control.deliveries) == 1
    delivery = rig.control.deliveries[0]
    assert (delivery.call, delivery.dialect, delivery.application) == (call.id, "yeastar", "desk")
    assert (delivery.channel, delivery.event, delivery.result) == ("websocket", "30016", "delivered")
    assert 0 <= delivery.seconds < PATIENCE
    await websocket.close()


async def test_hostile_content_of_an_invite_arrives_as_it_was(rig: Rig) -> None:
    number = "\"'\\\r\n\t<>&\x00\x7f☎😀 " + "x" * 4096
    websocket = await open_websocket(rig, await rig.token(), [30016])
    rig.control.ring(number=number, dialled='\\"}]}')
    _, message = await told(websocket)
    inbound = message["members"][0]["inbound"]
    assert (inbound["from"], inbound["to"]) == (number, '\\"}]}')
    await websocket.close()


@pytest.mark.parametrize(
    "bounds", [HttpSettings(queue_limit=200), HttpSettings(queue_limit=1_000_000, queue_bytes=1_000_000)]
)
async def test_a_subscriber_that_does_not_read_is_dropped_and_others_get_everything(bounds: HttpSettings) -> None:
    async with yeastar_rig(http=bounds) as rig:
        stuck = await connect(
            f"{rig.websocket_base}/subscribe?access_token={await rig.token('crm')}", compression=None, max_queue=1
        )
        await stuck.send('{"topic_list":[30016]}')
        reading = await open_websocket(rig, await rig.token("desk"), [30016])
        received: list[str] = []

        async def read() -> None:
            while True:
                received.append(msgspec.json.decode(await receive(reading))["msg"])

        reader = asyncio.create_task(read())
        rung = 0
        while not any(delivery.result.startswith("dropped") for delivery in rig.control.deliveries):
            rig.control.ring(number="5" * 8000)
            rung += 1
            assert rung < 20_000
            await asyncio.sleep(0)
        await until(lambda: len(received) == rung)
        dropped = [delivery for delivery in rig.control.deliveries if delivery.result.startswith("dropped")]
        assert [delivery.application for delivery in dropped] == ["crm"]
        await until(lambda: len(rig.yeastar._subscriptions._subscribers) == 1)
        rig.control.ring()
        await until(lambda: len(received) == rung + 1)
        reader.cancel()
        stuck.transport.abort()
        await reading.close()


async def test_two_applications_hear_the_same_call_and_one_decides_it(rig: Rig) -> None:
    desk_token, crm_token = await rig.token("desk"), await rig.token("crm")
    desk = await open_websocket(rig, desk_token, [30016, 30011, 30012])
    crm = await open_websocket(rig, crm_token, [30016, 30011, 30012])
    rig.control.ring()
    channels = [(await told(websocket))[1]["members"][0]["inbound"]["channel_id"] for websocket in (desk, crm)]
    assert channels[0] == channels[1]
    assert (await rig.refuse(channels[0], crm_token)).errcode == 0
    assert (await rig.accept(channels[0], desk_token)).errcode == 70132
    for websocket in (desk, crm):
        assert [(await told(websocket))[0] for _ in range(2)] == [30011, 30012]
        await websocket.close()


async def test_stopping_closes_every_websocket_and_leaves_no_task() -> None:
    async with yeastar_rig() as rig:
        before = asyncio.all_tasks()
        token = await rig.token()
        sockets = [await open_websocket(rig, token, [30016]) for _ in range(3)]
        for websocket in [await open_websocket(rig, token) for _ in range(5)]:
            await websocket.close()
        await rig.yeastar.stop()
        for websocket in sockets:
            assert await closing_code(websocket) == (1001, "callgate stops")
        await until(lambda: asyncio.all_tasks() <= before)


async def test_a_websocket_goes_on_after_its_application_was_refused_a_ninth_token(rig: Rig) -> None:
    token = await rig.token()
    websocket = await open_websocket(rig, token, [30016])
    for _ in range(7):
        await rig.token()
    assert (await rig.post("get_token", {"username": "desk-id", "password": SECRET})).errcode == 60002
    rig.control.ring()
    assert (await told(websocket))[0] == 30016
    await websocket.close()
