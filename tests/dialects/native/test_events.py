"""The event stream over real connections: everything in order, nothing missed, nobody slowed by another."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path

import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from callgate.core.events import Delivery
from callgate.core.reports import Progress
from callgate.core.verdicts import dial, target
from callgate.dialects.native.wire import Event
from callgate.settings import HttpSettings, NativeSettings, Settings
from tests.dialects.serving import PATIENCE, until

from .rig import DIALLER, KEYS, Rig, problem, serving
from .streams import ServerSent, Transport, opened, take, take_until

pytestmark = pytest.mark.parametrize("transport", ["sse", "ws"])


def settings(queue_limit: int = 20_000, **native: float) -> Settings:
    return msgspec.structs.replace(
        Settings(), http=HttpSettings(queue_limit=queue_limit), native=msgspec.convert(native, NativeSettings)
    )


async def test_a_new_stream_begins_with_the_live_calls(rig: Rig, transport: Transport) -> None:
    ended, held = rig.control.ring(), rig.control.ring()
    await rig.post(f"/v1/calls/{ended.id}/refuse")
    async with opened(rig, transport) as stream:
        reset, snapshot, ready = await take(stream, 3)
        assert (reset.kind, reset.why, reset.cursor) == ("reset", "new", "")
        assert snapshot.kind == "snapshot" and snapshot.call is not None
        assert (snapshot.call.id, snapshot.call.state, snapshot.cursor) == (held.id, "held", "")
        assert ready.kind == "ready" and ready.cursor


async def test_everything_that_happens_to_a_call_is_told_in_order(rig: Rig, transport: Transport) -> None:
    async with opened(rig, transport) as stream:
        await take_until(stream, "ready")
        call = rig.control.ring()
        await rig.post(f"/v1/calls/{call.id}/accept")
        rig.control.report(call, Progress.RINGING, 180)
        rig.control.report(call, Progress.ANSWERED, 200)
        rig.control.report(call, Progress.ENDED, by="caller")
        rig.control.tell(Delivery(call.id, "yeastar", "crm", "webhook", "30016", "delivered", 1.0, 0.1))
        events = await take(stream, 7)
    assert [event.kind for event in events] == [
        "held",
        "routed",
        "verdict",
        "ringing",
        "answered",
        "ended",
        "delivery",
    ]
    # Each tells the call as it was then, although it has gone on since.
    states = [event.call.state for event in events if event.call is not None]
    assert states == ["held", "routed", "ringing", "answered", "completed"]
    assert events[2].verdict is not None and events[2].verdict.result == "applied"
    assert events[6].delivery is not None and events[6].delivery.channel == "webhook"
    assert len({event.cursor for event in events}) == 7


@pytest.mark.parametrize("cut", range(7))
async def test_a_reader_that_comes_back_misses_nothing(rig: Rig, transport: Transport, cut: int) -> None:
    async with opened(rig, transport) as stream:
        cursor = (await take_until(stream, "ready"))[-1].cursor
        calls = [rig.control.ring() for _ in range(3)]
        before = await take(stream, min(cut, 3))
    for call in calls:
        rig.control.report(call, Progress.CANCELLED, 487)
    cursor = before[-1].cursor if before else cursor
    async with opened(rig, transport, cursor) as stream:
        after = await take(stream, min(max(cut, 1), 6 - len(before)))
    async with opened(rig, transport, after[-1].cursor) as stream:
        last = await take(stream, 6 - len(before) - len(after))
    told = [(event.kind, event.call.id) for event in [*before, *after, *last] if event.call is not None]
    assert told == [("held", call.id) for call in calls] + [("cancelled", call.id) for call in calls]


@pytest.mark.parametrize(
    ("cursor", "why"),
    [("00000000-5", "restarted"), ("nonsense", "unknown"), ("{epoch}-99", "unknown"), ("{epoch}-0", "too_old")],
)
async def test_a_cursor_that_nothing_can_follow_is_reset(
    tmp_path: Path, transport: Transport, cursor: str, why: str
) -> None:
    async with serving(tmp_path, settings(event_ring=3)) as rig:
        async with opened(rig, transport) as stream:
            epoch = (await take_until(stream, "ready"))[-1].cursor.partition("-")[0]
        calls = [rig.control.ring() for _ in range(4)]
        async with opened(rig, transport, cursor.format(epoch=epoch)) as stream:
            events = await take_until(stream, "ready")
    assert (events[0].kind, events[0].why) == ("reset", why)
    assert [event.call.id for event in events if event.call is not None] == [call.id for call in calls]
    assert events[-1].cursor == f"{epoch}-4"


async def test_only_the_trunks_and_kinds_that_are_asked_for(rig: Rig, transport: Transport) -> None:
    rig.control.ring("main")
    query = [("trunk", "second"), ("trunk", "third"), ("kind", "held"), ("kind", "verdict")]
    async with opened(rig, transport, query=query) as stream:
        assert [event.kind for event in await take(stream, 2)] == ["reset", "ready"]
        rig.control.ring("main")
        call = rig.control.ring("second")
        await rig.post(f"/v1/calls/{call.id}/refuse")
        await rig.post("/v1/calls/019b76da-a8fa-7000-8000-000000000001/refuse")
        third = rig.control.ring("third")
        events = await take(stream, 3)
    assert [event.kind for event in events] == ["held", "verdict", "held"]
    assert events[0].call is not None and events[0].call.id == call.id
    assert events[2].call is not None and events[2].call.id == third.id


async def test_a_call_that_returns_is_told_with_why(rig: Rig, transport: Transport) -> None:
    async with opened(rig, transport) as stream:
        await take_until(stream, "ready")
        call = rig.control.ring()
        await rig.control.decide(call.id, dial([target(phone="anna")]), DIALLER)
        rig.control.rings(call)
        rig.control.returns(call, 486)
        events = await take_until(stream, "returned")
    assert [event.kind for event in events] == ["held", "routed", "verdict", "ringing", "returned"]
    assert [event.status for event in events] == [0, 0, 0, 0, 486]
    told = events[-1].call
    assert told is not None
    assert (told.state, told.decision, told.ringing, told.deadline) == ("held", None, None, call.deadline)


async def test_a_quiet_stream_shows_that_it_lives_and_where_it_is(tmp_path: Path, transport: Transport) -> None:
    async with (
        serving(tmp_path, settings(keep_alive=0.05)) as rig,
        opened(rig, transport, query=[("trunk", "none")]) as stream,
    ):
        ready = (await take_until(stream, "ready"))[-1]
        rig.control.ring("main")
        if isinstance(stream, ServerSent):
            reading = asyncio.create_task(stream.next())
            await until(lambda: stream.comments >= 2 and stream.last_id != ready.cursor)
            reading.cancel()
            cursor = stream.last_id
        else:
            cursor = (await take_until(stream, "keepalive"))[-1].cursor
            while cursor == ready.cursor:
                cursor = (await take_until(stream, "keepalive"))[-1].cursor
    assert cursor.endswith("-1")


async def test_a_stream_ends_with_its_key(tmp_path: Path, transport: Transport) -> None:
    async with (
        serving(tmp_path, settings(keep_alive=0.05)) as rig,
        opened(rig, transport, scope="decide") as stream,
    ):
        await take_until(stream, "ready")
        await rig.directory.remove("key", "decide")
        with pytest.raises((StopAsyncIteration, ConnectionClosed)):
            await take_until(stream, "never")


async def test_a_stream_needs_a_key(rig: Rig, transport: Transport) -> None:
    if transport == "sse":
        async with rig.as_(None) as http:
            problem(await http.get("/v1/events"), 401, "unauthorized")
    else:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"ws://{rig.address}/v1/events/ws", proxy=None):
                raise AssertionError("it must not open")
        reply = refused.value.response
        assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")
        assert b"/v1/problems/unauthorized" in (reply.body or b"")


async def test_no_more_streams_than_the_setting_says(tmp_path: Path, transport: Transport) -> None:
    async with serving(tmp_path, settings(stream_limit=1)) as rig:
        async with opened(rig, transport) as stream:
            await take_until(stream, "ready")
            problem(await rig.http.get("/v1/events"), 503, "too-many-streams")
        # The one that was closed makes room, as soon as the server has seen it go.
        async with asyncio.timeout(PATIENCE):
            while True:
                with contextlib.suppress(InvalidStatus, AssertionError):
                    async with opened(rig, transport) as stream:
                        assert (await take(stream, 1))[0].kind == "reset"
                        break


async def test_the_websocket_path_is_for_websockets_alone(rig: Rig, transport: Transport) -> None:
    if transport == "ws":
        response = await rig.http.get("/v1/events/ws")
        problem(response, 426, "upgrade-required")
        assert response.headers["upgrade"] == "websocket"
    else:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(
                f"ws://{rig.address}/v1/events",
                additional_headers={"Authorization": f"Bearer {KEYS['read']}"},
                proxy=None,
            ):
                raise AssertionError("it must not open")
        assert refused.value.response.status_code == 404


async def test_separators_in_a_callers_name_break_no_reader(rig: Rig, transport: Transport) -> None:
    odd = "a\u2028b\u2029c\u0085d\r\ne"
    async with opened(rig, transport) as stream:
        await take_until(stream, "ready")
        rig.control.ring(number=odd)
        (event,) = await take(stream, 1)
    assert event.call is not None and event.call.caller.number == odd
    ring = rig.native._ring  # what goes over the wire, as a reader that splits lines sees it
    assert len(ring.after(0, 1)[0].encoded("c").decode().splitlines()) == 1


async def test_a_reader_that_never_reads_is_dropped_and_slows_nobody(tmp_path: Path, transport: Transport) -> None:
    async with serving(tmp_path, settings(queue_limit=100)) as rig:
        asleep = _open_and_never_read(rig, transport)
        try:
            async with opened(rig, transport) as stream:
                await take_until(stream, "ready")
                await until(lambda: len(rig.native._events._open) == 2)
                told = 0
                async with asyncio.timeout(PATIENCE * 2):
                    while len(rig.native._events._open) == 2:
                        for _ in range(50):
                            rig.control.ring(headers=(("X-Filler", "x" * 4000),))
                        events: list[Event] = await take(stream, 50)
                        assert {event.kind for event in events} == {"held"}
                        told += 50
                rig.control.ring()
                assert (await take(stream, 1))[0].cursor.endswith(f"-{told + 1}")
            # What was on its way is still there to read, and then the connection ends.
            asleep.settimeout(PATIENCE)
            with contextlib.suppress(ConnectionResetError):
                while await asyncio.to_thread(asleep.recv, 1 << 20):
                    pass
        finally:
            asleep.close()


def _open_and_never_read(rig: Rig, transport: Transport) -> socket.socket:
    """A connection that asks for events and then sleeps, with a small receive buffer."""
    host, _, port = rig.address.partition(":")
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    upgrade += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    path, extra = ("/v1/events", "") if transport == "sse" else ("/v1/events/ws", upgrade)
    asleep = socket.socket()
    asleep.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asleep.connect((host, int(port)))
    asleep.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEYS['read']}\r\n{extra}\r\n".encode())
    return asleep


async def test_a_stop_ends_every_stream(rig: Rig, transport: Transport) -> None:
    async with opened(rig, transport) as stream:
        await take_until(stream, "ready")
        await rig.native.stop()
        with pytest.raises((StopAsyncIteration, ConnectionClosed)):
            await take(stream, 1)
