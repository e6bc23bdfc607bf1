"""Events over webhooks, to a real receiver that checks the signature."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
import structlog
from aiohttp import web

from callgate.core.events import Delivery
from callgate.core.reports import Progress
from callgate.dialects.yeastar.events import encode
from callgate.dialects.yeastar.spelling import channel_of
from callgate.directory.model import Client, Trunk, Webhook
from callgate.settings import YeastarSettings
from tests.dialects.serving import PATIENCE, until

from .rig import Rig, client, yeastar_rig

HOOK_SECRET = "Pugghh14VCb05rtG7WGumbD4hwJPIvzu"
TRUNKS = [Trunk("peer-to-41", ("192.0.2.1",)), Trunk("test-peer-trunking", ("192.0.2.16",))]


class Received(msgspec.Struct):
    method: str
    path: str
    raw_query: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def signed(self) -> bytes:
        return self.body if self.method == "POST" else self.raw_query.encode()

    @property
    def genuine(self) -> bool:
        digest = hmac.new(HOOK_SECRET.encode(), self.signed, hashlib.sha256).digest()
        return base64.b64encode(digest).decode() == self.headers["X-Signature"]

    @property
    def event(self) -> int:
        return int(msgspec.json.decode(self.body)["type"])

    @property
    def message(self) -> dict[str, Any]:
        message: dict[str, Any] = msgspec.json.decode(msgspec.json.decode(self.body)["msg"])
        return message


class Receiver:
    """A web server that keeps what it gets and answers as a test wants."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.status: Callable[[Received], int] = lambda _: 200
        self.hold = asyncio.Event()
        self.hold.set()
        self.base = ""

    async def handle(self, request: web.Request) -> web.Response:
        received = Received(
            request.method,
            request.path,
            request.rel_url.raw_query_string,
            dict(request.query),
            dict(request.headers),
            await request.read(),
        )
        self.received.append(received)
        await self.hold.wait()
        status = self.status(received)
        return web.Response(status=status, headers={"Location": f"{self.base}/elsewhere"} if status == 302 else {})

    def hook(self, **fields: Any) -> Webhook:
        return Webhook(**{"url": f"{self.base}/hook", "secret": HOOK_SECRET, **fields})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    made.hold.set()
    await runner.cleanup()


@contextlib.asynccontextmanager
async def pushing(*hooks: Webhook, settings: YeastarSettings | None = None, **fields: Any) -> AsyncIterator[Rig]:
    async with yeastar_rig(*TRUNKS, client("desk", webhooks=hooks, **fields), yeastar=settings) as rig:
        yield rig


def results(rig: Rig) -> list[str]:
    return [delivery.result for delivery in rig.control.deliveries]


async def test_an_event_is_posted_with_a_signature_that_the_receiver_can_check(receiver: Receiver) -> None:
    async with pushing(receiver.hook()) as rig:
        call = rig.control.ring()
        await until(lambda: rig.control.deliveries)
        assert len(receiver.received) == 1
        pushed = receiver.received[0]
        assert (pushed.method, pushed.path, pushed.raw_query) == ("POST", "/hook", "")
        assert pushed.headers["Content-Type"] == "application/json"
        assert pushed.body.decode() == encode(30016, call, "CALLGATE0001")
        assert pushed.genuine
        delivery = rig.control.deliveries[0]
        assert (delivery.call, delivery.application, delivery.channel) == (call.id, "desk", "webhook")
        assert (delivery.event, delivery.result) == ("30016", "delivered")


async def test_an_event_is_sent_by_get_in_the_query_string_which_is_signed(receiver: Receiver) -> None:
    async with pushing(receiver.hook(method="GET", url=f"{receiver.base}/hook?tenant=7")) as rig:
        call = rig.control.ring(number='+49 "&=ü')
        await until(lambda: rig.control.deliveries)
        pushed = receiver.received[0]
        assert (pushed.method, pushed.body, pushed.query["tenant"]) == ("GET", b"", "7")
        sent = msgspec.json.decode(encode(30016, call, "CALLGATE0001"))
        assert (pushed.query["type"], pushed.query["sn"]) == ("30016", sent["sn"])
        assert pushed.query["msg"] == sent["msg"]
        assert pushed.genuine


async def test_a_webhook_gets_the_events_of_its_list_in_the_calls_order(receiver: Receiver) -> None:
    async with pushing(
        receiver.hook(url=f"{receiver.base}/all"), receiver.hook(url=f"{receiver.base}/ends", events=(30012,))
    ) as rig:
        for _ in range(5):
            call = rig.control.ring()
            rig.control.report(call, Progress.CANCELLED, 487)
        await until(lambda: len(rig.control.deliveries) == 20)
        assert [pushed.event for pushed in receiver.received if pushed.path == "/ends"] == [30012] * 5
        for call_id in {pushed.message["call_id"] for pushed in receiver.received}:
            events = [
                pushed.event
                for pushed in receiver.received
                if pushed.path == "/all" and pushed.message["call_id"] == call_id
            ]
            assert events == [30016, 30011, 30012]


async def test_the_events_of_one_call_keep_their_order_when_the_first_has_to_be_sent_again(
    receiver: Receiver,
) -> None:
    receiver.status = lambda _: 500 if len(receiver.received) < 3 else 200
    async with pushing(receiver.hook()) as rig:
        call = rig.control.ring()
        rig.control.report(call, Progress.CANCELLED, 487)
        await until(lambda: results(rig).count("delivered") == 3)
        assert [pushed.event for pushed in receiver.received] == [30016, 30016, 30016, 30011, 30012]


async def test_a_client_gets_the_events_of_trunks_that_it_may_see(receiver: Receiver) -> None:
    async with pushing(receiver.hook(), see=("test-peer-trunking",), decide=()) as rig:
        rig.control.ring(trunk="peer-to-41")
        seen = rig.control.ring(trunk="test-peer-trunking")
        await until(lambda: rig.control.deliveries)
        channels = [pushed.message["members"][0]["inbound"]["channel_id"] for pushed in receiver.received]
        assert channels == [channel_of(seen)]


async def test_a_failed_push_is_sent_again_as_often_as_configured_and_each_try_is_reported(
    receiver: Receiver,
) -> None:
    receiver.status = lambda _: 503
    async with pushing(receiver.hook(events=(30012,)), webhook_retries=2) as rig:
        call = rig.control.ring()
        rig.control.report(call, Progress.CANCELLED, 487)
        await until(lambda: len(rig.control.deliveries) == 3 and not rig.yeastar._webhooks.receivers(1, "x"))
        assert results(rig) == ["answered 503"] * 3
        call = rig.control.ring()
        receiver.status = lambda _: 200
        rig.control.report(call, Progress.CANCELLED, 487)
        await until(lambda: len(rig.control.deliveries) == 4)
        assert len(receiver.received) == 4


async def test_no_push_begins_after_the_end_of_the_calls_window(receiver: Receiver) -> None:
    receiver.status = lambda _: 500
    async with pushing(receiver.hook(events=(30016,)), webhook_retries=100) as rig:
        call = rig.control.ring(window=1.0)
        pusher = rig.yeastar._webhooks.receivers(30016, "peer-to-41")[0]
        await until(lambda: not pusher._workers)
        assert len(results(rig)) >= 2
        for delivery in rig.control.deliveries:
            assert delivery.at - delivery.seconds < call.deadline


async def test_a_push_that_waited_past_the_window_is_not_sent(receiver: Receiver) -> None:
    receiver.hold.clear()
    async with pushing(receiver.hook(events=(30016,)), settings=YeastarSettings(webhook_concurrency=1)) as rig:
        rig.control.ring()
        rig.control.ring()
        await until(lambda: receiver.received)
        rig.control.shift = 11.0
        receiver.hold.set()
        await until(lambda: len(rig.control.deliveries) == 2)
        assert results(rig) == ["delivered", "not sent: the call's window was over"]
        assert len(receiver.received) == 1


async def test_a_receiver_that_does_not_answer_is_given_up_after_the_timeout(receiver: Receiver) -> None:
    receiver.hold.clear()
    async with pushing(receiver.hook(), webhook_timeout=0.2, webhook_retries=0) as rig:
        rig.control.ring()
        await until(lambda: rig.control.deliveries)
        assert results(rig) == ["no answer within 0.2 s"]


async def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.status = lambda _: 302
    async with pushing(receiver.hook(), webhook_retries=0) as rig:
        rig.control.ring()
        await until(lambda: rig.control.deliveries)
        assert results(rig) == ["answered 302: redirects are not followed"]
        assert [pushed.path for pushed in receiver.received] == ["/hook"]


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.mark.parametrize(
    ("url", "result"),
    [
        ("ftp://127.0.0.1/hook?key=hidden", "not sent: only http and https URLs with a host are pushed to"),
        ("file:///etc/passwd?key=hidden", "not sent: only http and https URLs with a host are pushed to"),
        ("hook?key=hidden", "not sent: only http and https URLs with a host are pushed to"),
        ("http://", "not sent: only http and https URLs with a host are pushed to"),
        ("http://[::1?key=hidden", "not sent: the URL is not valid"),
        ("http://127.0.0.1:99999/?key=hidden", "not sent: the URL is not valid"),
        ("http://" + "x" * 300 + "/?key=hidden", "not sent: the URL is not valid"),
        (f"http://127.0.0.1:{closed_port()}/hook?key=hidden", "no connection: Connect call failed"),
    ],
)
async def test_what_cannot_be_reached_is_reported_without_the_url(url: str, result: str) -> None:
    hook = Webhook(url, HOOK_SECRET)
    with structlog.testing.capture_logs() as logs:
        async with pushing(hook, webhook_retries=0) as rig:
            rig.control.ring()
            await until(lambda: rig.control.deliveries)
            assert [text[: len(result)] for text in results(rig)] == [result]
    assert "hidden" not in repr((logs, rig.control.deliveries)) and HOOK_SECRET not in repr(logs)


async def test_at_most_so_many_pushes_are_under_way_and_so_many_wait(receiver: Receiver) -> None:
    receiver.hold.clear()
    bounds = YeastarSettings(webhook_concurrency=2, webhook_queue=3)
    async with pushing(receiver.hook(events=(30016,)), settings=bounds) as rig:
        rig.control.ring(), rig.control.ring()
        await until(lambda: len(receiver.received) == 2)
        for _ in range(5):
            rig.control.ring()
        assert results(rig) == ["dropped: too many pushes are waiting"] * 2
        assert len(receiver.received) == 2
        receiver.hold.set()
        await until(lambda: len(rig.control.deliveries) == 7)
        assert results(rig)[2:] == ["delivered"] * 5


async def test_nothing_is_tried_again_that_can_never_be_sent() -> None:
    async with pushing(Webhook("ftp://127.0.0.1/hook", HOOK_SECRET), webhook_retries=5) as rig:
        for _ in range(3):
            rig.control.ring()
        await until(lambda: len(rig.control.deliveries) == 3)
        assert (await rig.yeastar.send_test(client("desk"), Webhook("x", HOOK_SECRET))).result.startswith("not sent")
        assert len(rig.control.deliveries) == 4


async def test_requests_to_decide_go_before_other_events(receiver: Receiver) -> None:
    receiver.hold.clear()
    async with pushing(receiver.hook(), settings=YeastarSettings(webhook_concurrency=1)) as rig:
        others = [rig.control.ring(controlled=False) for _ in range(4)]
        rig.control.report(others[0], Progress.RINGING, 180)
        await until(lambda: receiver.received)
        for call in others[1:]:
            rig.control.report(call, Progress.RINGING, 180)
        rig.control.ring()
        receiver.hold.set()
        await until(lambda: len(rig.control.deliveries) == 5)
        assert [pushed.event for pushed in receiver.received] == [30011, 30016, 30011, 30011, 30011]


async def test_a_slow_webhook_holds_up_nobody_else(receiver: Receiver) -> None:
    slow = receiver.hook(url=f"{receiver.base}/slow")
    quick = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", quick.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.hold.clear()
    try:
        async with pushing(slow, quick.hook(url=f"http://127.0.0.1:{runner.addresses[0][1]}/quick")) as rig:
            for _ in range(100):
                rig.control.ring()
            await until(lambda: len(quick.received) == 100)
            assert len(receiver.received) <= 16
    finally:
        await runner.cleanup()


async def test_webhooks_follow_the_directory(receiver: Receiver) -> None:
    async with pushing(receiver.hook(url=f"{receiver.base}/old")) as rig:
        rig.control.ring()
        await until(lambda: rig.control.deliveries)
        rig.directory.put(client("desk", webhooks=(receiver.hook(url=f"{receiver.base}/new"),)))
        rig.control.ring()
        await until(lambda: len(rig.control.deliveries) == 2)
        rig.directory.remove_client("desk")
        rig.control.ring()
        assert [pushed.path for pushed in receiver.received] == ["/old", "/new"]
        assert rig.yeastar._webhooks.receivers(30016, "peer-to-41") == []


async def test_a_push_that_waits_for_a_removed_webhook_is_given_up(receiver: Receiver) -> None:
    receiver.status = lambda _: 500
    async with pushing(receiver.hook(), webhook_retries=100) as rig:
        rig.control.ring(window=60.0)
        await until(lambda: rig.control.deliveries)
        pusher = rig.yeastar._webhooks.receivers(30016, "peer-to-41")[0]
        rig.directory.put(client("desk"))
        rig.control.ring()
        await until(lambda: not pusher._workers)


async def test_the_test_message_is_sent_once_and_its_result_is_told(receiver: Receiver) -> None:
    desk: Client = client("desk")
    async with pushing() as rig:
        delivery = await rig.yeastar.send_test(desk, receiver.hook())
        assert (delivery.event, delivery.result, delivery.call) == ("test", "delivered", None)
        assert rig.control.deliveries == [delivery]
        assert (receiver.received[0].body, receiver.received[0].genuine) == (b'{"event":"test"}', True)
        delivery = await rig.yeastar.send_test(desk, receiver.hook(method="GET"))
        assert (receiver.received[1].query, receiver.received[1].genuine) == ({"event": "test"}, True)
        receiver.status = lambda _: 404
        failed: Delivery = await rig.yeastar.send_test(desk, receiver.hook())
        assert failed.result == "answered 404"
        assert len(receiver.received) == 3


async def test_connections_are_used_again(receiver: Receiver) -> None:
    async with pushing(receiver.hook(events=(30016,)), settings=YeastarSettings(webhook_concurrency=1)) as rig:
        for _ in range(20):
            rig.control.ring()
        await until(lambda: len(rig.control.deliveries) == 20)
        connector = rig.yeastar._webhooks._sender._http
        assert connector is not None and connector.connector is not None
        assert len([connection for pool in connector.connector._conns.values() for connection in pool]) == 1


async def test_stopping_gives_up_what_waits_and_leaves_no_task(receiver: Receiver) -> None:
    receiver.hold.clear()
    async with pushing(receiver.hook(), webhook_timeout=PATIENCE) as rig:
        for _ in range(30):
            rig.control.ring()
        await until(lambda: len(receiver.received) == 16)
        await rig.yeastar.stop()
        rig.control.ring()
        assert results(rig) == []
        assert not [task for task in asyncio.all_tasks() if "Pusher" in repr(task)]
